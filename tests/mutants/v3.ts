/** Mutants of stage 3, in the order of the scenarios that find them. */
import { edit, type Edit, type Mutant } from './mutant.ts';

/** What is sent of a message is not what lies in the file. `change` is called on the text as latin-1. */
function sentAs(change: string): Edit {
  return edit(
    'pop3/session.ts',
    'this.send(stuffer.stuff(answer.octets));',
    `this.send(stuffer.stuff(Buffer.from(Buffer.from(answer.octets).toString('latin1')${change}, 'latin1')));`,
  );
}

/** Sizes are announced that are not those of the files. `size` is told `octets`, the file as a Buffer. */
function announcedAs(size: string, where: 'everywhere' | 'in STAT'): Edit[] {
  const edits = [
    edit(
      'mailboxes.ts',
      'if (file) messages.push({ id, size: file.size });',
      'if (!file) continue;\n    const octets = await readFile(path.join(folder, id));\n' +
        `    messages.push({ id, size: file.size, announced: ${size} });`,
    ),
    edit(
      'pop3/maildrop.ts',
      'for (const { size } of messages) this.octets += size;',
      'for (const { announced } of messages) this.octets += announced;',
    ),
    edit('pop3/maildrop.ts', 'this.octets -= message.size;', 'this.octets -= message.announced;'),
  ];
  if (where === 'in STAT') return edits;
  return [
    ...edits,
    edit('pop3/commands.ts', '({ size }, n) => tell', '({ announced: size }, n) => tell'),
    edit('pop3/commands.ts', '([n, { size }]) =>', '([n, { announced: size }]) =>'),
  ];
}

