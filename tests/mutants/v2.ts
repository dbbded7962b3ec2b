/** Mutants of stage 2, in the order of the scenarios that find them. */
import { edit, type Mutant } from './mutant.ts';

export const v2Mutants: Mutant[] = [
  {
    id: 'no-helo',
    stage: 'v2',
    mistake: 'HELO is an unknown command.',
    edits: [edit('commands.ts', '  HELO,\n', '')],
    kills: ['v2/helo'],
  },
  {
    id: 'ehlo-hangs-up',
    stage: 'v2',
    mistake: 'EHLO is answered with 421, so that Thunderbird gives up.',
    edits: [
      edit(
        'session.ts',
        'return { refusal: replies.notImplemented };',
        'return { refusal: replies.serverStops };',
      ),
    ],
    kills: ['v2/ehlo-then-helo'],
  },
  {
    id: 'helo-without-name-accepted',
    stage: 'v2',
    mistake: 'HELO is accepted without a name.',
    edits: [
      edit('understand.ts', String.raw`/^\S+$/.test(argument)`, String.raw`/^\S*$/.test(argument)`),
    ],
    kills: ['v2/helo-without-name'],
  },
  {
    id: 'noop-ends-transaction',
    stage: 'v2',
    mistake: 'NOOP throws the transaction away.',
    edits: [edit('commands.ts', "next: 'same',", "next: 'ready',")],
    kills: ['v2/noop'],
  },
  {
    id: 'rset-does-nothing',
    stage: 'v2',
    mistake: 'RSET says 250, and changes nothing.',
    edits: [
      edit(
        'commands.ts',
        "RSET: {\n    allowed: ['ready', 'mail', 'rcpt'],\n    next: 'ready',",
        "RSET: {\n    allowed: ['ready', 'mail', 'rcpt'],\n    next: 'same',",
      ),
    ],
    kills: ['v2/rset'],
  },
  {
    id: 'rset-keeps-recipients',
    stage: 'v2',
    mistake: 'RSET forgets the sender, but not the recipients.',
    edits: [
      edit(
        'session.ts',
        'if (reply.code < 400) this.enter(command.next, now);',
        'const { recipients } = this.transaction;\n' +
          '    if (reply.code < 400) this.enter(command.next, now);\n' +
          '    if (reply === replies.ok) this.transaction.recipients = recipients;\n    if (reply.code < 400) return reply;',
      ),
    ],
    kills: ['v2/rset-recipients'],
  },
  {
    id: 'rset-in-transaction-only',
    stage: 'v2',
    mistake: 'RSET outside a transaction is out of order.',
    edits: [
      edit(
        'commands.ts',
        "RSET: {\n    allowed: ['ready', 'mail', 'rcpt'],",
        "RSET: {\n    allowed: ['mail', 'rcpt'],",
      ),
    ],
    kills: ['v2/rset-any-time'],
  },
  {
    id: 'helo-keeps-transaction',
    stage: 'v2',
    mistake: 'A second HELO leaves the transaction as it is.',
    edits: [
      edit(
        'commands.ts',
        "next: 'ready',\n  understand: understandName,",
        "next: 'same',\n  understand: understandName,",
      ),
      // The strict order has to go on from HELO.
      edit('strict.ts', "allowed: ['start'] }", "allowed: ['start'], next: 'ready' }"),
    ],
    kills: ['v2/helo-again'],
  },
  {
    id: 'helo-once',
    stage: 'v2',
    mistake: 'HELO in a transaction is out of order.',
    edits: [
      edit(
        'commands.ts',
        "const HELO: Command = {\n  allowed: ['ready', 'mail', 'rcpt'],",
        "const HELO: Command = {\n  allowed: ['ready'],",
      ),
    ],
    kills: ['v2/helo-again'],
  },
  {
    id: 'no-hello',
    stage: 'v2',
    mistake: 'HELLO is an unknown command.',
    edits: [edit('commands.ts', '  HELLO: HELO,\n', '')],
    kills: ['v2/hello-alias'],
  },
  {
    id: 'noop-takes-no-argument',
    stage: 'v2',
    mistake: 'NOOP must stand alone.',
    edits: [edit('commands.ts', 'understand: understandAnything', 'understand: understandNothing')],
    kills: ['v2/noop-argument'],
  },
  {
    id: 'names-only',
    stage: 'v2',
    mistake: 'HELO takes letters, digits, dots and hyphens only.',
    edits: [
      edit(
        'understand.ts',
        String.raw`/^\S+$/.test(argument)`,
        String.raw`/^[\w.-]+$/.test(argument)`,
      ),
    ],
    kills: ['v2/address-literal'],
  },
  {
    id: 'helo-in-capitals',
    stage: 'v2',
    mistake: 'The new command is compared in capitals only.',
    edits: [
      edit(
        'understand.ts',
        'verb: verb.toUpperCase()',
        "verb: verb === 'helo' ? verb : verb.toUpperCase()",
      ),
    ],
    kills: ['v2/smtplib'],
  },
  {
    id: 'control-octets-in-name',
    stage: 'v2',
    mistake: 'Control octets in the name after HELO are taken for letters.',
    edits: [edit('understand.ts', ' && !hasControls(argument)', '')],
    kills: ['v2/control-octets-in-helo'],
  },
  {
    id: 'small-buffer',
    stage: 'v2',
    mistake: 'Of a packet, only the first 4096 octets are looked at.',
    edits: [
      edit(
        'session.ts',
        'this.waiting.push(octets);',
        'this.waiting.push(octets.subarray(0, 4096));',
      ),
    ],
    kills: ['v2/thousand-noops'],
  },
  {
    id: 'list-holds-addresses',
    stage: 'v2',
    mistake: 'The whole address is looked up in the list of names.',
    edits: [edit('users.ts', String.raw`address.replace(/@[^@]*$/, '')`, 'address')],
    kills: ['v2/users-listed', 'v2/strict-users'],
  },
  {
    id: 'beginning-of-a-name',
    stage: 'v2',
    mistake: 'A name is found if a name of the list begins with it.',
    edits: [
      edit(
        'users.ts',
        'users.has(mailbox) ?',
        '[...users].some((user) => user.startsWith(mailbox)) ?',
      ),
    ],
    kills: ['v2/users-whole-name'],
  },
  {
    id: 'own-words-for-550',
    stage: 'v2',
    mistake: 'The text of the 550 is not the one that was asked for.',
    edits: [edit('replies.ts', "text: 'Address unknown'", "text: 'No such user here'")],
    kills: ['v2/users-unknown', 'v2/strict-users'],
  },
  {
    id: '550-ends-transaction',
    stage: 'v2',
    mistake: 'An unknown recipient ends the transaction.',
    edits: [edit('session.ts', 'else if (this.settings.strict) this.enter', 'else this.enter')],
    kills: ['v2/users-goes-on'],
  },
  {
    id: 'users-in-small-letters',
    stage: 'v2',
    mistake: 'A user is found in small letters only.',
    edits: [
      edit('users.ts', 'users.has(mailbox) ?', 'users.has(mailbox) && !/^[A-Z]/.test(address) ?'),
    ],
    kills: ['v2/users-in-any-case'],
  },
  {
    id: 'strict-without-helo',
    stage: 'v2',
    mistake: 'In the strict order, HELO is not recognized.',
    edits: [edit('strict.ts', "start: 'start'", "start: 'ready'")],
    kills: ['v2/strict-session', 'v2/strict-users'],
  },
  {
    id: 'strict-mail-first',
    stage: 'v2',
    mistake: 'In the strict order, MAIL is obeyed before HELO.',
    edits: [edit('strict.ts', "allowed: ['ready', 'sent']", "allowed: ['start', 'ready', 'sent']")],
    kills: ['v2/strict-order'],
  },
  {
    id: 'strict-names-the-error',
    stage: 'v2',
    mistake: 'In the strict order, an unknown command gets another text.',
    edits: [
      edit(
        'session.ts',
        'return this.settings.strict ?',
        'return this.settings.strict && checked.refusal !== replies.unknownCommand ?',
      ),
    ],
    kills: ['v2/strict-unknown'],
  },
  {
    id: 'strict-501',
    stage: 'v2',
    mistake: 'In the strict order, a missing argument gets 501.',
    edits: [
      edit(
        'session.ts',
        'return this.settings.strict ?',
        'return this.settings.strict && checked.refusal.code !== 501 ?',
      ),
    ],
    kills: ['v2/strict-argument'],
  },
  {
    id: 'strict-two-recipients',
    stage: 'v2',
    mistake: 'In the strict order, a second RCPT is obeyed.',
    edits: [edit('strict.ts', "allowed: ['mail']", "allowed: ['mail', 'rcpt']")],
    kills: ['v2/strict-one-recipient'],
  },
  {
    id: 'strict-early-quit',
    stage: 'v2',
    mistake: 'In the strict order, QUIT is obeyed at any time.',
    edits: [
      edit(
        'strict.ts',
        "...table.QUIT, allowed: ['sent']",
        "...table.QUIT, allowed: ['start', 'ready', 'mail', 'rcpt', 'sent']",
      ),
    ],
    kills: ['v2/strict-quit'],
  },
  {
    id: 'strict-one-message',
    stage: 'v2',
    mistake: 'In the strict order, nothing but QUIT comes after a message.',
    edits: [edit('strict.ts', "allowed: ['ready', 'sent']", "allowed: ['ready']")],
    kills: ['v2/strict-next-message'],
  },
  {
    id: 'strict-550-stays',
    stage: 'v2',
    mistake: 'In the strict order, a recipient may follow one that was unknown.',
    edits: [
      edit(
        'session.ts',
        'else if (this.settings.strict) this.enter',
        'else if (this.stopping) this.enter',
      ),
    ],
    kills: ['v2/strict-users'],
  },
  {
    id: 'named-by-the-day',
    stage: 'v2',
    mistake: 'A file is named after the day on which its message came: the next one replaces it.',
    edits: [
      edit(
        'mailboxes.ts',
        '`${time}-${process.pid}-${(this.count += 1)}.txt`',
        '`${time.slice(0, 10)}.txt`',
      ),
      edit('mailboxes.ts', "open(name, 'wx')", "open(name, 'w')"),
    ],
    kills: ['v2/file-by-sender'],
  },
];
