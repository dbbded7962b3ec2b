/** Mail programs open the mailbox files and see the messages that were sent, neither more nor fewer. */
import { execa } from 'execa';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTransport } from 'nodemailer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readMbox } from './mbox.ts';
import { recipient, sender } from './messages.ts';
import { onTerminal, testWith } from './programs.ts';
import { startStage, type Stage } from './stage.ts';

const texts = [
  'Plain text.',
  'The next line would begin a message for a careless reader:\n\nFrom here on it is still this one.',
  '>From was quoted already.\n\n\nEmpty lines above, and below.\n\n',
  'Accents: Ça marche, naïve €',
  'The last one.',
];

let stage: Stage;
let folder: string;
beforeEach(async () => {
  stage = await startStage('v2-helo');
  folder = await mkdtemp(path.join(tmpdir(), 'stagepost-readers-'));
  const transport = createTransport({ host: '127.0.0.1', port: stage.port, ignoreTLS: true });
  for (const [index, text] of texts.entries()) {
    const raw = `Subject: message ${index + 1}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${text.replaceAll('\n', '\r\n')}\r\n`;
    await transport.sendMail({ envelope: { from: sender, to: recipient }, raw });
  }
  transport.close();
});
afterEach(async () => {
  await stage.close();
  await rm(folder, { recursive: true, force: true });
});

const subjects = texts.map((_, index) => `message ${index + 1}`);

describe('a mailbox file', () => {
  test('begins every message with a line that names sender and date', async () => {
    const file = await readFile(path.join(stage.mailboxes, `${recipient}.txt`));
    const dated = /^From alice@example\.com \w{3} \w{3} [ \d]\d [\d:]{8} \d{4}$/;
    const messages = readMbox(file);
    expect(messages).toHaveLength(texts.length);
    for (const { fromLine } of messages) expect(fromLine).toMatch(dated);
  });

  testWith(['python3'], "holds its messages for Python's mailbox module", async () => {
    const program = `
import json, mailbox, sys
box = mailbox.mbox(sys.argv[1], create=False)
print(json.dumps([[m["Subject"], m.get_payload(decode=True).decode()] for m in box]))
`;
    const file = path.join(stage.mailboxes, `${recipient}.txt`);
    const { stdout } = await execa('python3', ['-c', program, file]);
    const read = JSON.parse(stdout) as [string, string][];
    expect(read.map(([subject]) => subject)).toEqual(subjects);
    // Python leaves ">From " as it stands, as readers of the older "mboxo" kind do.
    const quoted = texts.map((text) => text.replace(/^(?=>*From )/gm, '>').trimEnd());
    expect(read.map(([, text]) => text.trimEnd())).toEqual(quoted);
  });

  testWith(['mutt', 'python3'], 'holds its messages for mutt', async () => {
    const file = path.join(stage.mailboxes, `${recipient}.txt`);
    const out = path.join(folder, 'seen.txt');
    const settings = [
      'set pipe_split',
      'set pipe_decode',
      'set wait_key=no',
      `set folder=${folder}`,
    ];
    const keys = `<tag-pattern>~A<enter><tag-prefix><pipe-message>cat >> ${out}; echo =end= >> ${out}<enter><quit>`;
    const args = ['-n', '-F', '/dev/null', '-R', '-f', file];
    const commands = [...settings, `push '${keys}'`].flatMap((command) => ['-e', command]);
    await execa('python3', [...onTerminal, 'mutt', ...args, ...commands], {
      env: { TERM: 'vt100', LC_ALL: 'C.UTF-8', HOME: folder },
      stdin: 'ignore',
      timeout: 20_000,
    });
    const seen = (await readFile(out, 'utf8')).split('=end=\n').slice(0, -1);
    expect(seen.map((message) => /^Subject: (.*)$/m.exec(message)?.[1])).toEqual(subjects);
    expect(seen[3]).toContain('Accents: Ça marche, naïve €');
  });
});