export const v3Mutants: Mutant[] = [
  {
    id: 'pop3-greets-as-smtp',
    stage: 'v3',
    mistake: 'The POP3 server greets with 220.',
    edits: [
      edit(
        'pop3/session.ts',
        'this.reply(replies.greeting);',
        String.raw`this.send('220 localhost ready\r\n');`,
      ),
    ],
    kills: ['v3/pop3-greeting'],
  },
  {
    id: 'nobody-leaves-before-login',
    stage: 'v3',
    mistake: 'Before the login, QUIT is out of order.',
    edits: [edit('pop3/commands.ts', "authorization: 'closed', user: 'closed', ", '')],
    kills: ['v3/pop3-quit'],
  },
  {
    id: 'pop3-stays-open',
    stage: 'v3',
    mistake: 'After QUIT the connection stays open.',
    edits: [
      edit(
        'pop3/session.ts',
        "if (this.state === 'closed') return this.close(reply);",
        "if (this.state === 'closed') return this.reply(reply);",
      ),
    ],
    kills: ['v3/pop3-quit-closes'],
  },
  {
    id: 'one-reader-and-no-more',
    stage: 'v3',
    mistake: 'accept is called once: one reader is served and no more.',
    edits: [
      edit(
        'listen.ts',
        'log(`connection from ${address} port ${socket.remotePort}`);',
        "if (service.protocol === 'pop3') pop3.close();",
      ),
    ],
    kills: ['v3/pop3-next-client'],
  },
  {
    id: 'pass-unanswered',
    stage: 'v3',
    mistake: 'PASS opens the mailbox, and gets no reply.',
    edits: [
      edit(
        'pop3/session.ts',
        '    this.reply(reply);\n    // A thousand',
        "    if (!reply.text.startsWith('Welcome')) this.reply(reply);\n    // A thousand",
      ),
    ],
    kills: ['v3/login'],
  },
  {
    id: 'password-without-pass',
    stage: 'v3',
    mistake: 'PASS is an unknown command: USER alone opens the mailbox.',
    edits: [
      edit(
        'pop3/commands.ts',
        "moves: { authorization: 'user', user: 'user' },",
        "moves: { authorization: 'transaction', user: 'transaction' },",
      ),
      edit(
        'pop3/commands.ts',
        'client.name = name;\n      return replies.nameOk;',
        'return { open: mailboxFor(name, name, undefined) };',
      ),
      edit('pop3/commands.ts', 'PASS: {', 'WORD: {'),
    ],
    kills: ['v3/login'],
  },
  {
    id: 'size-first',
    stage: 'v3',
    mistake: 'STAT says the size first, and then the number of messages.',
    edits: [
      edit(
        'pop3/replies.ts',
        'state: (count: number, size: number): Reply => ({ ok: true, text: `${count} ${size}` }),',
        'state: (count: number, size: number): Reply => ({ ok: true, text: `${size} ${count}` }),',
      ),
    ],
    kills: ['v3/stat'],
  },
  {
    id: 'lock-stays',
    stage: 'v3',
    mistake: 'The lock of a mailbox is never taken away.',
    edits: [
      edit(
        'mailboxes.ts',
        'const unlock = () => this.locked.delete(mailbox);',
        'const unlock = () => true;',
      ),
    ],
    kills: ['v3/opened-again'],
  },
  {
    id: 'nothing-is-an-error',
    stage: 'v3',
    mistake: 'STAT of an empty mailbox is an error.',
    edits: [
      edit(
        'pop3/commands.ts',
        'tell.state(maildrop.count, maildrop.size)',
        'maildrop.count === 0 ? replies.noSuchMessage : tell.state(maildrop.count, maildrop.size)',
      ),
    ],
    kills: ['v3/stat-empty'],
  },
  {
    id: 'list-without-dot',
    stage: 'v3',
    mistake: 'The lone dot behind a list is missing.',
    edits: [edit('pop3/replies.ts', "...lines, '.'", '...lines')],
    kills: ['v3/list'],
  },
  {
    id: 'counted-from-0',
    stage: 'v3',
    mistake: 'LIST counts the messages from 0.',
    edits: [edit('pop3/commands.ts', '`${n} ${size}`', '`${n - 1} ${size}`')],
    kills: ['v3/list'],
  },
  {
    id: 'empty-list-without-dot',
    stage: 'v3',
    mistake: 'The list of an empty mailbox is one line, without a dot.',
    edits: [
      edit(
        'pop3/commands.ts',
        'return tell.list(lines.length, lines);',
        'return lines.length === 0 ? replies.ok : tell.list(lines.length, lines);',
      ),
    ],
    kills: ['v3/list-empty'],
  },
  {
    id: 'list-lists-all',
    stage: 'v3',
    mistake: 'LIST takes no notice of the number behind it.',
    edits: [edit('pop3/commands.ts', "if (number !== '') return", "if (number === 'x') return")],
    kills: ['v3/list-one'],
  },
  {
    id: 'list-of-one-line',
    stage: 'v3',
    mistake: 'LIST with a number sends a list of one line, with a dot behind it.',
    edits: [
      edit(
        'pop3/commands.ts',
        '({ size }, n) => tell.size(n, size)',
        '({ size }, n) => tell.list(1, [`${n} ${size}`])',
      ),
    ],
    kills: ['v3/list-one'],
  },
  {
    id: 'retr-without-dot',
    stage: 'v3',
    mistake: 'The lone dot behind a message is missing.',
    edits: [edit('pop3/session.ts', 'this.send(stuffer.end());', '')],
    kills: ['v3/sent-and-read'],
  },
  {
    id: 'text-without-header',
    stage: 'v3',
    mistake: 'RETR sends the text without its header.',
    edits: [sentAs(String.raw`.replace(/^[^]*?\r\n\r\n/, '')`)],
    kills: ['v3/sent-and-read'],
  },
  {
    id: 'stat-adds-up',
    stage: 'v3',
    mistake: 'STAT counts on where it left off the last time.',
    edits: [
      edit(
        'pop3/commands.ts',
        'tell.state(maildrop.count, maildrop.size)',
        'tell.state((maildrop.told = (maildrop.told ?? 0) + maildrop.count), maildrop.size)',
      ),
    ],
    kills: ['v3/pop3-session'],
  },
  {
    id: 'nothing-is-ok',
    stage: 'v3',
    mistake: 'RETR of a message that is not there says +OK.',
    edits: [
      edit(
        'pop3/commands.ts',
        '(client, number) => withMessage(client, number, (message) => ({ retrieve: message }))',
        '(client, number) => client.maildrop.message(Number(number)) ? ' +
          'withMessage(client, number, (message) => ({ retrieve: message })) : replies.ok',
      ),
    ],
    kills: ['v3/retr-past-the-end'],
  },
  {
    id: 'one-heap-of-mail',
    stage: 'v3',
    mistake: 'Everybody sees all the mail that there is.',
    edits: [
      edit(
        'mailboxes.ts',
        'return new OpenMailbox(folder, await messagesIn(folder), unlock);',
        'const all: StoredMessage[] = [];\n' +
          'for (const name of await readdir(this.folder)) {\n' +
          "for (const { id, size } of await messagesIn(this.file(name, 'reception')))\n" +
          "all.push({ id: path.join('..', '..', name, 'reception', id), size });\n}\n" +
          'return new OpenMailbox(folder, all, unlock);',
      ),
    ],
    kills: ['v3/own-mail'],
  },
  {
    id: 'pop3-unknown-is-ok',
    stage: 'v3',
    mistake: 'What the server does not know, it says +OK to.',
    edits: [
      edit(
        'pop3/session.ts',
        'return { refusal: replies.unknownCommand };',
        'return { refusal: replies.ok };',
      ),
    ],
    kills: ['v3/pop3-unknown-verb'],
  },
  {
    id: 'pop3-unknown-is-500',
    stage: 'v3',
    mistake: 'An unknown command gets 500, as in SMTP.',
    edits: [
      edit(
        'pop3/session.ts',
        'if (!command) return { refusal: replies.unknownCommand };',
        "if (!command) { this.send('500 Unknown command\\r\\n'); return; }",
      ),
      edit(
        'pop3/session.ts',
        "if ('refusal' in checked)",
        "if (!checked) return;\nif ('refusal' in checked)",
      ),
    ],
    kills: ['v3/pop3-unknown-verb'],
  },
  {
    id: 'pop3-capitals-only',
    stage: 'v3',
    mistake: "POP3's verbs are understood in capitals only.",
    edits: [
      edit(
        'pop3/session.ts',
        'const { verb, argument } = understood;',
        'const { argument } = understood;\n' +
          'const verb = Buffer.from(line).toString().split(/[ \\r]/)[0]!;',
      ),
    ],
    kills: ['v3/pop3-verbs-in-any-case'],
  },
  {
    id: 'login-in-the-client-only',
    stage: 'v3',
    mistake: 'The server does not ask whether anybody has logged in.',
    edits: [
      edit(
        'pop3/session.ts',
        'if (!command.moves[this.state])',
        "if (!command.moves[this.state] && verb === 'PASS')",
      ),
    ],
    kills: ['v3/before-login'],
  },
  {
    id: 'password-of-nobody',
    stage: 'v3',
    mistake: 'PASS is answered with +OK before USER.',
    edits: [
      edit(
        'pop3/commands.ts',
        "return verb === 'PASS' ? replies.userFirst",
        "return verb === 'PASS' ? replies.ok",
      ),
    ],
    kills: ['v3/pass-without-user'],
  },
  {
    id: 'newest-first',
    stage: 'v3',
    mistake: 'The newest message is number 1.',
    edits: [edit('mailboxes.ts', '.sort();', '.sort().reverse();')],
    kills: ['v3/in-order'],
  },
  {
    id: 'sorted-as-text',
    stage: 'v3',
    mistake: 'The files are called 1, 2 and so on, and sorted as text: 10 comes before 2.',
    edits: [
      edit(
        'mailboxes.ts',
        "await rename(this.file(mailbox, 'tmp', name), this.file(mailbox, 'reception', name));",
        "const number = (await filesIn(this.file(mailbox, 'reception'))).length + 1;\n" +
          "await rename(this.file(mailbox, 'tmp', name), this.file(mailbox, 'reception', `${number}.eml`));",
      ),
    ],
    kills: ['v3/twelve-in-a-second'],
  },
  {
    id: 'named-by-the-day',
    stage: 'v3',
    mistake: 'A file is named after the day on which its message came: the next one replaces it.',
    edits: [
      edit(
        'mailboxes.ts',
        "return `${date}-${String(this.count).padStart(6, '0')}-${this.server}.eml`;",
        'return `${date.slice(0, 10)}.eml`;',
      ),
    ],
    kills: ['v1/mailbox-grows'],
  },
  {
    id: 'read-is-gone',
    stage: 'v3',
    mistake: 'What was read is deleted at QUIT.',
    edits: [
      edit(
        'pop3/commands.ts',
        '(message) => ({ retrieve: message })',
        '(message) => { (client.maildrop.read ??= []).push(message.id); return { retrieve: message }; }',
      ),
      edit(
        'pop3/maildrop.ts',
        'return Array.from(this.marked, ({ id }) => id);',
        'return Array.from(this.marked, ({ id }) => id).concat(this.read ?? []);',
      ),
    ],
    kills: ['v3/letters-stay'],
  },
  {
    id: 'new-mail-at-once',
    stage: 'v3',
    mistake: 'A message that arrives joins the list of an open session.',
    edits: [
      edit(
        'mailboxes.ts',
        'export class Mailboxes {',
        'const listed = new Map<string, StoredMessage[]>();\nexport class Mailboxes {',
      ),
      edit(
        'mailboxes.ts',
        'return new OpenMailbox(folder, await messagesIn(folder), unlock);',
        'const messages = await messagesIn(folder);\nlisted.set(mailbox, messages);\n' +
          'return new OpenMailbox(folder, messages, unlock);',
      ),
      edit(
        'mailboxes.ts',
        "await syncFolder(this.file(mailbox, 'reception'));",
        "await syncFolder(this.file(mailbox, 'reception'));\n" +
          "const { size } = await stat(this.file(mailbox, 'reception', name));\n" +
          'listed.get(mailbox)?.push({ id: name, size });',
      ),
      edit(
        'pop3/maildrop.ts',
        'return this.octets;',
        'return this.numbered().reduce((sum, [, { size }]) => sum + size, 0);',
      ),
    ],
    kills: ['v3/letter-in-session'],
  },
  {
    id: 'lines-stripped-when-read',
    stage: 'v3',
    mistake: 'Blanks at the end of a line are lost when it is sent.',
    edits: [sentAs(String.raw`.replace(/[ \t]+\r\n/g, '\r\n')`)],
    kills: ['v3/retr-text'],
  },
  {
    id: 'empty-lines-lost-when-read',
    stage: 'v3',
    mistake: 'Of several empty lines one is sent.',
    edits: [sentAs(String.raw`.replace(/(\r\n){3,}/g, '\r\n\r\n')`)],
    kills: ['v3/retr-text'],
  },
  {
    id: 'empty-line-behind',
    stage: 'v3',
    mistake: 'An empty line is stored behind each message.',
    edits: [
      edit(
        'mailboxes.ts',
        '[head, message.text]',
        String.raw`[head, message.text, Buffer.from('\r\n')]`,
      ),
    ],
    kills: ['v3/retr-end'],
  },
  {
    id: 'not-stuffed',
    stage: 'v3',
    mistake: 'RETR sends lines that begin with a dot as they are.',
    edits: [
      edit(
        'pop3/dots.ts',
        "if (octet === DOT && this.seen === 'line start') stuffed[length++] = DOT;",
        '',
      ),
    ],
    kills: ['v3/retr-stuffed'],
  },
  {
    id: 'lone-dot-not-stuffed',
    stage: 'v3',
    mistake: 'Lines that begin with a dot get one more, but a lone dot does not.',
    edits: [
      edit(
        'pop3/dots.ts',
        'for (const octet of octets) {',
        'for (const [at, octet] of octets.entries()) {',
      ),
      edit(
        'pop3/dots.ts',
        "if (octet === DOT && this.seen === 'line start')",
        "if (octet === DOT && this.seen === 'line start' && octets[at + 1] !== CR)",
      ),
    ],
    kills: ['v3/retr-lone-dot'],
  },
  {
    id: 'stuffed-behind-blanks',
    stage: 'v3',
    mistake: 'A line that begins with a blank and a dot gets one more dot too.',
    edits: [
      edit(
        'pop3/dots.ts',
        "octet === LF && this.seen === 'CR' ? 'line start' : 'text';",
        "octet === LF && this.seen === 'CR' ? 'line start' : octet === 0x20 ? this.seen : 'text';",
      ),
    ],
    kills: ['v3/retr-other-dots'],
  },
  {
    id: 'last-dots-eaten',
    stage: 'v3',
    mistake: 'The end of a message is stripped of dots and line ends before the lone dot is added.',
    edits: [sentAs(String.raw`.replace(/[.\r\n]+$/, '\r\n')`)],
    kills: ['v3/retr-other-dots'],
  },
  {
    id: 'line-ends-count-once',
    stage: 'v3',
    mistake: 'Sizes count LF as the end of a line, and RETR sends CR LF.',
    edits: announcedAs(
      String.raw`octets.toString('latin1').replaceAll('\r\n', '\n').length`,
      'everywhere',
    ),
    kills: ['v3/list-size'],
  },
  {
    id: 'dot-counted',
    stage: 'v3',
    mistake: 'The lone dot at the end counts as part of the message.',
    edits: announcedAs('octets.length + 3', 'everywhere'),
    kills: ['v3/list-size'],
  },
  {
    id: 'stat-counts-otherwise',
    stage: 'v3',
    mistake: 'STAT counts a line end as one octet, LIST as two.',
    edits: announcedAs(
      String.raw`octets.toString('latin1').replaceAll('\r\n', '\n').length`,
      'in STAT',
    ),
    kills: ['v3/stat-size'],
  },
  {
    id: 'stat-overwrites',
    stage: 'v3',
    mistake: 'STAT names the size of the last message instead of the sum.',
    edits: [
      edit(
        'pop3/maildrop.ts',
        'return this.octets;',
        'return this.numbered().at(-1)?.[1].size ?? 0;',
      ),
    ],
    kills: ['v3/stat-sum'],
  },
  {
    id: 'stuffing-counted',
    stage: 'v3',
    mistake: 'Sizes count the dots that RETR puts before a line.',
    edits: announcedAs(
      String.raw`octets.toString('latin1').replace(/^\./gm, '..').length`,
      'everywhere',
    ),
    kills: ['v3/size-stuffed'],
  },
  {
    id: 'dies-of-letters',
    stage: 'v3',
    mistake:
      'What stands behind RETR is turned into a number without looking; letters kill the server.',
    edits: [
      edit(
        'pop3/understand.ts',
        String.raw`return /^\d+$/.test(argument)`,
        "if (/[^-\\d]/.test(argument)) throw new Error('invalid literal for int()');\n" +
          String.raw`  return /^\d+$/.test(argument)`,
      ),
    ],
    kills: ['v3/retr-not-a-number'],
  },
  {
    id: 'dies-of-a-missing-number',
    stage: 'v3',
    mistake: 'The second word of the line is taken without looking whether there is one.',
    edits: [
      edit(
        'pop3/understand.ts',
        String.raw`return /^\d+$/.test(argument)`,
        "if (argument === '') throw new Error('list index out of range');\n" +
          String.raw`  return /^\d+$/.test(argument)`,
      ),
    ],
    kills: ['v3/retr-without-number'],
  },
  {
    id: 'no-number-is-1',
    stage: 'v3',
    mistake: 'RETR without a number sends the first message.',
    edits: [
      edit(
        'pop3/understand.ts',
        String.raw`return /^\d+$/.test(argument) ?`,
        String.raw`if (argument === '') return { value: '1' };` +
          '\n' +
          String.raw`  return /^\d+$/.test(argument) ?`,
      ),
    ],
    kills: ['v3/retr-without-number'],
  },
  {
    id: 'last-before-the-first',
    stage: 'v3',
    mistake: 'Number 0 is the element -1 of the list: the last message.',
    edits: [edit('pop3/maildrop.ts', 'this.messages[number - 1]', 'this.messages.at(number - 1)')],
    kills: ['v3/retr-zero'],
  },
  {
    id: 'numbers-of-32-bits',
    stage: 'v3',
    mistake: 'A number is kept in 32 bits, and a large one begins again at 0.',
    edits: [
      edit(
        'pop3/commands.ts',
        'const message = maildrop.message(Number(number));',
        'const message = maildrop.message(Number(BigInt.asUintN(32, BigInt(number))));',
      ),
    ],
    kills: ['v3/retr-huge-number'],
  },
  {
    id: 'list-of-nothing',
    stage: 'v3',
    mistake: 'LIST says +OK and a size of 0 for a message that is not there.',
    edits: [
      edit(
        'pop3/commands.ts',
        "if (number !== '') return withMessage",
        "if (number !== '' && !client.maildrop.message(Number(number))) return tell.size(Number(number), 0);\n" +
          "      if (number !== '') return withMessage",
      ),
    ],
    kills: ['v3/list-no-such-message'],
  },
  {
    id: 'list-dies-of-letters',
    stage: 'v3',
    mistake:
      'What stands behind LIST is turned into a number without looking; letters kill the server.',
    edits: [
      edit(
        'pop3/understand.ts',
        "return argument === '' ? { value: '' } : understandNumber(argument);",
        "if (/[^-\\d]/.test(argument)) throw new Error('invalid literal for int()');\n" +
          "  return argument === '' ? { value: '' } : understandNumber(argument);",
      ),
    ],
    kills: ['v3/list-not-a-number'],
  },
  {
    id: 'no-noop',
    stage: 'v3',
    mistake: 'NOOP is understood before the login only.',
    edits: [
      edit(
        'pop3/commands.ts',
        "NOOP: {\n    moves: { transaction: 'transaction' },",
        "NOOP: {\n    moves: { authorization: 'authorization' },",
      ),
    ],
    kills: ['v3/pop3-noop'],
  },
  {
    id: 'nothing-deleted',
    stage: 'v3',
    mistake: 'DELE marks, and QUIT deletes nothing.',
    edits: [edit('pop3/session.ts', 'remove: this.client.maildrop.toRemove()', 'remove: []')],
    kills: ['v3/dele'],
  },
  {
    id: 'marked-still-counted',
    stage: 'v3',
    mistake: 'STAT and LIST show marked messages.',
    edits: [
      edit('pop3/maildrop.ts', 'this.messages.length - this.marked.size', 'this.messages.length'),
      edit('pop3/maildrop.ts', '!this.marked.has(message))', 'message)'),
      edit('pop3/maildrop.ts', 'this.octets -= message.size;', ''),
      edit('pop3/maildrop.ts', 'for (const { size } of this.marked) this.octets += size;', ''),
    ],
    kills: ['v3/dele-hides'],
  },
  {
    id: 'marked-still-there',
    stage: 'v3',
    mistake: 'A marked message can be read, and marked again.',
    edits: [
      edit('pop3/commands.ts', 'maildrop.isMarked(message) ? replies.deletedAlready : use', 'use'),
    ],
    kills: ['v3/dele-again'],
  },
  {
    id: 'deletes-nothing-gladly',
    stage: 'v3',
    mistake: 'DELE says +OK to numbers that no message has.',
    edits: [
      edit(
        'pop3/commands.ts',
        'run: (client, number) =>\n      withMessage',
        'run: (client, number) =>\n      !client.maildrop.message(Number(number)) ? replies.ok : withMessage',
      ),
    ],
    kills: ['v3/dele-no-such-message'],
  },
  {
    id: 'others-move-up',
    stage: 'v3',
    mistake: 'A marked message is taken out of the list, and the others move up.',
    edits: [
      edit(
        'pop3/maildrop.ts',
        'return this.messages[number - 1];',
        'return this.messages.filter((message) => !this.marked.has(message))[number - 1];',
      ),
    ],
    kills: ['v3/dele-numbers'],
  },
  {
    id: 'all-deleted',
    stage: 'v3',
    mistake: 'If a message is marked, QUIT empties the mailbox.',
    edits: [
      edit(
        'pop3/maildrop.ts',
        'return Array.from(this.marked, ({ id }) => id);',
        'return this.marked.size === 0 ? [] : this.messages.map(({ id }) => id);',
      ),
    ],
    kills: ['v3/dele-others'],
  },
  {
    id: 'one-copy-for-all',
    stage: 'v3',
    mistake: 'A message to several people is deleted for all of them.',
    edits: [
      edit(
        'mailboxes.ts',
        'for (const id of ids) await rm(path.join(this.folder, id), { force: true });',
        "for (const id of ids) for (const name of await readdir(path.join(this.folder, '..', '..')))\n" +
          "await rm(path.join(this.folder, '..', '..', name, 'reception', id), { force: true });",
      ),
    ],
    kills: ['v3/dele-own-copy'],
  },
  {
    id: 'dies-when-a-reader-leaves',
    stage: 'v3',
    mistake: 'A reader who leaves without QUIT ends the server.',
    edits: [
      edit(
        'services.ts',
        'return {\n        session: new Pop3Session(settings),',
        'const session = new Pop3Session(settings);\nreturn {\n session,',
      ),
      edit(
        'services.ts',
        'leave: () => mailbox?.close(),',
        "leave: () => {\nif (session.state !== 'closed') throw new Error('connection reset by peer');\nmailbox?.close();\n},",
      ),
    ],
    kills: ['v3/pop3-client-leaves'],
  },
  {
    id: 'locked-by-who-left',
    stage: 'v3',
    mistake: 'Only QUIT gives a mailbox free.',
    edits: [edit('services.ts', 'leave: () => mailbox?.close(),', 'leave: () => {},')],
    kills: ['v3/open-after-drop'],
  },
  {
    id: 'dropped-deletes',
    stage: 'v3',
    mistake: 'What is marked is deleted however the session ends.',
    edits: [
      edit(
        'services.ts',
        "import type { Settings } from './commands.ts';",
        "import type { Settings } from './commands.ts';\nimport { rmSync } from 'node:fs';",
      ),
      edit(
        'services.ts',
        'return {\n        session: new Pop3Session(settings),',
        'const session = new Pop3Session(settings);\nreturn {\n session,',
      ),
      edit(
        'services.ts',
        'leave: () => mailbox?.close(),',
        'leave: () => {\n' +
          'for (const id of session.client.maildrop.toRemove()) rmSync(`${mailbox.folder}/${id}`, { force: true });\n' +
          'mailbox?.close();\n},',
      ),
    ],
    kills: ['v3/dele-dropped'],
  },
  {
    id: 'marks-stay',
    stage: 'v3',
    mistake: 'RSET says +OK, and the marks stay.',
    edits: [
      edit(
        'pop3/maildrop.ts',
        'for (const { size } of this.marked) this.octets += size;\n    this.marked.clear();',
        '',
      ),
    ],
    kills: ['v3/pop3-rset'],
  },
  {
    id: 'pop3-lf-only-replies',
    stage: 'v3',
    mistake: 'Replies of POP3 end in LF and not in CR LF.',
    edits: [edit('pop3/replies.ts', '`${line}\\r\\n`', '`${line}\\n`')],
    kills: ['v3/pop3-reply-line-ends'],
  },
  {
    id: 'capa-hangs-up',
    stage: 'v3',
    mistake: 'CAPA ends the connection.',
    edits: [
      edit(
        'pop3/session.ts',
        'if (reply.bad) this.badCommands += 1;',
        'if (reply === replies.notImplemented) return this.close();\n    if (reply.bad) this.badCommands += 1;',
      ),
    ],
    kills: ['v3/pop3-extensions'],
  },
  {
    id: 'read-stays',
    stage: 'v3',
    mistake: 'A message that was read cannot be marked in the same session.',
    edits: [
      edit(
        'pop3/commands.ts',
        '(message) => ({ retrieve: message })',
        '(message) => { (client.maildrop.read ??= new Set()).add(message); return { retrieve: message }; }',
      ),
      edit(
        'pop3/commands.ts',
        'client.maildrop.mark(message);',
        'if (client.maildrop.read?.has(message)) return replies.messageFailed;\n        client.maildrop.mark(message);',
      ),
    ],
    kills: ['v3/poplib'],
  },
  {
    id: 'user-after-capa-refused',
    stage: 'v3',
    mistake: 'Whoever asks for CAPA can no longer log in with USER.',
    edits: [
      edit(
        'pop3/session.ts',
        'if (reply.bad) this.badCommands += 1;',
        'if (reply === replies.notImplemented) this.asked = true;\n    if (reply.bad) this.badCommands += 1;',
      ),
      edit(
        'pop3/session.ts',
        'if (!command.moves[this.state])',
        "if (!command.moves[this.state] || (verb === 'USER' && this.asked))",
      ),
    ],
    kills: ['v3/thunderbird'],
  },
  {
    id: 'global-mailbox',
    stage: 'v3',
    mistake: 'The open mailbox lies in a global variable, shared by all sessions.',
    edits: [
      edit(
        'pop3/session.ts',
        "private readonly client: Client = { name: '', maildrop: new Maildrop([]) };",
        'private get client(): Client { return shared; }',
      ),
      edit(
        'pop3/session.ts',
        'export class Pop3Session {',
        "const shared: Client = { name: '', maildrop: new Maildrop([]) };\nexport class Pop3Session {",
      ),
    ],
    kills: ['v3/two-readers'],
  },
  {
    id: 'readers-wait-for-writers',
    stage: 'v3',
    mistake: 'While somebody sends a message, nobody can read.',
    edits: [
      edit(
        'listen.ts',
        'const served = service.serve(address, log);',
        "if (service.protocol === 'smtp') {\nwriters.add(socket);\nsocket.once('close', () => writers.delete(socket));\n}\n" +
          'const served = service.serve(address, log);',
      ),
      edit(
        'listen.ts',
        'perform(session.open(Date.now()));',
        "if ('client' in session) void noWriters().then(() => perform(session.open(Date.now())));\n" +
          'else perform(session.open(Date.now()));',
      ),
      edit(
        'listen.ts',
        'interface Conversation {',
        'const writers = new Set<Socket>();\n' +
          'async function noWriters() {\nwhile (writers.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));\n}\n' +
          'interface Conversation {',
      ),
    ],
    kills: ['v3/smtp-and-pop3'],
  },
  {
    id: 'no-lock',
    stage: 'v3',
    mistake: 'Two sessions can have the same mailbox open.',
    edits: [edit('mailboxes.ts', 'if (this.locked.has(mailbox)) return undefined;', '')],
    kills: ['v3/second-login'],
  },
  {
    id: 'in-use-unsaid',
    stage: 'v3',
    mistake: 'The refusal of a second login does not say why, in the word that programs know.',
    edits: [edit('pop3/replies.ts', "'[IN-USE] This", "'This")],
    kills: ['v3/in-use'],
  },
  {
    id: 'from-lines-marked',
    stage: 'v3',
    mistake: "The store's mark before a From line is sent to the reader.",
    edits: [sentAs(String.raw`.replace(/^From /gm, '>From ')`)],
    kills: ['v3/retr-separators'],
  },
  {
    id: 'fifty-equals-signs',
    stage: 'v3',
    mistake: 'Messages are parted by a line of fifty =, and a letter can hold one.',
    edits: [sentAs(String.raw`.replace(/\r\n={50}\r\n[^]*/, '\r\n')`)],
    kills: ['v3/retr-separators'],
  },
  {
    id: 'err-in-a-letter',
    stage: 'v3',
    mistake: 'A line of a letter that begins with -ERR ends it.',
    edits: [sentAs(String.raw`.replace(/\r\n-ERR[^]*/, '\r\n')`)],
    kills: ['v3/retr-commands'],
  },
  {
    id: 'ascii-only-when-read',
    stage: 'v3',
    mistake: 'Everything that is not ASCII is sent as a question mark.',
    edits: [sentAs(String.raw`.replace(/[\x80-\xff]/g, '?')`)],
    kills: ['v3/retr-utf-8'],
  },
  {
    id: 'letters-counted',
    stage: 'v3',
    mistake: 'Sizes count letters, and not octets.',
    edits: announcedAs("octets.toString('utf8').length", 'everywhere'),
    kills: ['v3/size-utf-8'],
  },
  {
    id: 'decoded-when-read',
    stage: 'v3',
    mistake:
      'A message is read as UTF-8 and written again, and what is no UTF-8 becomes something else.',
    edits: [
      edit(
        'pop3/session.ts',
        'stuffer.stuff(answer.octets)',
        'stuffer.stuff(Buffer.from(Buffer.from(answer.octets).toString()))',
      ),
    ],
    kills: ['v3/retr-latin-1'],
  },
  {
    id: 'ends-at-1a',
    stage: 'v3',
    mistake: 'The file is opened as a text, which ends at the octet 1A on some systems.',
    edits: [sentAs(String.raw`.replace(/\x1a[^]*/, '\r\n')`)],
    kills: ['v3/retr-binary'],
  },
  {
    id: 'lines-cut',
    stage: 'v3',
    mistake: 'A line longer than 512 octets is sent as several.',
    edits: [sentAs(String.raw`.replace(/([^\r\n]{512})(?=[^\r\n])/g, '$1\r\n')`)],
    kills: ['v3/retr-long-line'],
  },
  {
    id: 'empty-message-dropped',
    stage: 'v3',
    mistake: 'A message without a line is answered with 250 and thrown away.',
    edits: [
      edit(
        'mailboxes.ts',
        'const name = this.newName(message.receivedAt);',
        "if (message.text.length === 0) return 'stored';\n    const name = this.newName(message.receivedAt);",
      ),
    ],
    kills: ['v3/retr-no-text'],
  },
  {
    id: 'header-wanted',
    stage: 'v3',
    mistake: 'RETR looks for the empty line behind the header, and gives up if there is none.',
    edits: [
      edit(
        'services.ts',
        "return { type: 'piece', octets: await mailbox!.piece(id, from, most) };",
        'const octets = await mailbox!.piece(id, from, most);\n' +
          "if (from === 0 && !Buffer.from(octets).includes('\\r\\n\\r\\n')) throw new Error('no header');\n" +
          "return { type: 'piece', octets };",
      ),
    ],
    kills: ['v3/retr-no-text', 'v3/retr-no-header'],
  },
  {
    id: 'one-buffer',
    stage: 'v3',
    mistake: 'Of a message, as much is sent as fits into the buffer.',
    edits: [
      edit(
        'pop3/session.ts',
        'if (answer.octets.length > 0 && sending.from < message.size)',
        'if (this.stopping)',
      ),
    ],
    kills: ['v3/retr-large'],
  },
  {
    id: 'pieces-lost',
    stage: 'v3',
    mistake: 'Nobody looks how much the network has taken: a piece in the middle is lost.',
    edits: [
      edit(
        'pop3/session.ts',
        'if (answer.octets.length > 0) this.send(stuffer.stuff(answer.octets));',
        'if (answer.octets.length > 0 && sending.from !== 2 * PIECE) this.send(stuffer.stuff(answer.octets));',
      ),
    ],
    kills: ['v3/size-large'],
  },
  {
    id: 'dies-of-a-broken-pipe',
    stage: 'v3',
    mistake: 'A reader who leaves in the middle of a message ends the server.',
    edits: [
      edit(
        'listen.ts',
        'if (socket.destroyed) return;',
        "if (socket.destroyed && request.type === 'read') throw new Error('broken pipe');\n    if (socket.destroyed) return;",
      ),
    ],
    kills: ['v3/leaves-in-retr'],
  },
  {
    id: 'one-pop3-command-a-packet',
    stage: 'v3',
    mistake: 'What follows the first command in a packet is thrown away.',
    edits: [
      edit(
        'pop3/session.ts',
        'if (position < octets.length) this.waiting',
        'if (this.stopping) this.waiting',
      ),
    ],
    kills: ['v3/pop3-pipelined'],
  },
  {
    id: 'sixteen-commands-a-packet',
    stage: 'v3',
    mistake: 'There is room for sixteen commands of a packet, and the others are lost.',
    edits: [
      edit(
        'pop3/session.ts',
        'this.waiting.push(octets);',
        'this.waiting.push(octets);\n    this.ofPacket = 0;',
      ),
      edit(
        'pop3/session.ts',
        'if (position < octets.length) this.waiting',
        'if (position < octets.length && (this.ofPacket += 1) < 16) this.waiting',
      ),
    ],
    kills: ['v3/mpop'],
  },
  {
    id: 'pop3-packet-is-a-line',
    stage: 'v3',
    mistake: 'A packet is taken for a whole command, even if it holds only a piece of one.',
    edits: [edit('pop3/session.ts', '} else if (this.line.complete) {', '} else {')],
    kills: ['v3/pop3-byte-by-byte'],
  },
  {
    id: 'pop3-empty-line-unanswered',
    stage: 'v3',
    mistake: 'An empty line gets no reply.',
    edits: [
      edit(
        'pop3/session.ts',
        'const checked = this.check(line);',
        'if (line.length <= 2) return;\n    const checked = this.check(line);',
      ),
    ],
    kills: ['v3/pop3-empty-line'],
  },
  {
    id: 'pop3-dies-of-garbage',
    stage: 'v3',
    mistake: 'A command that is not UTF-8 kills the server.',
    edits: [
      edit(
        'pop3/session.ts',
        'if (!understood) return',
        "if (!understood) throw new Error('invalid start byte');\n    if (!understood) return",
      ),
    ],
    kills: ['v3/pop3-garbage'],
  },
  {
    id: 'pop3-commands-in-an-object',
    stage: 'v3',
    mistake:
      "Commands are looked up among an object's properties, which have more names than commands.",
    edits: [
      edit(
        'pop3/session.ts',
        'commands.get(verb)',
        '(Object.fromEntries([...commands].map(([name, value]) => [name.toLowerCase(), value])))[verb.toLowerCase()]',
      ),
    ],
    kills: ['v3/pop3-prototype-names'],
  },
  {
    id: 'path-in-user',
    stage: 'v3',
    mistake: 'The name behind USER is used as the name of the folder, as it came.',
    edits: [
      edit(
        'users.ts',
        'if (!users) return mailboxName(name);',
        'if (!users) return name.toLowerCase();',
      ),
    ],
    kills: ['v3/user-path'],
  },
  {
    id: 'control-octets-in-user',
    stage: 'v3',
    mistake: 'A NUL ends the name of the mailbox, and what follows is not looked at.',
    edits: [
      edit(
        'pop3/understand.ts',
        'const isName = argument',
        "argument = argument.replace(/\\0[^]*/, '');\n  const isName = argument",
      ),
    ],
    kills: ['v3/user-control-octets'],
  },
  {
    id: 'dies-of-a-long-name',
    stage: 'v3',
    mistake: 'A name that no file can have kills the server.',
    edits: [
      edit(
        'users.ts',
        'if (!users) return mailboxName(name);',
        "if (!users && mailboxName(name) === undefined) throw new Error('file name too long');\n" +
          '  if (!users) return mailboxName(name);',
      ),
    ],
    kills: ['v3/user-long'],
  },
  {
    id: 'pop3-buffer-is-a-line',
    stage: 'v3',
    mistake: 'What does not fit into the buffer of 1024 octets is taken for the next command.',
    edits: [
      edit(
        'pop3/session.ts',
        'const position = this.line.read(octets);',
        'const position = this.line.read(octets.subarray(0, 1024));',
      ),
      edit(
        'pop3/session.ts',
        '} else if (this.line.complete) {',
        '} else if (this.line.complete || octets.length > 1024) {',
      ),
    ],
    kills: ['v3/pop3-long-command'],
  },
  {
    id: 'pop3-dies-of-endless-line',
    stage: 'v3',
    mistake: 'A line without an end kills the server when its buffer is full.',
    edits: [
      edit('pop3/session.ts', 'new LineReader(limits.commandLine)', 'new LineReader(100_000)'),
      edit(
        'pop3/session.ts',
        'this.close(replies.lineTooLong);',
        "throw new Error('out of memory');",
      ),
    ],
    kills: ['v3/pop3-endless-line'],
  },
  {
    id: 'pop3-dies-of-errors',
    stage: 'v3',
    mistake: 'After twenty errors the whole server gives up.',
    edits: [
      edit(
        'pop3/session.ts',
        'this.close(replies.tooManyErrors);',
        "throw new Error('too many errors');",
      ),
    ],
    kills: ['v3/pop3-many-errors'],
  },
  {
    id: 'addresses-only',
    stage: 'v3',
    mistake: 'A user can log in with an address only, and not with the name on the list.',
    edits: [
      edit(
        'users.ts',
        'const mailbox = userOf(name, users);',
        "const mailbox = name.includes('@') ? userOf(name, users) : undefined;",
      ),
    ],
    kills: ['v3/users-login'],
  },
  {
    id: 'names-on-the-list-only',
    stage: 'v3',
    mistake: 'A user can log in with the name on the list only, and not with an address.',
    edits: [
      edit(
        'users.ts',
        'const mailbox = userOf(name, users);',
        "const mailbox = name.includes('@') ? undefined : userOf(name, users);",
      ),
    ],
    kills: ['v3/users-address'],
  },
  {
    id: 'any-password',
    stage: 'v3',
    mistake: 'The password is not compared with that of the list.',
    edits: [edit('users.ts', 'wanted === undefined || wanted === password ?', 'password ?')],
    kills: ['v3/users-password'],
  },
  {
    id: 'nobody-logs-in',
    stage: 'v3',
    mistake: 'Who is not on the list can log in, and has an empty mailbox.',
    edits: [
      edit(
        'users.ts',
        'if (mailbox === undefined) return undefined;',
        'if (mailbox === undefined) return mailboxName(name);',
      ),
    ],
    kills: ['v3/users-nobody'],
  },
];
