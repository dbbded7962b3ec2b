/** Mutants of stage 4, in the order of the scenarios that find them. */
import { edit, type Mutant } from './mutant.ts';

export const v4Mutants: Mutant[] = [
  {
    id: 'ehlo-unknown',
    stage: 'v4',
    mistake: 'EHLO is an unknown command.',
    edits: [edit('commands.ts', '  EHLO,\n', '')],
    kills: ['v4/ehlo'],
  },
  {
    id: 'fewer-extensions',
    stage: 'v4',
    mistake: 'EHLO is answered, but 8BITMIME and PIPELINING are not offered.',
    edits: [edit('commands.ts', "    'PIPELINING',\n    '8BITMIME',\n", '')],
    kills: ['v4/ehlo-extensions'],
  },
  {
    id: 'parameters-refused',
    stage: 'v4',
    mistake: 'MAIL takes no parameters, though SIZE and 8BITMIME are offered.',
    edits: [
      edit(
        'commands.ts',
        'checkParameters(parameters, client, settings.limits);',
        '(parameters.size > 0 ? replies.unknownParameter : undefined);',
      ),
    ],
    kills: ['v4/mail-parameters'],
  },
  {
    id: 'unknown-accepted',
    stage: 'v4',
    mistake: 'An unknown recipient gets 250, and the message is thrown away.',
    edits: [
      edit(
        'commands.ts',
        'if (mailbox === undefined) return replies.addressUnknown;',
        'if (mailbox === undefined) return replies.recipientOk;',
      ),
    ],
    kills: ['v4/unknown-recipient'],
  },
  {
    id: 'no-starttls',
    stage: 'v4',
    mistake: 'STARTTLS is offered, and unknown.',
    edits: [edit('commands.ts', '  STARTTLS,\n', '')],
    kills: ['v4/starttls'],
  },
  {
    id: 'auth-not-offered',
    stage: 'v4',
    mistake: 'Logins are not announced.',
    edits: [
      edit(
        'commands.ts',
        "isSecure ? `AUTH ${mechanisms.join(' ')}` : 'STARTTLS',",
        "isSecure ? 'HELP' : 'STARTTLS',",
      ),
    ],
    kills: ['v4/auth-offered'],
  },
  {
    id: 'plain-swapped',
    stage: 'v4',
    mistake: 'AUTH PLAIN takes the password for the name.',
    edits: [
      edit(
        'sasl.ts',
        'return credentials(authorization!, name, password);',
        'return credentials(authorization!, password, name);',
      ),
    ],
    kills: ['v4/auth-plain', 'v4/pop3-auth-plain'],
  },
  {
    id: 'submission-open',
    stage: 'v4',
    mistake: 'Everybody may submit a message.',
    edits: [
      edit(
        'commands.ts',
        'if (!isSubmitting || account !== undefined) return undefined;',
        'if (!isSubmitting || account !== undefined || isSecure) return undefined;',
      ),
    ],
    kills: ['v4/submission-refused'],
  },
  {
    id: 'any-password',
    stage: 'v4',
    mistake: 'Any password is right.',
    edits: [edit('services.ts', "isRight ? 'right' : 'wrong';", "'right';")],
    kills: ['v4/wrong-password', 'v4/account-wrong-password'],
  },
  {
    id: 'login-without-effect',
    stage: 'v4',
    mistake: 'A login is answered with 235, and forgotten.',
    edits: [edit('session.ts', '      this.client.account = this.account;\n', '')],
    kills: ['v4/submission-session'],
  },
  {
    id: 'passwords-in-clear',
    stage: 'v4',
    mistake: 'Passwords are taken before TLS.',
    edits: [edit('commands.ts', '    if (!client.isSecure) return replies.tlsBeforeLogin;\n', '')],
    kills: ['v4/auth-in-clear'],
  },
  {
    id: 'auth-offered-in-clear',
    stage: 'v4',
    mistake: 'Logins are announced before TLS, and refused.',
    edits: [
      edit(
        'commands.ts',
        "isSecure ? `AUTH ${mechanisms.join(' ')}` : 'STARTTLS',",
        "`AUTH ${mechanisms.join(' ')}`,\n    ...(isSecure ? [] : ['STARTTLS']),",
      ),
    ],
    kills: ['v4/auth-not-offered-in-clear'],
  },
  {
    id: 'ehlo-needs-no-name',
    stage: 'v4',
    mistake: 'EHLO is accepted without a name.',
    edits: [
      edit(
        'commands.ts',
        'const EHLO: Command<string> = {\n  ...HELO,',
        'const EHLO: Command<string> = {\n' +
          '  ...HELO,\n' +
          "  understand: (argument) => argument === '' ? { value: 'nobody' } : understandName(argument),",
      ),
    ],
    kills: ['v4/ehlo-without-name'],
  },
  {
    id: 'ehlo-takes-controls',
    stage: 'v4',
    mistake: 'A name with control octets is accepted by EHLO.',
    edits: [
      edit(
        'commands.ts',
        'const EHLO: Command<string> = {\n  ...HELO,',
        'const EHLO: Command<string> = {\n' +
          '  ...HELO,\n' +
          "  understand: (argument) => argument === '' ? { refusal: replies.sayHelo } : { value: argument },",
      ),
    ],
    kills: ['v4/ehlo-control-octets'],
  },
  {
    id: 'ehlo-keeps-transaction',
    stage: 'v4',
    mistake: 'EHLO does not end the transaction.',
    edits: [
      edit(
        'commands.ts',
        'const EHLO: Command<string> = {\n  ...HELO,',
        "const EHLO: Command<string> = {\n  ...HELO,\n  next: 'same',",
      ),
    ],
    kills: ['v4/ehlo-ends-transaction'],
  },
  {
    id: 'helo-with-extensions',
    stage: 'v4',
    mistake: 'HELO is answered like EHLO.',
    edits: [
      edit('commands.ts', '  run({ client }, name) {', '  run({ client }, name, { limits }) {'),
      edit(
        'commands.ts',
        '    return replies.hello;',
        '    return tell.extensions(extensions(client, limits));',
      ),
    ],
    kills: ['v4/helo-plain'],
  },
  {
    id: 'old-extensions-only',
    stage: 'v4',
    mistake: 'SMTPUTF8, ENHANCEDSTATUSCODES and CHUNKING are done, and not offered.',
    edits: [
      edit('commands.ts', "    'SMTPUTF8',\n    'ENHANCEDSTATUSCODES',\n    'CHUNKING',\n", ''),
    ],
    kills: ['v4/further-extensions'],
  },
  {
    id: 'size-ignored',
    stage: 'v4',
    mistake: 'The size that MAIL announces is not compared with the limit.',
    edits: [
      edit(
        'commands.ts',
        '        if (Number(value) > limits.message) return replies.textTooBig;\n',
        '',
      ),
    ],
    kills: ['v4/size-too-big'],
  },
  {
    id: 'any-size',
    stage: 'v4',
    mistake: 'What is no number is taken for a size.',
    edits: [
      edit(
        'commands.ts',
        String.raw`        if (!/^\d{1,20}$/.test(value)) return replies.badParameter;` + '\n',
        '',
      ),
    ],
    kills: ['v4/parameter-values'],
  },
  {
    id: 'any-parameter',
    stage: 'v4',
    mistake: 'Parameters of MAIL that nobody has offered are ignored.',
    edits: [
      edit(
        'commands.ts',
        '      default:\n        return replies.unknownParameter;',
        '      default:\n        break;',
      ),
    ],
    kills: ['v4/unknown-parameter'],
  },
  {
    id: 'header-decoded',
    stage: 'v4',
    mistake: 'The header is decoded as UTF-8 and encoded again.',
    edits: [
      edit(
        'session.ts',
        '    // RFC 5321 §4.2.5: 250 takes',
        String.raw`    const end = Buffer.from(text).indexOf('\r\n\r\n');` +
          '\n' +
          '    if (end > 0) text = Buffer.concat([Buffer.from(Buffer.from(text.subarray(0, end)).toString()), text.subarray(end)]);\n' +
          '    // RFC 5321 §4.2.5: 250 takes',
      ),
    ],
    kills: ['v4/eight-bit'],
  },
  {
    id: 'smtputf8-unknown',
    stage: 'v4',
    mistake: 'SMTPUTF8 is offered, and refused.',
    edits: [
      edit(
        'commands.ts',
        "        if (value !== '') return replies.badParameter;\n" +
          '        break;\n' +
          "      case 'AUTH'",
        "        return replies.unknownParameter;\n      case 'AUTH'",
      ),
    ],
    kills: ['v4/smtputf8'],
  },
  {
    id: 'utf8-anyway',
    stage: 'v4',
    mistake: 'A sender may have any letters, SMTPUTF8 or not.',
    edits: [
      edit(
        'commands.ts',
        '    if (!isUtf8 && !isAscii(address)) return replies.noUtf8;\n' + '    if (!mayBeFrom',
        '    if (!mayBeFrom',
      ),
    ],
    kills: ['v4/utf8-address'],
  },
  {
    id: 'no-enhanced-codes',
    stage: 'v4',
    mistake: 'Replies have no enhanced codes, though they are offered.',
    edits: [edit('replies.ts', 'enhanced === undefined ? text : `${enhanced} ${text}`', 'text')],
    kills: ['v4/enhanced-codes'],
  },
  {
    id: 'refusal-ends-packet',
    stage: 'v4',
    mistake: 'What stands behind a refused recipient in a packet is thrown away.',
    edits: [
      edit(
        'session.ts',
        'if (position < octets.length) this.waiting',
        'if (position < octets.length && !this.refused) this.waiting',
      ),
      edit(
        'session.ts',
        '  private finish(reply: Reply): void {',
        '  private refused = false;\n' +
          '  private finish(reply: Reply): void {\n' +
          '    this.refused = reply.code === 550;',
      ),
    ],
    kills: ['v4/pipelined-refusal'],
  },
  {
    id: 'no-vrfy',
    stage: 'v4',
    mistake: 'VRFY is an unknown command.',
    edits: [edit('commands.ts', '  VRFY,\n', '')],
    kills: ['v4/vrfy'],
  },
  {
    id: 'no-help',
    stage: 'v4',
    mistake: 'HELP is an unknown command.',
    edits: [edit('commands.ts', '  HELP,\n', '')],
    kills: ['v4/help'],
  },
  {
    id: 'case-matters',
    stage: 'v4',
    mistake: 'A name in capitals is nobody.',
    edits: [
      edit(
        'directory.ts',
        '    const name = mailboxName',
        '    if (/[A-Z].*@/.test(address)) return undefined;\n' + '    const name = mailboxName',
      ),
    ],
    kills: ['v4/recipient-in-any-case'],
  },
  {
    id: 'refusal-forgets-others',
    stage: 'v4',
    mistake: 'A refused recipient takes those before along.',
    edits: [
      edit(
        'commands.ts',
        'if (mailbox === undefined) return replies.addressUnknown;',
        'if (mailbox === undefined) {\n' +
          '      recipients.length = 0;\n' +
          '      return replies.addressUnknown;\n' +
          '    }',
      ),
    ],
    kills: ['v4/unknown-recipient-goes-on'],
  },
  {
    id: 'name-begins-alike',
    stage: 'v4',
    mistake: 'Who begins like an account is taken for it.',
    edits: [
      edit(
        'directory.ts',
        'return name !== undefined && this.names().has(name) ? name : undefined;',
        'return Array.from(this.names()).find((one) => name?.startsWith(one));',
      ),
    ],
    kills: ['v4/whole-name'],
  },
  {
    id: 'sender-not-looked-at',
    stage: 'v4',
    mistake: 'The sender may hold control octets.',
    edits: [
      edit(
        'understand.ts',
        '  if (hasControls(path))',
        "  if (keyword === 'TO:' && hasControls(path))",
      ),
      edit(
        'commands.ts',
        '    if (!isUtf8 && !isAscii(address)) return replies.noUtf8;\n' + '    if (!mayBeFrom',
        String.raw`    if (!isUtf8 && /[^\0-\x7F]/.test(address)) return replies.noUtf8;` +
          '\n    if (!mayBeFrom',
      ),
    ],
    kills: ['v4/sender-control-octets'],
  },
  {
    id: 'accounts-in-an-object',
    stage: 'v4',
    mistake: 'Accounts are looked up in an object.',
    edits: [
      edit('directory.ts', 'this.names().has(name) ?', '(this.names().has(name) || name in {}) ?'),
    ],
    kills: ['v4/prototype-names'],
  },
  {
    id: 'no-bdat',
    stage: 'v4',
    mistake: 'BDAT is offered, and unknown.',
    edits: [edit('commands.ts', '  BDAT,\n', '')],
    kills: ['v4/bdat'],
  },
  {
    id: 'last-chunk-only',
    stage: 'v4',
    mistake: 'Of several chunks the last is kept.',
    edits: [
      edit(
        'session.ts',
        '    this.chunk = { isLast, refusal };',
        '    this.chunk = { isLast, refusal };\n' +
          '    this.chunks = new ChunkReader(this.settings.limits);',
      ),
    ],
    kills: ['v4/bdat-chunks'],
  },
  {
    id: 'no-empty-chunk',
    stage: 'v4',
    mistake: 'A chunk of no octets is refused.',
    edits: [
      edit(
        'understand.ts',
        String.raw`/^(\d{1,15})(?: +(LAST))?$/i`,
        String.raw`/^([1-9]\d{0,14})(?: +(LAST))?$/i`,
      ),
    ],
    kills: ['v4/bdat-nothing-last'],
  },
  {
    id: 'dot-ends-chunk',
    stage: 'v4',
    mistake: 'A lone dot ends a chunk.',
    edits: [
      edit(
        'chunks.ts',
        '    const taken = octets.subarray(0, this.left);',
        String.raw`    const dot = Buffer.from(octets).toString('latin1').search(/(?<=^|\r\n)\.\r\n/);` +
          '\n' +
          '    if (dot !== -1) this.left = Math.min(this.left, dot + 3);\n' +
          '    const taken = octets.subarray(0, this.left);',
      ),
    ],
    kills: ['v4/bdat-commands'],
  },
  {
    id: 'chunk-unstuffed',
    stage: 'v4',
    mistake: 'Dots are taken away from the lines of a chunk.',
    edits: [
      edit(
        'chunks.ts',
        '    return this.octets.subarray(0, this.size);',
        "    const text = Buffer.from(this.octets.subarray(0, this.size)).toString('latin1');\n" +
          String.raw`    return Buffer.from(text.replace(/^\.(?=.)/gm, ''), 'latin1');`,
      ),
    ],
    kills: ['v4/bdat-dots'],
  },
  {
    id: 'chunk-needs-line-end',
    stage: 'v4',
    mistake: 'A text that does not end in CR LF is refused.',
    edits: [edit('chunks.ts', 'if (this.previous === CR) this', 'if (this.previous !== LF) this')],
    kills: ['v4/bdat-open-end'],
  },
  {
    id: 'refused-chunk-obeyed',
    stage: 'v4',
    mistake: 'The octets of a chunk that was refused are obeyed.',
    edits: [
      edit(
        'session.ts',
        "const chunk = verb === 'BDAT' ? understandChunk(understood.argument) : undefined;",
        'const chunk = undefined;',
      ),
    ],
    kills: ['v4/bdat-without-recipient'],
  },
  {
    id: 'data-behind-bdat',
    stage: 'v4',
    mistake: 'DATA is accepted behind a chunk.',
    edits: [
      edit(
        'commands.ts',
        "const DATA: Command<string> = {\n  allowed: ['rcpt'],",
        "const DATA: Command<string> = {\n  allowed: ['rcpt', 'chunks'],",
      ),
    ],
    kills: ['v4/bdat-then-data'],
  },
  {
    id: 'any-chunk-size',
    stage: 'v4',
    mistake: 'BDAT waits for as many octets as a word says.',
    edits: [
      edit(
        'understand.ts',
        String.raw`/^(\d{1,15})(?: +(LAST))?$/i`,
        String.raw`/^(-?\w*)(?: +(LAST))?$/i`,
      ),
    ],
    kills: ['v4/bdat-wrong-size'],
  },
  {
    id: 'rset-keeps-chunks',
    stage: 'v4',
    mistake: 'RSET keeps the chunks.',
    edits: [
      edit(
        'session.ts',
        '      if (outcome.code < 400) this.enter(command.next, now);',
        '      const kept = this.chunks;\n' +
          '      if (outcome.code < 400) this.enter(command.next, now);\n' +
          "      if (verb === 'RSET') this.chunks = kept;",
      ),
    ],
    kills: ['v4/bdat-rset'],
  },
  {
    id: 'packet-ends-with-chunk',
    stage: 'v4',
    mistake: 'What stands behind a chunk in its packet is thrown away.',
    edits: [
      edit(
        'session.ts',
        'if (this.chunks.complete) this.finishChunk(now);\n    return position;',
        'if (this.chunks.complete) this.finishChunk(now);\n' + '    return octets.length;',
      ),
    ],
    kills: ['v4/bdat-in-one-packet'],
  },
  {
    id: 'octet-ends-chunk',
    stage: 'v4',
    mistake: 'A packet of one octet is taken for the end of a chunk.',
    edits: [
      edit(
        'chunks.ts',
        '    this.left -= taken.length;',
        '    this.left = taken.length === 1 ? 0 : this.left - taken.length;',
      ),
    ],
    kills: ['v4/bdat-byte-by-byte'],
  },
  {
    id: 'starttls-takes-argument',
    stage: 'v4',
    mistake: 'STARTTLS is obeyed with an argument, too.',
    edits: [
      edit(
        'commands.ts',
        "next: 'tls',\n  understand: understandNothing,",
        "next: 'tls',\n  understand: understandAnything,",
      ),
    ],
    kills: ['v4/starttls-argument'],
  },
  {
    id: 'starttls-offered-again',
    stage: 'v4',
    mistake: 'STARTTLS is offered under TLS, too.',
    edits: [
      edit(
        'commands.ts',
        "    isSecure ? `AUTH ${mechanisms.join(' ')}` : 'STARTTLS',",
        "    'STARTTLS',\n" + "    ...(isSecure ? [`AUTH ${mechanisms.join(' ')}`] : []),",
      ),
    ],
    kills: ['v4/starttls-once'],
  },
  {
    id: 'starttls-keeps-mail',
    stage: 'v4',
    mistake: 'MAIL from before TLS still counts.',
    edits: [
      edit(
        'session.ts',
        'export class Session {',
        'let kept: Transaction | undefined;\nexport class Session {',
      ),
      edit(
        'session.ts',
        "    if (greeting === 'greet') this.reply(replies.greeting);",
        "    if (greeting === 'greet') this.reply(replies.greeting);\n" +
          '    else if (kept?.reversePath) {\n' +
          '      this.transaction = { ...kept, client: this.client };\n' +
          "      this.state = 'mail';\n" +
          '    }',
      ),
      edit(
        'session.ts',
        '  private startTls(): void {\n',
        '  private startTls(): void {\n    kept = this.transaction;\n',
      ),
    ],
    kills: ['v4/starttls-forgets'],
  },
  {
    id: 'handshake-error-not-caught',
    stage: 'v4',
    mistake: 'An error in the handshake ends the server.',
    edits: [
      edit(
        'handshake.ts',
        "    secure.on('_tlsError', fail);\n",
        "    secure.on('_tlsError', () => setImmediate(() => { throw new Error('the handshake failed'); }));\n",
      ),
    ],
    kills: ['v4/tls-garbage', 'v4/stls-one-packet', 'v4/stls-garbage', 'v4/pop3s-in-clear'],
  },
  {
    id: 'starttls-keeps-octets',
    stage: 'v4',
    mistake: 'What came along with STARTTLS is obeyed when TLS has begun.',
    edits: [
      edit(
        'session.ts',
        'export class Session {',
        'let left: Uint8Array[] = [];\nexport class Session {',
      ),
      edit(
        'session.ts',
        "      this.note('octets came behind STARTTLS, before the handshake');\n" +
          "      this.actions.push({ type: 'close' });",
        '      left = this.waiting.splice(0);\n' +
          "      this.actions.push({ type: 'start tls' });",
      ),
      edit(
        'session.ts',
        "    if (greeting === 'greet') this.reply(replies.greeting);",
        "    if (greeting === 'greet') this.reply(replies.greeting);\n" +
          '    else this.waiting.push(...left.splice(0));',
      ),
    ],
    kills: ['v4/starttls-injection'],
  },
  {
    id: 'half-line-kept',
    stage: 'v4',
    mistake: 'Half a line from before TLS is the beginning of the next.',
    edits: [
      edit(
        'session.ts',
        'export class Session {',
        'let left: Uint8Array[] = [];\nexport class Session {',
      ),
      edit(
        'session.ts',
        "      this.note('octets came behind STARTTLS, before the handshake');\n" +
          "      this.actions.push({ type: 'close' });",
        '      left = this.waiting.splice(0).filter((octets) => !octets.includes(10));\n' +
          "      this.actions.push({ type: 'start tls' });",
      ),
      edit(
        'session.ts',
        "    if (greeting === 'greet') this.reply(replies.greeting);",
        "    if (greeting === 'greet') this.reply(replies.greeting);\n" +
          '    else this.waiting.push(...left.splice(0));',
      ),
    ],
    kills: ['v4/starttls-half-command'],
  },
  {
    id: 'clear-lines-before-handshake',
    stage: 'v4',
    mistake: 'Lines between 220 and the handshake are obeyed.',
    edits: [
      edit(
        'listen.ts',
        '    try {\n      const { context } = this.certificate;',
        '    let early = Buffer.alloc(0);\n' +
          '    try {\n' +
          "      if (greeting === 'go on') {\n" +
          "        const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));\n" +
          '        socket.pause();\n' +
          '        const at = Math.max(0, first.indexOf(0x16));\n' +
          '        early = first.subarray(0, at);\n' +
          '        socket.unshift(first.subarray(at));\n' +
          '      }\n' +
          '      const { context } = this.certificate;',
      ),
      edit(
        'listen.ts',
        '      this.talk(true, greeting);',
        '      this.talk(true, greeting);\n' +
          '      if (early.length > 0) this.perform(this.served!.session.receive(early, Date.now()));',
      ),
    ],
    kills: ['v4/starttls-late-injection', 'v4/stls-one-packet'],
  },
  {
    id: 'handshakes-in-turn',
    stage: 'v4',
    mistake: 'One handshake is made after the other.',
    edits: [
      edit(
        'listen.ts',
        '/** Lets sessions and a socket talk',
        'let turn: Promise<unknown> = Promise.resolve();\n' + '/** Lets sessions and a socket talk',
      ),
      edit(
        'listen.ts',
        'const secure = await handshake(socket, context, this.limits.handshakeSeconds);',
        'const mine = turn.then(() => handshake(socket, context, this.limits.handshakeSeconds));\n' +
          '      turn = mine.catch(() => {});\n' +
          '      const secure = await mine;',
      ),
    ],
    kills: ['v4/tls-silence'],
  },
  {
    id: 'plain-at-once-only',
    stage: 'v4',
    mistake: 'AUTH PLAIN must bring its answer along.',
    edits: [
      edit(
        'session.ts',
        '    this.exchange = new Exchange(mechanism);',
        "    if (mechanism === 'PLAIN' && answer === undefined) return this.failLogin(replies.sayAuth);\n" +
          '    this.exchange = new Exchange(mechanism);',
      ),
    ],
    kills: ['v4/auth-plain-asked'],
  },
  {
    id: 'no-auth-login',
    stage: 'v4',
    mistake: 'AUTH LOGIN is unknown.',
    edits: [edit('sasl.ts', "['PLAIN', 'LOGIN'] as const", "['PLAIN'] as const")],
    kills: ['v4/auth-login'],
  },
  {
    id: 'first-answer-ignored',
    stage: 'v4',
    mistake: 'The name that AUTH LOGIN brings along is asked for all the same.',
    edits: [
      edit(
        'session.ts',
        'this.takeStep(answer === undefined ?',
        "this.takeStep(answer === undefined || mechanism === 'LOGIN' ?",
      ),
    ],
    kills: ['v4/auth-login-at-once'],
  },
  {
    id: 'identity-refused',
    stage: 'v4',
    mistake: 'Whoever says on whose behalf is refused.',
    edits: [
      edit(
        'session.ts',
        'directory.accountOfLogin(credentials);',
        "credentials.authorization !== '' ? undefined : directory.accountOfLogin(credentials);",
      ),
    ],
    kills: ['v4/auth-identity'],
  },
  {
    id: 'identity-ignored',
    stage: 'v4',
    mistake: 'On whose behalf somebody logs in is not looked at.',
    edits: [
      edit(
        'session.ts',
        'directory.accountOfLogin(credentials);',
        'directory.accountOf(credentials.name);',
      ),
    ],
    kills: ['v4/auth-other-identity'],
  },
  {
    id: 'cancelled-is-goodbye',
    stage: 'v4',
    mistake: 'Who cancels a login is sent away.',
    edits: [
      edit('session.ts', 'this.failLogin(replies.loginCancelled);', 'this.close(replies.goodbye);'),
    ],
    kills: ['v4/auth-cancelled'],
  },
  {
    id: 'base64-not-looked-at',
    stage: 'v4',
    mistake: 'Base64 is decoded without a look, and the error is not caught.',
    edits: [
      edit(
        'sasl.ts',
        '    return undefined;\n  }\n  const octets',
        '    void 0;\n  }\n  const octets',
      ),
    ],
    kills: ['v4/auth-bad-base64', 'v4/pop3-auth-bad-base64'],
  },
  {
    id: 'nuls-not-counted',
    stage: 'v4',
    mistake: 'AUTH PLAIN is cut at its NULs without a look.',
    edits: [
      edit(
        'sasl.ts',
        '  if (name === undefined || password === undefined || more.length > 0) return MALFORMED;\n',
        '',
      ),
    ],
    kills: ['v4/auth-malformed', 'v4/pop3-auth-bad-base64', 'v4/pop3-auth-no-command'],
  },
  {
    id: 'empty-password-opens',
    stage: 'v4',
    mistake: 'An empty password is right.',
    edits: [
      edit('sasl.ts', "if (name === '' || password === '') return", "if (name === '') return"),
      edit(
        'services.ts',
        'const check = () => accounts',
        "const check = async () => password === '' && account !== undefined || accounts",
      ),
    ],
    kills: ['v4/auth-empty-password', 'v4/pop3-auth-wrong-password'],
  },
  {
    id: 'login-twice',
    stage: 'v4',
    mistake: 'Who has logged in may log in again.',
    edits: [
      edit(
        'commands.ts',
        'return client.account === undefined ? { login } : replies.loginTwice;',
        'return { login };',
      ),
    ],
    kills: ['v4/auth-twice'],
  },
  {
    id: 'login-in-transaction',
    stage: 'v4',
    mistake: 'AUTH is accepted within a transaction.',
    edits: [
      edit(
        'commands.ts',
        "allowed: ['ready'],\n  next: 'login',",
        "allowed: ['ready', 'mail'],\n  next: 'login',",
      ),
    ],
    kills: ['v4/auth-in-transaction'],
  },
  {
    id: 'any-mechanism',
    stage: 'v4',
    mistake: 'An unknown mechanism is taken for PLAIN.',
    edits: [
      edit(
        'understand.ts',
        'return mechanism ? { value: { mechanism, answer } } : { refusal: replies.unknownMechanism };',
        "return { value: { mechanism: mechanism ?? 'PLAIN', answer } };",
      ),
    ],
    kills: ['v4/prototype-names', 'v4/auth-unknown-mechanism'],
  },
  {
    id: 'quit-in-login',
    stage: 'v4',
    mistake: 'QUIT is obeyed in the middle of a login.',
    edits: [
      edit(
        'session.ts',
        "if (this.state === 'login') this.takeAnswer(line);",
        "if (this.state === 'login' && !/^QUIT/i.test(String.fromCharCode(...line))) this.takeAnswer(line);",
      ),
      edit(
        'commands.ts',
        'const QUIT: Command<string> = {\n  allowed: anywhere,',
        "const QUIT: Command<string> = {\n  allowed: [...anywhere, 'login'],",
      ),
    ],
    kills: ['v4/auth-lines'],
  },
  {
    id: 'long-line-cut',
    stage: 'v4',
    mistake: 'A line of more than 4096 octets becomes several.',
    edits: [
      edit('session.ts', 'LOGIN_LINE = 12_288', 'LOGIN_LINE = 4096'),
      edit(
        'understand.ts',
        '      this.tooLong = true;',
        '      const room = this.octets.length - this.length;\n' +
          '      this.octets.set(octets.subarray(0, room), this.length);\n' +
          '      this.length += room;\n' +
          '      this.complete = true;\n' +
          '      return room;',
      ),
    ],
    kills: ['v4/auth-long-line'],
  },
  {
    id: 'one-try',
    stage: 'v4',
    mistake: 'After a wrong password no other is right.',
    edits: [
      edit(
        'session.ts',
        "if (answer === 'right') {",
        "if (answer === 'right' && this.wrongPasswords === 0) {",
      ),
    ],
    kills: ['v4/auth-right-after-wrong'],
  },
  {
    id: 'nobody-told',
    stage: 'v4',
    mistake: 'That nobody has the name is told.',
    edits: [
      edit(
        'session.ts',
        "    this.request({ type: 'authenticate'",
        '    if (this.account === undefined) return this.failLogin(replies.addressUnknown);\n' +
          "    this.request({ type: 'authenticate'",
      ),
    ],
    kills: ['v4/auth-nobody'],
  },
  {
    id: 'silent-after-failures',
    stage: 'v4',
    mistake: 'After five wrong passwords the server says nothing more.',
    edits: [edit('session.ts', 'return this.close(replies.tooManyPasswords);', 'return;')],
    kills: ['v4/auth-many-failures'],
  },
  {
    id: 'let-in-after-failures',
    stage: 'v4',
    mistake: 'The sixth password is right, whatever it is.',
    edits: [
      edit(
        'session.ts',
        "if (answer === 'right') {",
        "if (answer === 'right' || this.wrongPasswords === 4) {",
      ),
    ],
    kills: ['v4/auth-many-failures'],
  },
  {
    id: 'controls-in-domain',
    stage: 'v4',
    mistake: 'Control octets behind the @ of a name are cut off with the domain.',
    edits: [edit('directory.ts', 'hasControls(address) || ', '')],
    kills: ['v4/auth-control-octets'],
  },
  {
    id: 'login-in-small-letters',
    stage: 'v4',
    mistake: 'Who logs in must write the name in small letters.',
    edits: [
      edit(
        'session.ts',
        'directory.accountOfLogin(credentials);',
        '/[A-Z]/.test(credentials.name) ? undefined : directory.accountOfLogin(credentials);',
      ),
    ],
    kills: ['v4/auth-by-address'],
  },
  {
    id: 'submission-in-clear',
    stage: 'v4',
    mistake: 'Before TLS everybody may submit a message.',
    edits: [
      edit(
        'commands.ts',
        'if (!isSubmitting || account !== undefined) return undefined;',
        'if (!isSubmitting || account !== undefined || !isSecure) return undefined;',
      ),
    ],
    kills: ['v4/submission-in-clear'],
  },
  {
    id: 'any-sender',
    stage: 'v4',
    mistake: 'Who has logged in may send under any name.',
    edits: [
      edit(
        'commands.ts',
        "return account === undefined || address === '' ||",
        "return account !== '' || address === '' ||",
      ),
    ],
    kills: ['v4/submission-sender'],
  },
  {
    id: 'rset-logs-out',
    stage: 'v4',
    mistake: 'RSET ends the login.',
    edits: [
      edit(
        'session.ts',
        '      if (outcome.code < 400) this.enter(command.next, now);',
        '      if (outcome.code < 400) this.enter(command.next, now);\n' +
          "      if (verb === 'RSET') this.client.account = undefined;",
      ),
    ],
    kills: ['v4/login-stays'],
  },
  {
    id: 'smtps-in-clear',
    stage: 'v4',
    mistake: 'On the port smtps there is no TLS.',
    edits: [
      edit(
        'services.ts',
        "smtpService('smtps', { isSubmitting: true, isSecure: true }",
        "smtpService('smtps', { isSubmitting: true, isSecure: false }",
      ),
    ],
    kills: ['v4/smtps'],
  },
  {
    id: 'smtps-open',
    stage: 'v4',
    mistake: 'On the port smtps everybody may send.',
    edits: [
      edit(
        'services.ts',
        "smtpService('smtps', { isSubmitting: true,",
        "smtpService('smtps', { isSubmitting: false,",
      ),
    ],
    kills: ['v4/smtps-refused'],
  },
  {
    id: 'one-buffer-of-tls',
    stage: 'v4',
    mistake: 'What TLS gives at once is cut at 8000 octets.',
    edits: [
      edit(
        'listen.ts',
        'served.session.receive(octets, Date.now())',
        'served.session.receive(isSecure ? octets.subarray(0, 8000) : octets, Date.now())',
      ),
    ],
    kills: ['v4/auth-long-line', 'v4/tls-long-text'],
  },
  {
    id: 'record-is-a-line',
    stage: 'v4',
    mistake: 'A record of TLS is taken for a line.',
    edits: [
      edit(
        'listen.ts',
        'served.session.receive(octets, Date.now())',
        String.raw`served.session.receive(isSecure && !octets.includes(10) ? Buffer.concat([octets, Buffer.from('\r\n')]) : octets, Date.now())`,
      ),
    ],
    kills: ['v4/tls-byte-by-byte', 'v4/pop3s-byte-by-byte'],
  },
  {
    id: 'ehlo-wants-letters',
    stage: 'v4',
    mistake: 'EHLO takes no address for a name.',
    edits: [
      edit(
        'commands.ts',
        'const EHLO: Command<string> = {\n  ...HELO,',
        'const EHLO: Command<string> = {\n' +
          '  ...HELO,\n' +
          "  understand: (argument) => argument.includes('[') ? { refusal: replies.sayHelo } : understandName(argument),",
      ),
    ],
    kills: ['v4/smtplib-with-ehlo', 'v4/thunderbird-sends'],
  },
  {
    id: 'login-forgets-ehlo',
    stage: 'v4',
    mistake: 'After a login MAIL takes no parameters.',
    edits: [
      edit(
        'session.ts',
        '      this.client.account = this.account;\n',
        '      this.client.account = this.account;\n' + '      this.client.isExtended = false;\n',
      ),
    ],
    kills: ['v4/thunderbird-sends'],
  },
  {
    id: 'greets-again-under-tls',
    stage: 'v4',
    mistake: 'Behind STLS there is a second greeting.',
    edits: [
      edit('pop3/session.ts', "if (greeting === 'greet') this.reply", 'if (true) this.reply'),
    ],
    kills: ['v4/stls'],
  },
  {
    id: 'stls-is-unknown',
    stage: 'v4',
    mistake: 'STLS is not there.',
    edits: [edit('pop3/commands.ts', '\n  STLS,\n', '\n')],
    kills: ['v4/stls'],
  },
  {
    id: 'stls-takes-arguments',
    stage: 'v4',
    mistake: 'STLS with an argument begins TLS.',
    edits: [
      edit(
        'pop3/commands.ts',
        "moves: { authorization: 'tls', user: 'tls' },\n" + '  understand: understandNothing,',
        "moves: { authorization: 'tls', user: 'tls' },\n" +
          '  understand: (argument: string) => ({ value: argument }),',
      ),
    ],
    kills: ['v4/stls-argument'],
  },
  {
    id: 'stls-in-tls',
    stage: 'v4',
    mistake: 'Under TLS STLS is answered with +OK.',
    edits: [
      edit(
        'pop3/commands.ts',
        '(isSecure ? replies.tlsAlready : replies.startTls)',
        '(isSecure ? replies.ok : replies.startTls)',
      ),
      edit(
        'pop3/commands.ts',
        "moves: { authorization: 'tls', user: 'tls' },",
        "moves: { authorization: 'tls', user: 'tls', transaction: 'transaction' },",
      ),
    ],
    kills: ['v4/stls-twice'],
  },
  {
    id: 'stls-keeps-the-name',
    stage: 'v4',
    mistake: 'A name said in clear is good under TLS.',
    edits: [
      edit(
        'pop3/commands.ts',
        'if (!client.isSecure) return replies.tlsFirst;\n    client.name = name;',
        'client.name = name; globalThis.lastName = name;',
      ),
      edit(
        'pop3/session.ts',
        "this.client = { isSecure, name: '', maildrop",
        "this.client = { isSecure, name: isSecure ? (globalThis.lastName ?? '') : '', maildrop",
      ),
      edit(
        'pop3/session.ts',
        'private state: State = start;',
        'private state: State = start as State;',
      ),
      edit(
        'pop3/session.ts',
        "if (greeting === 'greet') this.reply(replies.greeting);",
        "if (greeting === 'greet') { this.reply(replies.greeting); globalThis.lastName = undefined; } else if (globalThis.lastName) this.state = 'user';",
      ),
    ],
    kills: ['v4/stls-forgets', 'v4/account-in-clear'],
  },
  {
    id: 'stls-obeys-what-came-along',
    stage: 'v4',
    mistake: 'What came with STLS is obeyed under TLS.',
    edits: [
      edit(
        'pop3/session.ts',
        'if (this.waiting.length > 0) {\n' +
          "      this.note('octets came behind STLS, before the handshake');\n" +
          "      this.actions.push({ type: 'close' });\n" +
          '    } else {\n' +
          "      this.actions.push({ type: 'start tls' });\n" +
          '    }',
        'globalThis.kept = this.waiting;\n' + "    this.actions.push({ type: 'start tls' });",
      ),
      edit(
        'pop3/session.ts',
        "if (greeting === 'greet') this.reply(replies.greeting);",
        "if (greeting === 'greet') this.reply(replies.greeting);\n" +
          '    else { this.waiting = globalThis.kept; this.work(now); }',
      ),
    ],
    kills: ['v4/stls-injected', 'v4/stls-half-a-line'],
  },
  {
    id: 'stls-answers-in-clear',
    stage: 'v4',
    mistake: 'What came with STLS is answered before the handshake.',
    edits: [
      edit(
        'pop3/session.ts',
        "return this.requested !== undefined || this.state === 'closed' || this.state === 'tls';",
        "return this.requested !== undefined || this.state === 'closed';",
      ),
      edit(
        'pop3/session.ts',
        'if (!command.moves[this.state]) return',
        "if (!command.moves[this.state] && this.state !== 'tls') return",
      ),
      edit('pop3/session.ts', 'if (this.waiting.length > 0) {', 'if (this.waiting.length > 9) {'),
    ],
    kills: ['v4/stls-injected'],
  },
  {
    id: 'reads-before-handshake',
    stage: 'v4',
    mistake: 'Octets behind the +OK are read as a line until the handshake begins.',
    edits: [
      edit(
        'listen.ts',
        "          void this.startTls('go on');\n          return;",
        String.raw`          socket.once('data', (first: Buffer) => { socket.pause(); const end = first.indexOf(10); const line = first.subarray(0, end + 1).toString('latin1'); const isClear = /^[A-Z]+\r\n$/.test(line); if (isClear) socket.write('-ERR what?\r\n'); socket.unshift(isClear ? first.subarray(end + 1) : first); void this.startTls('go on'); });` +
          '\n' +
          '          return;',
      ),
    ],
    kills: ['v4/starttls-late-injection', 'v4/stls-one-packet'],
  },
  {
    id: 'handshake-error-kills',
    stage: 'v4',
    mistake: 'Nobody catches the error of a handshake.',
    edits: [
      edit(
        'listen.ts',
        'visitor.log.warn(`the TLS handshake failed: ${(error as Error).message}`);',
        "if ((error as Error).message !== 'the client has left') throw new Error('no handshake');",
      ),
    ],
    kills: ['v4/tls-garbage', 'v4/stls-one-packet', 'v4/stls-garbage', 'v4/pop3s-in-clear'],
  },
  {
    id: 'one-handshake-at-a-time',
    stage: 'v4',
    mistake: 'A handshake waits for the one before.',
    edits: [
      edit(
        'listen.ts',
        'const secure = await handshake(socket, context, this.limits.handshakeSeconds);',
        'const before = globalThis.before; const mine = (async () => { await before; return handshake(socket, context, this.limits.handshakeSeconds); })(); globalThis.before = mine.then(() => {}, () => {});\n' +
          '      const secure = await mine;',
      ),
    ],
    kills: ['v4/stls-silent', 'v4/pop3s-silent'],
  },
  {
    id: 'pop3s-in-plain-text',
    stage: 'v4',
    mistake: 'The port for POP3S speaks plain text.',
    edits: [
      edit(
        'services.ts',
        "pop3Service('pop3s', { isSecure: true }",
        "pop3Service('pop3s', { isSecure: false }",
      ),
    ],
    kills: ['v4/pop3s'],
  },
  {
    id: 'pop3s-greets-before-tls',
    stage: 'v4',
    mistake: 'On POP3S the greeting comes before the handshake.',
    edits: [
      edit(
        'listen.ts',
        "if (service.isSecure) void this.startTls('greet');",
        String.raw`if (service.isSecure) { if (service.name === 'pop3s') socket.write('+OK ready\r\n'); void this.startTls('greet'); }`,
      ),
    ],
    kills: ['v4/pop3s'],
  },
  {
    id: 'two-kilobytes-at-once',
    stage: 'v4',
    mistake: 'Of what comes at once under TLS 2048 octets are read.',
    edits: [
      edit(
        'listen.ts',
        'served.session.receive(octets, ',
        'served.session.receive(isSecure ? octets.subarray(0, 2048) : octets, ',
      ),
    ],
    kills: ['v4/auth-long-line', 'v4/pop3s-thousand-commands'],
  },
  {
    id: 'pop3s-deletes-nothing',
    stage: 'v4',
    mistake: 'On the port for POP3S nothing is deleted at QUIT.',
    edits: [
      edit(
        'services.ts',
        'await mailbox?.remove(remove);',
        "if (name !== 'pop3s') await mailbox?.remove(remove);",
      ),
    ],
    kills: ['v4/pop3s-sent-and-read'],
  },
  {
    id: 'capa-in-one-line',
    stage: 'v4',
    mistake: 'CAPA is answered in one line.',
    edits: [
      edit(
        'pop3/commands.ts',
        '  run: ({ isSecure }) =>\n    tell.capabilities([',
        '  run: ({ isSecure }) =>\n' +
          '    isSecure !== undefined ? replies.ok : tell.capabilities([',
      ),
    ],
    kills: ['v4/capa'],
  },
  {
    id: 'capa-before-login-only',
    stage: 'v4',
    mistake: 'After the login CAPA is out of order.',
    edits: [
      edit(
        'pop3/commands.ts',
        "moves: { authorization: 'authorization', user: 'user', ...inTransaction },",
        "moves: { authorization: 'authorization', user: 'user' },",
      ),
    ],
    kills: ['v4/capa-after-login'],
  },
  {
    id: 'capa-without-uidl',
    stage: 'v4',
    mistake: 'CAPA does not name UIDL.',
    edits: [edit('pop3/commands.ts', "      'UIDL',\n", '')],
    kills: ['v4/capa-uidl'],
  },
  {
    id: 'capa-without-top',
    stage: 'v4',
    mistake: 'CAPA does not name TOP.',
    edits: [edit('pop3/commands.ts', "      'TOP',\n", '')],
    kills: ['v4/capa-top'],
  },
  {
    id: 'capa-without-resp-codes',
    stage: 'v4',
    mistake: 'CAPA does not name RESP-CODES.',
    edits: [edit('pop3/commands.ts', "      'RESP-CODES',\n", '')],
    kills: ['v4/capa-resp-codes'],
  },
  {
    id: 'capa-without-pipelining',
    stage: 'v4',
    mistake: 'CAPA does not name PIPELINING.',
    edits: [edit('pop3/commands.ts', "      'PIPELINING',\n", '')],
    kills: ['v4/capa-pipelining'],
  },
  {
    id: 'capa-without-stls',
    stage: 'v4',
    mistake: 'CAPA does not name STLS.',
    edits: [edit('pop3/commands.ts', " : ['STLS']),", ' : []),')],
    kills: ['v4/capa-stls'],
  },
  {
    id: 'capa-always-the-same',
    stage: 'v4',
    mistake: 'CAPA names STLS and PLAIN, under TLS and in clear.',
    edits: [
      edit(
        'pop3/commands.ts',
        "...(isSecure ? ['USER', `SASL ${mechanisms.join(' ')}`] : ['STLS']),",
        "'USER', `SASL ${mechanisms.join(' ')}`, ...(isSecure !== undefined ? ['STLS'] : []),",
      ),
    ],
    kills: ['v4/capa-no-stls', 'v4/capa-in-clear'],
  },
  {
    id: 'capa-without-plain',
    stage: 'v4',
    mistake: 'CAPA does not name PLAIN.',
    edits: [
      edit(
        'pop3/commands.ts',
        "['USER', `SASL ${mechanisms.join(' ')}`]",
        "isSecure ? ['USER'] : []",
      ),
    ],
    kills: ['v4/capa-sasl'],
  },
  {
    id: 'pop3-any-password',
    stage: 'v4',
    mistake: 'Any password will do.',
    edits: [
      edit(
        'services.ts',
        'const check = () => accounts.verify(account, password);',
        'const check = async () => account !== undefined;',
      ),
    ],
    kills: ['v4/wrong-password', 'v4/account-wrong-password'],
  },
  {
    id: 'pop3-passwords-in-clear',
    stage: 'v4',
    mistake: 'USER and PASS are obeyed in clear.',
    edits: [
      edit(
        'pop3/commands.ts',
        'if (!client.isSecure) return replies.tlsFirst;\n    client.name',
        'client.name',
      ),
    ],
    kills: ['v4/account-in-clear'],
  },
  {
    id: 'first-word-of-password',
    stage: 'v4',
    mistake: 'The password ends at its first blank.',
    edits: [
      edit(
        'pop3/commands.ts',
        "run: ({ name }, password) => ({ credentials: { authorization: '', name, password } }),",
        "run: ({ name }, password) => ({ credentials: { authorization: '', name, password: password.split(' ')[0]! } }),",
      ),
    ],
    kills: ['v4/account-longer-password'],
  },
  {
    id: 'mailbox-as-typed',
    stage: 'v4',
    mistake: 'The mailbox is that of the name as it was typed.',
    edits: [
      edit(
        'pop3/session.ts',
        "if (verdict === 'right') return this.request({ type: 'open', mailbox: this.account! });",
        "if (verdict === 'right') return this.request({ type: 'open', mailbox: this.client.name === 'bob@example.com' || !this.client.name ? this.account! : this.client.name });",
      ),
    ],
    kills: ['v4/account-one-mailbox'],
  },
  {
    id: 'unknown-user-told',
    stage: 'v4',
    mistake: 'An unknown name is told so at PASS.',
    edits: [
      edit(
        'pop3/session.ts',
        'if (this.wrongPasswords < this.limits.wrongPasswords) this.failLogin(replies.wrongLogin);',
        "if (this.wrongPasswords < this.limits.wrongPasswords) this.failLogin(this.account === undefined ? { ok: false, text: '[AUTH] There is nobody of this name' } : replies.wrongLogin);",
      ),
    ],
    kills: ['v4/account-nobody'],
  },
  {
    id: 'object-of-accounts',
    stage: 'v4',
    mistake: 'The accounts are an object, and every word that objects know is one of them.',
    edits: [
      edit('directory.ts', 'this.names().has(name) ?', '(this.names().has(name) || name in {}) ?'),
      edit(
        'services.ts',
        'const check = () => accounts.verify(account, password);',
        'const check = async () => (account !== undefined && account in {}) || accounts.verify(account, password);',
      ),
    ],
    kills: ['v4/prototype-names', 'v4/account-prototype-names'],
  },
  {
    id: 'account-is-closed',
    stage: 'v4',
    mistake: 'After three wrong passwords an account is closed.',
    edits: [
      edit(
        'services.ts',
        'const check = () => accounts.verify(account, password);',
        'const check = async () => { const wrong = (globalThis.wrong ??= new Map()); if ((wrong.get(account) ?? 0) >= 3) return false; const isRight = await accounts.verify(account, password); if (!isRight && account) wrong.set(account, (wrong.get(account) ?? 0) + 1); else wrong.delete(account); return isRight; };',
      ),
    ],
    kills: ['v4/account-guessed'],
  },
  {
    id: 'a-lock-for-each-port',
    stage: 'v4',
    mistake: 'Each port has locks of its own.',
    edits: [
      edit(
        'services.ts',
        'mailbox = await mailboxes.lock(account, {',
        "mailbox = await (name === 'pop3s' ? ((globalThis.second ??= await (mailboxes.constructor).open(mailboxes.folder, mailboxes.journal, () => {})) as Mailboxes) : mailboxes).lock(account, {",
      ),
    ],
    kills: ['v4/account-in-use'],
  },
  {
    id: 'pop3-auth-unknown',
    stage: 'v4',
    mistake: 'AUTH is not there.',
    edits: [edit('pop3/commands.ts', '\n  AUTH,\n', '\n')],
    kills: ['v4/pop3-auth-plain'],
  },
  {
    id: 'pop3-auth-asks-with-ok',
    stage: 'v4',
    mistake: 'AUTH PLAIN is answered with +OK instead of +.',
    edits: [
      edit('pop3/replies.ts', 'return `+ ${base64}\\r\\n`;', 'return `+OK ${base64}\\r\\n`;'),
    ],
    kills: ['v4/pop3-auth-plain'],
  },
  {
    id: 'pop3-auth-always-asks',
    stage: 'v4',
    mistake: 'What stands behind AUTH PLAIN is passed over.',
    edits: [
      edit(
        'pop3/session.ts',
        'this.takeStep(answer === undefined ?',
        'this.takeStep(answer !== null ?',
      ),
    ],
    kills: ['v4/pop3-auth-at-once'],
  },
  {
    id: 'star-is-no-cancel',
    stage: 'v4',
    mistake: 'After * the server waits for another answer.',
    edits: [
      edit(
        'pop3/session.ts',
        "if (answer === '*') this.failLogin(replies.loginCancelled);",
        String.raw`if (answer === '*') this.send('+ \r\n');`,
      ),
    ],
    kills: ['v4/pop3-auth-cancelled'],
  },
  {
    id: 'bad-base64-kills',
    stage: 'v4',
    mistake: 'What is not base64 ends the server.',
    edits: [
      edit(
        'pop3/session.ts',
        "else if (step.type === 'malformed') this.failLogin(replies.notBase64);",
        "else if (step.type === 'malformed') throw new Error('not base64');",
      ),
    ],
    kills: ['v4/pop3-auth-bad-base64', 'v4/pop3-auth-wrong-password', 'v4/pop3-auth-no-command'],
  },
  {
    id: 'pop3-auth-without-password',
    stage: 'v4',
    mistake: 'AUTH looks at the name only.',
    edits: [
      edit(
        'pop3/session.ts',
        "this.request({ type: 'authenticate', account: this.account, password });",
        "if (this.exchange && this.account) { this.request({ type: 'open', mailbox: this.account }); return; }\n" +
          "    this.request({ type: 'authenticate', account: this.account, password });",
      ),
    ],
    kills: ['v4/pop3-auth-wrong-password'],
  },
  {
    id: 'as-nobody-only',
    stage: 'v4',
    mistake: 'A first text in PLAIN is refused.',
    edits: [
      edit(
        'sasl.ts',
        'if (name === undefined || password === undefined || more.length > 0) return MALFORMED;',
        'if (authorization || name === undefined || password === undefined || more.length > 0) return MALFORMED;',
      ),
    ],
    kills: ['v4/auth-identity', 'v4/pop3-auth-as-himself'],
  },
  {
    id: 'acts-as-anybody',
    stage: 'v4',
    mistake: 'The mailbox of the first text is opened.',
    edits: [
      edit(
        'pop3/session.ts',
        'this.directory.accountOfLogin(credentials);',
        'this.directory.accountOf(credentials.name);',
      ),
    ],
    kills: ['v4/pop3-auth-as-somebody-else'],
  },
  {
    id: 'pop3-auth-in-clear',
    stage: 'v4',
    mistake: 'AUTH is obeyed in clear.',
    edits: [
      edit(
        'pop3/commands.ts',
        'if (!isSecure) return replies.tlsFirst;\n    return { login };',
        'return { login };',
      ),
    ],
    kills: ['v4/pop3-auth-in-clear'],
  },
  {
    id: 'pop3-auth-lines-obeyed',
    stage: 'v4',
    mistake: 'A line that is a command is obeyed in the middle of AUTH.',
    edits: [
      edit(
        'pop3/session.ts',
        "if (this.state === 'login') this.takeAnswer(line);",
        "if (this.state === 'login' && understandLine(line)?.verb === 'QUIT') { this.state = 'authorization'; this.obey(line, now); } else if (this.state === 'login') this.takeAnswer(line);",
      ),
    ],
    kills: ['v4/pop3-auth-no-command'],
  },
  {
    id: 'pop3-auth-any-way',
    stage: 'v4',
    mistake: 'Every way to log in is taken for PLAIN.',
    edits: [
      edit(
        'pop3/understand.ts',
        'const mechanism = mechanisms.find((one) => one === name.toUpperCase());',
        "const mechanism = mechanisms.find((one) => one === name.toUpperCase()) ?? 'PLAIN';",
      ),
    ],
    kills: ['v4/pop3-auth-unknown'],
  },
  {
    id: 'uidl-unknown',
    stage: 'v4',
    mistake: 'UIDL is not there.',
    edits: [edit('pop3/commands.ts', '\n  UIDL,\n', '\n')],
    kills: ['v4/uidl'],
  },
  {
    id: 'uidl-without-number',
    stage: 'v4',
    mistake: 'The lines of UIDL have names only.',
    edits: [
      edit(
        'pop3/commands.ts',
        'if (number === undefined) return listOf(client, ({ id }) => id);',
        'if (number === undefined) return tell.list(0, listOf(client, ({ id }) => id).lines!.map((line) => line.split(" ")[1]!));',
      ),
    ],
    kills: ['v4/uidl'],
  },
  {
    id: 'uidl-new-each-time',
    stage: 'v4',
    mistake: 'The names are new in each session.',
    edits: [
      edit(
        'pop3/session.ts',
        'this.client.maildrop = new Maildrop(answer.messages);',
        'globalThis.count = (globalThis.count ?? 0) + 1; this.client.maildrop = new Maildrop(answer.messages);',
      ),
      edit(
        'pop3/commands.ts',
        'if (number === undefined) return listOf(client, ({ id }) => id);',
        'if (number === undefined) return listOf(client, ({ id }) => `${id}-${globalThis.count}`);',
      ),
      edit(
        'pop3/commands.ts',
        'tell.uid(number, id)',
        'tell.uid(number, `${id}-${globalThis.count}`)',
      ),
    ],
    kills: ['v4/uidl-stable'],
  },
  {
    id: 'uidl-one-is-a-list',
    stage: 'v4',
    mistake: 'UIDL with a number gives a list of one.',
    edits: [
      edit(
        'pop3/commands.ts',
        '({ id }) => tell.uid(number, id)',
        '({ id }) => tell.list(1, [`${number} ${id}`])',
      ),
    ],
    kills: ['v4/uidl-one'],
  },
  {
    id: 'uidl-is-the-size',
    stage: 'v4',
    mistake: 'The name is the size.',
    edits: [
      edit(
        'pop3/commands.ts',
        'listOf(client, ({ id }) => id);',
        'listOf(client, ({ size }) => String(size));',
      ),
      edit(
        'pop3/commands.ts',
        '({ id }) => tell.uid(number, id)',
        '({ size }) => tell.uid(number, String(size))',
      ),
    ],
    kills: ['v4/uidl-unique'],
  },
  {
    id: 'uidl-too-long',
    stage: 'v4',
    mistake: 'The name is longer than 70 octets.',
    edits: [
      edit(
        'pop3/commands.ts',
        'listOf(client, ({ id }) => id);',
        "listOf(client, ({ id }) => `${id}-${'x'.repeat(70)}`);",
      ),
      edit(
        'pop3/commands.ts',
        '({ id }) => tell.uid(number, id)',
        "({ id }) => tell.uid(number, `${id}-${'x'.repeat(70)}`)",
      ),
    ],
    kills: ['v4/uidl-characters'],
  },
  {
    id: 'uidl-empty-error',
    stage: 'v4',
    mistake: 'UIDL of an empty mailbox gets -ERR.',
    edits: [
      edit(
        'pop3/commands.ts',
        'if (number === undefined) return listOf(client, ({ id }) => id);',
        'if (number === undefined && client.maildrop.count === 0) return replies.noSuchMessage;\n' +
          '    if (number === undefined) return listOf(client, ({ id }) => id);',
      ),
    ],
    kills: ['v4/uidl-empty'],
  },
  {
    id: 'uidl-of-nothing',
    stage: 'v4',
    mistake: 'UIDL of a message that is not there gets +OK.',
    edits: [
      edit(
        'pop3/commands.ts',
        '    return withMessage(client, number, ({ id }) => tell.uid(number, id));',
        '    if (!client.maildrop.message(number)) return replies.ok;\n' +
          '    return withMessage(client, number, ({ id }) => tell.uid(number, id));',
      ),
    ],
    kills: ['v4/uidl-no-such-message'],
  },
  {
    id: 'uidl-lists-marked',
    stage: 'v4',
    mistake: 'UIDL lists what is marked, too.',
    edits: [
      edit(
        'pop3/commands.ts',
        'if (number === undefined) return listOf(client, ({ id }) => id);',
        'if (number === undefined) { const lines: string[] = []; for (let n = 1; client.maildrop.message(n); n++) lines.push(`${n} ${client.maildrop.message(n)!.id}`); return tell.list(lines.length, lines); }',
      ),
    ],
    kills: ['v4/uidl-marked'],
  },
  {
    id: 'uidl-is-the-number',
    stage: 'v4',
    mistake: 'The name is the number.',
    edits: [
      edit(
        'pop3/commands.ts',
        'if (number === undefined) return listOf(client, ({ id }) => id);',
        'if (number === undefined) return tell.list(0, client.maildrop.numbered().map(([n]) => `${n} msg-${n}`));',
      ),
      edit(
        'pop3/commands.ts',
        '({ id }) => tell.uid(number, id)',
        '() => tell.uid(number, `msg-${number}`)',
      ),
    ],
    kills: ['v4/uidl-others-stay', 'v4/uidl-never-again'],
  },
  {
    id: 'top-unknown',
    stage: 'v4',
    mistake: 'TOP is not there.',
    edits: [edit('pop3/commands.ts', '\n  TOP,\n', '\n')],
    kills: ['v4/top'],
  },
  {
    id: 'top-counts-header',
    stage: 'v4',
    mistake: 'TOP counts the lines of the header, too.',
    edits: [
      edit(
        'pop3/top.ts',
        'if (!this.isInHeader) this.left -= 1;\n    else if',
        'this.left -= 1;\n    if',
      ),
    ],
    kills: ['v4/top'],
  },
  {
    id: 'top-sends-all',
    stage: 'v4',
    mistake: 'TOP sends all of the message.',
    edits: [
      edit(
        'pop3/session.ts',
        'const top = lines === undefined ? undefined : new TopCutter(lines);',
        'const top = undefined as TopCutter | undefined;',
      ),
    ],
    kills: ['v4/top'],
  },
  {
    id: 'top-at-least-one',
    stage: 'v4',
    mistake: 'TOP sends one line, if none is wanted.',
    edits: [edit('pop3/top.ts', 'this.left = lines;', 'this.left = lines || 1;')],
    kills: ['v4/top-no-lines'],
  },
  {
    id: 'top-without-empty-line',
    stage: 'v4',
    mistake: 'With no lines TOP leaves out the empty line.',
    edits: [
      edit(
        'pop3/top.ts',
        'return octets.subarray(0, position);',
        'return octets.subarray(0, this.done && this.left === 0 && this.wanted === 0 ? position - 2 : position);',
      ),
      edit('pop3/top.ts', 'this.left = lines;', 'this.left = lines;\n    this.wanted = lines;'),
      edit(
        'pop3/top.ts',
        '  private left: number;',
        '  private left: number;\n  private wanted = 0;',
      ),
    ],
    kills: ['v4/top-no-lines'],
  },
  {
    id: 'top-at-most-what-is-there',
    stage: 'v4',
    mistake: 'More lines than there are get -ERR.',
    edits: [
      edit(
        'pop3/understand.ts',
        'if (number === undefined) return { refusal: replies.sayTop };',
        'if (number === undefined || Number(lines) > 1000) return { refusal: replies.sayTop };',
      ),
    ],
    kills: ['v4/top-all'],
  },
  {
    id: 'top-skips-empty-lines',
    stage: 'v4',
    mistake: 'For TOP an empty line does not count.',
    edits: [
      edit(
        'pop3/top.ts',
        'if (!this.isInHeader) this.left -= 1;',
        'if (!this.isInHeader) this.left -= this.isEmptyLine ? 0 : 1;',
      ),
    ],
    kills: ['v4/top-empty-lines'],
  },
  {
    id: 'top-unstuffed',
    stage: 'v4',
    mistake: 'TOP does not stuff dots.',
    edits: [
      edit(
        'pop3/session.ts',
        'this.send(stuffer.stuff(octets));',
        'this.send(top ? octets : stuffer.stuff(octets));',
      ),
    ],
    kills: ['v4/top-stuffed'],
  },
  {
    id: 'top-needs-a-body',
    stage: 'v4',
    mistake: 'TOP waits for the empty line that never comes.',
    edits: [
      edit(
        'pop3/session.ts',
        'this.send(stuffer.end());',
        'if (!top || !top.isInHeader) this.send(stuffer.end());',
      ),
    ],
    kills: ['v4/top-no-body'],
  },
  {
    id: 'top-one-number-will-do',
    stage: 'v4',
    mistake: 'TOP without a number of lines sends none.',
    edits: [
      edit(
        'pop3/understand.ts',
        String.raw`/^(\d+) +(\d+)$/.exec(argument)`,
        String.raw`/^(\d+)(?: +(\d+))?$/.exec(argument)`,
      ),
      edit('pop3/understand.ts', 'lines: Number(lines)', 'lines: Number(lines ?? 0)'),
    ],
    kills: ['v4/top-arguments'],
  },
  {
    id: 'top-shows-marked',
    stage: 'v4',
    mistake: 'TOP shows what is marked.',
    edits: [
      edit(
        'pop3/commands.ts',
        '    withMessage(client, number, (message) => ({ retrieve: message, lines })),',
        '    client.maildrop.message(number) ? { retrieve: client.maildrop.message(number)!, lines } : replies.noSuchMessage,',
      ),
    ],
    kills: ['v4/top-no-such-message'],
  },
  {
    id: 'stls-after-capa-never',
    stage: 'v4',
    mistake: 'Behind CAPA STLS is refused.',
    edits: [
      edit(
        'pop3/session.ts',
        'const outcome = command.run(this.client, value);',
        "const said = this.capa; this.capa ||= understood?.verb === 'CAPA';\n" +
          "    if (said && understood?.verb === 'STLS') return this.reply(replies.notImplemented);\n" +
          '    const outcome = command.run(this.client, value);',
      ),
    ],
    kills: ['v4/thunderbird-leaves-mail', 'v4/fetchmail', 'v4/poplib-stls'],
  },
  {
    id: 'pop3-auth-after-capa-never',
    stage: 'v4',
    mistake: 'On POP3S AUTH is refused behind CAPA.',
    edits: [
      edit(
        'pop3/session.ts',
        'const outcome = command.run(this.client, value);',
        "const said = this.capa; this.capa ||= understood?.verb === 'CAPA';\n" +
          "    if (said && understood?.verb === 'AUTH') return this.reply(replies.notImplemented);\n" +
          '    const outcome = command.run(this.client, value);',
      ),
    ],
    kills: ['v4/thunderbird-leaves-mail', 'v4/curl-pop3s'],
  },
];
