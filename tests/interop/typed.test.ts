/** People who type: telnet and netcat carry the lines, the server must answer each of them. */
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { startStage, type Stage, type StageName } from './stage.ts';
import { expectDelivered, recipient, sendOctets } from './messages.ts';
import { testWith, typeDialogue } from './programs.ts';

const session = `
C: MAIL FROM:<alice@example.com>
S: 250
C: RCPT TO:<bob@example.com>
S: 250
C: DATA
S: 354
C: Subject: From a real client
C:
C: Ça marche.
C: ..one dot
C: ...two dots
C: From here on
C:
C: The end
C: .
S: 250
C: QUIT
S: 221
`;

const withHelo = `S: 220\nC: HELO localhost\nS: 250${session}`;
const dialogues: [StageName, string][] = [
  ['v1-smtp', `S: 220${session}`],
  ['v2-helo', withHelo],
  ['v3-pop3', withHelo],
];

describe.each(dialogues)('%s', (name, dialogue) => {
  let stage: Stage;
  beforeEach(async () => (stage = await startStage(name)));
  afterEach(() => stage.close());

  testWith(['telnet'], 'takes a message typed in telnet', async () => {
    const printed = await typeDialogue('telnet', ['127.0.0.1', String(stage.port)], dialogue);
    expect(printed).toContain('Connected to 127.0.0.1.');
    await expectDelivered(stage);
  });

  testWith(['nc'], 'takes a message typed in netcat with -C', async () => {
    await typeDialogue('nc', ['-C', '127.0.0.1', String(stage.port)], dialogue);
    await expectDelivered(stage);
  });

  testWith(
    ['nc'],
    'answers commands typed in netcat without -C, whose lines end in a bare LF',
    async () => {
      const polite = 'S: 220\nC: MAIL FROM:<alice@example.com>\nS: 250\nC: QUIT\nS: 221';
      await typeDialogue('nc', ['127.0.0.1', String(stage.port)], polite);
      expect(stage.log()).toMatch(/CR ?LF/);
    },
  );
});

describe('v3-pop3, reading', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await startStage('v3-pop3');
    await sendOctets(stage, recipient, [Buffer.from('Subject: Hi\r\n\r\nHello\r\n.dot\r\n')]);
  });
  afterEach(() => stage.close());

  const reading = `
S: +OK
C: USER ${recipient}
S: +OK
C: PASS secret
S: +OK
C: LIST
S: +OK
S: 1
S: .
C: RETR 1
S: +OK
S: Subject: Hi
S: Hello
S: ..dot
S: .
C: DELE 1
S: +OK
C: QUIT
S: +OK
`;
  const programs: [string, string, string[]][] = [
    ['telnet', 'telnet', []],
    ['nc', 'netcat with -C', ['-C']],
    ['nc', 'netcat without -C, whose lines end in a bare LF', []],
  ];
  for (const [program, title, args] of programs) {
    testWith([program], `hands out a message to ${title}`, async () => {
      await typeDialogue(program, [...args, '127.0.0.1', String(stage.pop3Port)], reading);
      expect(await stage.mailbox(recipient)).toEqual([]);
    });
  }
});
