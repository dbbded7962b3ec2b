/** Mutants of stage 1, in the order of the scenarios that find them. */
import { edit, type Mutant } from './mutant.ts';

export const v1Mutants: Mutant[] = [
  {
    id: 'silent-server',
    stage: 'v1',
    mistake: 'The server waits for the client to speak first.',
    edits: [edit('session.ts', 'this.reply(replies.greeting);', '')],
    kills: ['v1/greeting'],
  },
  {
    id: 'goodbye-is-250',
    stage: 'v1',
    mistake: 'QUIT is answered with 250, as everything else.',
    edits: [edit('replies.ts', 'goodbye: { code: 221', 'goodbye: { code: 250')],
    kills: ['v1/quit'],
  },
  {
    id: 'two-replies-to-quit',
    stage: 'v1',
    mistake: 'An `if` for an `else if`: QUIT is answered, and is an unknown command as well.',
    edits: [
      edit(
        'session.ts',
        "if (this.state === 'closed') return this.close(reply);",
        "if (this.state === 'closed') { this.reply(reply); return this.close(replies.unknownCommand); }",
      ),
    ],
    kills: ['v1/quit'],
  },
  {
    id: 'stays-open',
    stage: 'v1',
    mistake: 'After 221 the connection stays open.',
    edits: [
      edit(
        'session.ts',
        "if (this.state === 'closed') return this.close(reply);",
        "if (this.state === 'closed') return this.reply(reply);",
      ),
    ],
    kills: ['v1/quit-closes'],
  },
  {
    id: 'one-client-and-no-more',
    stage: 'v1',
    mistake: 'accept is called once: the server serves one client and no more.',
    edits: [
      edit(
        'listen.ts',
        'log(`connection from ${address} port ${socket.remotePort}`);',
        'server.close();\nsetInterval(() => {}, 1000);',
      ),
    ],
    kills: ['v1/next-client'],
  },
  {
    id: 'stored-nowhere',
    stage: 'v1',
    mistake: 'The message stays in memory: 250, and nothing on the disk.',
    edits: [
      edit(
        'mailboxes.ts',
        'for (const [mailbox, recipient] of recipients) {',
        "if (recipients.size > 0) return 'stored';\n for (const [mailbox, recipient] of recipients) {",
      ),
    ],
    kills: ['v1/one-message'],
  },
  {
    id: 'filed-by-sender',
    stage: 'v1',
    mistake: 'The message lies in the mailbox of the person who sent it.',
    edits: [
      edit(
        'commands.ts',
        'transaction.recipients.push({ address, mailbox });',
        'transaction.recipients.push({ address: transaction.reversePath, mailbox: transaction.reversePath });',
      ),
    ],
    kills: ['v1/one-message'],
  },
  {
    id: 'empty-lines-lost',
    stage: 'v1',
    mistake: 'Empty lines of the text are taken for nothing.',
    edits: [
      edit(
        'mbox.ts',
        String.raw`.replace(/\r\n/g, '\n')`,
        String.raw`.replace(/\r\n/g, '\n').replace(/\n+/g, '\n')`,
      ),
    ],
    kills: ['v1/text-kept'],
  },
  {
    id: 'first-mailbox-stays-open',
    stage: 'v1',
    mistake: 'A copy of each message goes to the mailbox that was opened first.',
    edits: [
      edit(
        'commands.ts',
        'transaction.recipients.push({ address, mailbox });',
        'first ??= { address, mailbox };\ntransaction.recipients.push(first, { address, mailbox });',
      ),
      edit('commands.ts', 'const table = {', 'let first: Recipient | undefined;\nconst table = {'),
    ],
    kills: ['v1/right-recipient'],
  },
  {
    id: 'last-recipient-only',
    stage: 'v1',
    mistake: 'Each RCPT overwrites the one before it.',
    edits: [
      edit(
        'commands.ts',
        'transaction.recipients.push({ address, mailbox });',
        'transaction.recipients = [{ address, mailbox }];',
      ),
    ],
    kills: ['v1/several-recipients'],
  },
  {
    id: 'first-recipient-only',
    stage: 'v1',
    mistake: 'The list of recipients is kept, and only its first is served.',
    edits: [
      edit('mailboxes.ts', "}\n      return 'stored';", "return 'stored';\n}\n return 'stored';"),
    ],
    kills: ['v1/several-recipients'],
  },
  {
    id: 'mailbox-overwritten',
    stage: 'v1',
    mistake: 'The mailbox is opened for writing and not for appending.',
    edits: [edit('mailboxes.ts', "`${mailbox}.txt`), 'a+')", "`${mailbox}.txt`), 'w+')")],
    kills: ['v1/mailbox-grows'],
  },
  {
    id: 'transaction-kept',
    stage: 'v1',
    mistake: 'After a message its recipients are remembered.',
    edits: [
      edit(
        'session.ts',
        "if (state === 'ready') this.transaction = { reversePath: '', recipients: [] };",
        '',
      ),
    ],
    kills: ['v1/second-message'],
  },
  {
    id: 'one-message-a-connection',
    stage: 'v1',
    mistake: 'After a message, MAIL is out of order: one message a connection.',
    edits: [
      edit(
        'session.ts',
        'private badCommands = 0;',
        'private badCommands = 0;\nprivate messages = 0;',
      ),
      edit(
        'session.ts',
        'this.enter(endOfText.next, now);',
        'this.enter(endOfText.next, now);\nthis.messages += 1;',
      ),
      edit(
        'session.ts',
        'if (!command.allowed.includes(this.state))',
        "if (!command.allowed.includes(this.state) || (verb === 'MAIL' && this.messages > 0))",
      ),
    ],
    kills: ['v1/second-message'],
  },
  {
    id: 'capitals-only',
    stage: 'v1',
    mistake: 'Verbs are understood in capitals only.',
    edits: [edit('understand.ts', 'verb: verb.toUpperCase()', 'verb')],
    kills: ['v1/verbs-in-any-case'],
  },
  {
    id: 'unknown-is-250',
    stage: 'v1',
    mistake: 'What the server does not know, it says 250 to.',
    edits: [
      edit(
        'session.ts',
        'return { refusal: replies.unknownCommand };',
        'return { refusal: replies.senderOk };',
      ),
    ],
    kills: ['v1/unknown-verb'],
  },
  {
    id: 'unknown-is-silence',
    stage: 'v1',
    mistake: 'What the server does not know, it does not answer.',
    edits: [
      edit(
        'session.ts',
        'if (isBadCommand(reply) &&',
        'if (reply === replies.unknownCommand) return;\n    if (isBadCommand(reply) &&',
      ),
    ],
    kills: ['v1/unknown-verb'],
  },
  {
    id: 'lf-only-replies',
    stage: 'v1',
    mistake: 'Replies end in LF and not in CR LF.',
    edits: [edit('replies.ts', '\\r\\n`', '\\n`')],
    kills: ['v1/reply-line-ends'],
  },
  {
    id: 'helo-hangs-up',
    stage: 'v1',
    mistake: 'HELO and EHLO are answered with 421, as if the server were going away.',
    edits: [
      edit(
        'session.ts',
        'return { refusal: replies.notImplemented };',
        'return { refusal: replies.serverStops };',
      ),
    ],
    kills: ['v1/helo-not-yet'],
  },
  {
    id: 'dots-stay-stuffed',
    stage: 'v1',
    mistake: 'The dot that a client puts before a dot is stored.',
    edits: [
      edit(
        'data.ts',
        "if (octet === CR) this.seen = 'dot CR';\n        else this.takeText(octet);",
        "if (octet === CR) this.seen = 'dot CR';\n        else { this.keep(DOT); this.takeText(octet); }",
      ),
    ],
    kills: ['v1/dot-stuffing'],
  },
  {
    id: 'all-dots-stripped',
    stage: 'v1',
    mistake: 'All dots that a line begins with are taken away.',
    edits: [
      edit(
        'mbox.ts',
        String.raw`.replace(/\r\n/g, '\n')`,
        String.raw`.replace(/\r\n/g, '\n').replace(/^\.+/gm, '')`,
      ),
    ],
    kills: ['v1/dot-stuffing'],
  },
  {
    id: 'dies-without-address',
    stage: 'v1',
    mistake: 'The address is taken out of the line without looking whether it is there.',
    edits: [
      edit(
        'understand.ts',
        'if (inner === undefined || rest === undefined) return',
        'if (inner.length + rest.length > 9999) return',
      ),
    ],
    kills: ['v1/missing-address'],
  },
  {
    id: 'error-ends-transaction',
    stage: 'v1',
    mistake: 'A refused command throws the transaction away.',
    edits: [
      edit(
        'session.ts',
        "if ('refusal' in checked) return checked.refusal;",
        "if ('refusal' in checked) { this.enter('ready', now); return checked.refusal; }",
      ),
    ],
    kills: ['v1/error-and-recovery'],
  },
  {
    id: 'no-order',
    stage: 'v1',
    mistake: 'Every command is obeyed at any time.',
    edits: [edit('session.ts', 'if (!command.allowed.includes(this.state))', 'if (this.stopping)')],
    kills: ['v1/order'],
  },
  {
    id: 'data-for-nobody',
    stage: 'v1',
    mistake: 'DATA is obeyed before there is a recipient.',
    edits: [edit('commands.ts', "allowed: ['rcpt'],", "allowed: ['mail', 'rcpt'],")],
    kills: ['v1/data-without-recipient'],
  },
  {
    id: 'quit-in-text',
    stage: 'v1',
    mistake: 'QUIT is obeyed wherever it stands, in the text of a message too.',
    edits: [
      edit(
        'session.ts',
        'const position = this.data.read(octets);',
        "if (Buffer.from(octets).toString() === 'QUIT\\r\\n') this.close(replies.goodbye);\n" +
          'const position = this.data.read(octets);',
      ),
    ],
    kills: ['v1/commands-in-text'],
  },
  {
    id: 'second-mail-obeyed',
    stage: 'v1',
    mistake: 'MAIL is obeyed in the middle of a transaction.',
    edits: [
      edit(
        'commands.ts',
        "allowed: ['ready'],\n    next: 'mail'",
        "allowed: ['ready', 'mail', 'rcpt'],\n    next: 'mail'",
      ),
    ],
    kills: ['v1/second-mail'],
  },
  {
    id: 'empty-line-unanswered',
    stage: 'v1',
    mistake: 'An empty line gets no reply.',
    edits: [
      edit(
        'session.ts',
        'const reply = this.process(line, now);',
        'if (line.length <= 2) return;\nconst reply = this.process(line, now);',
      ),
    ],
    kills: ['v1/empty-line'],
  },
  {
    id: 'no-blank-after-colon',
    stage: 'v1',
    mistake: 'A blank after FROM: or TO: is a syntax error.',
    edits: [edit('understand.ts', String.raw`.replace(/^[ \t]+/, '')`, '')],
    kills: ['v1/spaces-after-colon'],
  },
  {
    id: 'brackets-required',
    stage: 'v1',
    mistake: 'An address without angle brackets is a syntax error.',
    edits: [edit('understand.ts', String.raw`?? /^([^\s<>]+)(| .*)$/.exec(path) ?? []`, '?? []')],
    kills: ['v1/no-angle-brackets'],
  },
  {
    id: 'domain-required',
    stage: 'v1',
    mistake: 'An address without a domain is a syntax error.',
    edits: [edit('understand.ts', '(?:@${DOMAIN})?$`', '@${DOMAIN}$`')],
    kills: ['v1/bare-name'],
  },
  {
    id: 'null-sender-refused',
    stage: 'v1',
    mistake: 'The empty sender is taken for a missing one.',
    edits: [
      edit(
        'understand.ts',
        "if (address !== '' && !ADDRESS.test(address))",
        'if (!ADDRESS.test(address))',
      ),
    ],
    kills: ['v1/null-sender'],
  },
  {
    id: 'ending-dots-eaten',
    stage: 'v1',
    mistake: 'The end of the text is stripped of dots and line ends.',
    edits: [
      edit(
        'mbox.ts',
        String.raw`.replace(/\r\n/g, '\n')`,
        String.raw`.replace(/\r\n/g, '\n').replace(/[.\n]+$/, '\n')`,
      ),
    ],
    kills: ['v1/ending-dots'],
  },
  {
    id: 'lines-stripped',
    stage: 'v1',
    mistake: 'Each line of the text is stripped of the blanks around it.',
    edits: [
      edit(
        'mbox.ts',
        String.raw`.replace(/\r\n/g, '\n')`,
        String.raw`.replace(/\r\n/g, '\n').replace(/^[ \t]+|[ \t]+$/gm, '')`,
      ),
    ],
    kills: ['v1/leading-blanks'],
  },
  {
    id: 'from-line-dropped',
    stage: 'v1',
    mistake: 'Lines that look like a separator of the mailbox are left out.',
    edits: [
      edit('mbox.ts', ".replace(/^>*From /gm, '>$&')", String.raw`.replace(/^>*From .*\n/gm, '')`),
    ],
    kills: ['v1/from-line'],
  },
  {
    id: 'ascii-only',
    stage: 'v1',
    mistake: 'Everything that is not ASCII becomes a question mark.',
    edits: [
      edit(
        'mbox.ts',
        String.raw`.replace(/\r\n/g, '\n')`,
        String.raw`.replace(/\r\n/g, '\n').replace(/[\x80-\xff]/g, '?')`,
      ),
    ],
    kills: ['v1/utf-8-text'],
  },
  {
    id: 'utf-8-only',
    stage: 'v1',
    mistake: 'The text is decoded as UTF-8, and what is not UTF-8 kills the server.',
    edits: [
      edit(
        'session.ts',
        'const position = this.data.read(octets);',
        "new TextDecoder('utf-8', { fatal: true }).decode(octets);\n" +
          'const position = this.data.read(octets);',
      ),
    ],
    kills: ['v1/latin-1-text'],
  },
  {
    id: 'dot-in-its-own-packet',
    stage: 'v1',
    mistake: 'recv is taken for a line: the lone dot must come alone.',
    edits: [
      edit(
        'session.ts',
        'const position = this.data.read(octets);',
        "const packet = Buffer.from(octets).toString('latin1');\n" +
          "if (packet.length > 3) octets = Buffer.from(packet.replace(/\\r\\n\\.\\r\\n$/, '\\r\\n..\\r\\n'), 'latin1');\n" +
          'const position = this.data.read(octets);',
      ),
    ],
    kills: ['v1/text-in-one-packet'],
  },
  {
    id: 'one-command-a-packet',
    stage: 'v1',
    mistake: 'What follows the first command in a packet is thrown away.',
    edits: [
      edit(
        'session.ts',
        'if (position < octets.length) this.waiting',
        "if (position < octets.length && this.state === 'data') this.waiting",
      ),
    ],
    kills: ['v1/pipelined'],
  },
  {
    id: 'packet-is-a-line',
    stage: 'v1',
    mistake: 'A packet is taken for a whole command, even if it holds only a piece of one.',
    edits: [edit('understand.ts', 'this.complete = lineFeed !== -1;', 'this.complete = true;')],
    kills: ['v1/byte-by-byte'],
  },
  {
    id: 'one-client-at-a-time',
    stage: 'v1',
    mistake: 'A second client waits until the first one leaves.',
    edits: [
      edit(
        'listen.ts',
        'const GRACE',
        'let queue: Promise<void> = Promise.resolve();\nconst GRACE',
      ),
      edit(
        'listen.ts',
        'perform(session.open(Date.now()));',
        'const before = queue;\n' +
          "queue = new Promise((resolve) => socket.once('close', () => resolve()));\n" +
          'void before.then(() => perform(session.open(Date.now())));',
      ),
    ],
    kills: ['v1/two-clients'],
  },
  {
    id: 'global-transaction',
    stage: 'v1',
    mistake: 'Sender and recipients lie in global variables, shared by all clients.',
    edits: [
      edit(
        'session.ts',
        "private transaction: Transaction = { reversePath: '', recipients: [] };",
        'private get transaction(): Transaction { return shared; }\n' +
          'private set transaction(transaction: Transaction) { shared = transaction; }',
      ),
      edit(
        'session.ts',
        'export class Session {',
        "let shared: Transaction = { reversePath: '', recipients: [] };\nexport class Session {",
      ),
    ],
    kills: ['v1/interleaved'],
  },
  {
    id: 'dies-when-a-client-leaves',
    stage: 'v1',
    mistake: 'A connection that ends without QUIT ends the server.',
    edits: [
      edit(
        'listen.ts',
        "socket.on('close', () => clearTimeout(timer));",
        "socket.on('close', () => {\n" +
          "if (session['state'] !== 'closed') throw new Error('connection reset by peer');\n" +
          'clearTimeout(timer);\n});',
      ),
    ],
    kills: ['v1/client-leaves'],
  },
  {
    id: 'half-message-stored',
    stage: 'v1',
    mistake: 'The end of the connection is taken for the end of the message.',
    edits: [
      edit(
        'listen.ts',
        "socket.on('close', () => clearTimeout(timer));",
        "socket.on('close', () => {\nclearTimeout(timer);\n" +
          "if (session['state'] !== 'data') return;\n" +
          "const message = { ...session['transaction'], text: session['data'].text() };\n" +
          'void mailboxes.deliver({ ...message, receivedAt: Date.now() }, client);\n});',
      ),
    ],
    kills: ['v1/half-message'],
  },
  {
    id: 'path-from-the-network',
    stage: 'v1',
    mistake: 'The address is used as the name of the file, as it came.',
    edits: [
      edit(
        'guards/mailbox-name.ts',
        'return safe.length <= LONGEST ? safe : undefined;',
        'return safe.length <= LONGEST ? lower : undefined;',
      ),
    ],
    kills: ['v1/path-traversal'],
  },
  {
    id: 'control-octets-allowed',
    stage: 'v1',
    mistake: 'Control octets in an address are taken for letters.',
    edits: [edit('guards/mailbox-name.ts', 'return /[', 'return text === undefined && /[')],
    kills: ['v1/control-octets'],
  },
  {
    id: 'dies-of-garbage',
    stage: 'v1',
    mistake: 'A command that is not UTF-8 kills the server.',
    edits: [
      edit(
        'understand.ts',
        'return undefined;\n  }\n  const [',
        "throw new Error('invalid start byte');\n  }\n  const [",
      ),
    ],
    kills: ['v1/garbage'],
  },
  {
    id: 'commands-in-an-object',
    stage: 'v1',
    mistake:
      "Commands are looked up among an object's properties, which have more names than commands.",
    edits: [
      edit(
        'session.ts',
        'commands.get(verb)',
        '(Object.fromEntries([...commands].map(([name, value]) => [name.toLowerCase(), value])))[verb.toLowerCase()]',
      ),
    ],
    kills: ['v1/prototype-names'],
  },
  {
    id: 'fifty-recipients',
    stage: 'v1',
    mistake: 'There is room for fifty recipients.',
    edits: [
      edit('guards/limits.ts', "'max-recipients', value: 1000", "'max-recipients', value: 50"),
    ],
    kills: ['v1/many-recipients'],
  },
  {
    id: 'short-text-lines',
    stage: 'v1',
    mistake: 'A line of the text may have 512 octets.',
    edits: [
      edit('guards/limits.ts', "'max-text-line', value: 8192", "'max-text-line', value: 512"),
    ],
    kills: ['v1/long-text-line'],
  },
  {
    id: 'buffer-is-a-line',
    stage: 'v1',
    mistake: 'What does not fit into the buffer of 1024 octets is taken for the next command.',
    edits: [
      edit(
        'understand.ts',
        'const stop = lineFeed === -1 ? octets.length : lineFeed + 1;',
        'const stop = Math.min(lineFeed === -1 ? octets.length : lineFeed + 1, 1024);',
      ),
    ],
    kills: ['v1/long-command'],
  },
  {
    id: 'dies-of-endless-line',
    stage: 'v1',
    mistake: 'A line without an end kills the server when its buffer is full.',
    edits: [
      edit(
        'guards/limits.ts',
        "'max-command-line', value: 2048",
        "'max-command-line', value: 100_000",
      ),
      edit('session.ts', 'this.close(replies.lineTooLong);', "throw new Error('out of memory');"),
    ],
    kills: ['v1/endless-line'],
  },
  {
    id: 'dies-of-errors',
    stage: 'v1',
    mistake: 'After twenty errors the whole server gives up.',
    edits: [
      edit(
        'session.ts',
        'return this.close(replies.tooManyErrors);',
        "throw new Error('too many errors');",
      ),
    ],
    kills: ['v1/many-errors'],
  },
  {
    id: 'line-feed-ends-a-line',
    stage: 'v1',
    mistake: 'A bare LF ends a line of the text, so LF . CR LF ends the message.',
    edits: [
      edit(
        'data.ts',
        "this.seen = octet === CR ? 'CR' : 'text';",
        "this.seen = octet === CR ? 'CR' : octet === LF ? 'line start' : 'text';",
      ),
    ],
    kills: ['v1/bare-line-feed'],
  },
  {
    id: 'carriage-returns-stripped',
    stage: 'v1',
    mistake: 'All CRs at the end of a line are stripped, so . CR CR LF ends the message.',
    edits: [
      edit(
        'data.ts',
        'if (octet === LF) this.complete = true;\n        else',
        'if (octet === LF) this.complete = true;\n        else if (octet !== CR)',
      ),
    ],
    kills: ['v1/bare-carriage-return'],
  },
  {
    id: 'nul-ends-a-string',
    stage: 'v1',
    mistake: 'A NUL ends a string, so a dot and a NUL are a lone dot.',
    edits: [
      edit(
        'data.ts',
        "if (octet === CR) this.seen = 'dot CR';",
        "if (octet === NUL) this.fault ??= 'bad octets';\n        if (octet === NUL) return;\n        if (octet === CR) this.seen = 'dot CR';",
      ),
    ],
    kills: ['v1/nul-beside-dot'],
  },
  {
    id: 'stray-line-ends-stored',
    stage: 'v1',
    mistake: 'A text with bare CR or LF in it is stored.',
    edits: [edit('data.ts', "this.fault ??= 'bad octets';\n    this.takeText", 'this.takeText')],
    kills: ['v1/stray-line-ends-refused'],
  },
];
