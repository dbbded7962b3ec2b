/**
 * Thunderbird itself, without a screen. It must get through stage 2 as it comes from its makers: it
 * says EHLO, and only after 500 or 502 it tries HELO. From stage 3 on it reads by POP3; it asks for CAPA
 * and UIDL, and without UIDL it must be told not to leave messages on the server. Stage 4 has all that it
 * asks for, and its journal tells what became of a message.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { expect, vi } from 'vitest';
import { alice, sendOctets } from './messages.ts';
import { testWith } from './programs.ts';
import { repository, startStage, type Stage } from './stage.ts';
import { commandsAndReplies, openTap } from './tap.ts';
import { openThunderbird } from './thunderbird.ts';

testWith(['thunderbird'], 'stage 2 takes a message composed in Thunderbird', async () => {
  const stage = await startStage('v2-helo');
  const tap = await openTap(stage.port);
  try {
    const thunderbird = await openThunderbird({
      smtpPort: tap.port,
      name: 'Alice Élève',
      address: 'alice@example.com',
    });
    try {
      await thunderbird.send({
        to: 'bob@example.com',
        subject: 'Été à la poste',
        body: 'Ça marche, à bientôt !\n.a line with a dot\nFrom here on\nnaïve €',
      });
      // It says QUIT a moment after the message was taken.
      await vi.waitFor(() => expect(tap.dialogue.at(-1)).toMatch(/^S: 221 /), { timeout: 10_000 });
    } finally {
      await thunderbird.close();
    }

    expect(tap.dialogue.filter((line) => /^C: (EHLO|HELO|MAIL|RCPT|DATA)|^S: /.test(line))).toEqual(
      [
        expect.stringMatching(/^S: 220 /),
        'C: EHLO [127.0.0.1]',
        expect.stringMatching(/^S: 502 /),
        'C: HELO [127.0.0.1]',
        expect.stringMatching(/^S: 250 /),
        'C: MAIL FROM:<alice@example.com>',
        expect.stringMatching(/^S: 250 /),
        'C: RCPT TO:<bob@example.com>',
        expect.stringMatching(/^S: 250 /),
        'C: DATA',
        expect.stringMatching(/^S: 354 /),
        expect.stringMatching(/^S: 250 /),
        expect.stringMatching(/^S: 221 /),
      ],
    );
    const messages = await stage.mailbox('bob@example.com');
    expect(messages).toHaveLength(1);
    expect(decodeWords(messages[0]!.headers.get('subject')!)).toBe('Été à la poste');
    expect(decodeWords(messages[0]!.headers.get('from')!)).toBe('Alice Élève <alice@example.com>');
    expect(messages[0]!.headers.get('content-transfer-encoding')).toBe('8bit');
    expect(messages[0]!.text.trimEnd()).toBe(
      // format=flowed (RFC 3676 §4.4) lets a program put a blank before "From ".
      'Ça marche, à bientôt !\n.a line with a dot\n From here on\nnaïve €',
    );
  } finally {
    await tap.close();
    await stage.close();
  }
});

testWith(
  ['thunderbird'],
  'Thunderbird shows the reply to a recipient that is refused',
  async () => {
    const stage = await startStage('v2-helo');
    const address = { name: 'Alice', address: 'alice@example.com' };
    const thunderbird = await openThunderbird({ smtpPort: stage.port, ...address });
    try {
      const message = { to: `${'x'.repeat(201)}@example.com`, subject: 'Too long', body: 'a name' };
      await expect(thunderbird.send(message)).rejects.toThrow(
        'This address cannot be a mailbox name',
      );
    } finally {
      await thunderbird.close();
      await stage.close();
    }
  },
);

testWith(
  ['thunderbird'],
  'Thunderbird sends itself a message through stage 3 and fetches it',
  async () => {
    const stage = await startStage('v3-pop3');
    const tap = await openTap(stage.pop3Port);
    try {
      const thunderbird = await openThunderbird({
        smtpPort: stage.port,
        name: 'Alice Élève',
        address: 'alice@example.com',
        pop3: { port: tap.port, leaveOnServer: false },
      });
      try {
        const subject = 'Été à la poste';
        const body = 'Ça marche, à bientôt !\n.a line with a dot\nFrom here on\nnaïve €\n';
        await thunderbird.send({ to: 'alice@example.com', subject, body });
        expect(await stage.mailbox('alice@example.com')).toHaveLength(1);
        const author = 'Alice Élève <alice@example.com>';
        expect(await thunderbird.fetch()).toEqual([{ subject, author, body }]);
      } finally {
        await thunderbird.close();
      }
      expect(commandsAndReplies(tap.dialogue)).toEqual([
        expect.stringMatching(/^S: \+OK /),
        'C: CAPA',
        'S: -ERR Command not implemented',
        'C: USER alice@example.com',
        expect.stringMatching(/^S: \+OK /),
        'C: PASS secret',
        expect.stringMatching(/^S: \+OK /),
        'C: STAT',
        expect.stringMatching(/^S: \+OK 1 \d+$/),
        'C: LIST',
        expect.stringMatching(/^S: \+OK /),
        'C: UIDL',
        'S: -ERR Command not implemented',
        'C: RETR 1',
        expect.stringMatching(/^S: \+OK /),
        'C: DELE 1',
        expect.stringMatching(/^S: \+OK /),
        'C: QUIT',
        expect.stringMatching(/^S: \+OK /),
      ]);
      expect(await stage.mailbox('alice@example.com')).toEqual([]);
    } finally {
      await tap.close();
      await stage.close();
    }
  },
);

testWith(['thunderbird'], 'Thunderbird shows what other programs sent', async () => {
  const stage = await startStage('v3-pop3');
  const account = { smtpPort: stage.port, name: 'Alice', address: 'alice@example.com' };
  const pop3 = { port: stage.pop3Port, leaveOnServer: false };
  const thunderbird = await openThunderbird({ ...account, pop3 });
  try {
    const from = 'From: Bob <bob@example.com>\r\n';
    const latin1 =
      'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n';
    const subject = 'Subject: =?ISO-8859-1?Q?d=E9j=E0_vu?=\r\n';
    const text = 'déjà vu, ½ £\r\n.dot\r\n..dots\r\n';
    await sendOctets(stage, 'alice@example.com', [
      Buffer.from(`${from}${subject}${latin1}\r\n${text}`, 'latin1'),
      Buffer.from(`${from}Subject: second\r\n\r\nplain\r\n`),
    ]);
    const author = 'Bob <bob@example.com>';
    expect(await thunderbird.fetch()).toEqual([
      { subject: 'déjà vu', author, body: text.replaceAll('\r\n', '\n') },
      { subject: 'second', author, body: 'plain\n' },
    ]);
    expect(await stage.mailbox('alice@example.com')).toEqual([]);
  } finally {
    await thunderbird.close();
    await stage.close();
  }
});

testWith(
  ['thunderbird'],
  'Thunderbird refuses to leave messages on the server of stage 3, and says why',
  async () => {
    const stage = await startStage('v3-pop3');
    const account = { smtpPort: stage.port, name: 'Alice', address: 'alice@example.com' };
    const pop3 = { port: stage.pop3Port, leaveOnServer: true };
    const thunderbird = await openThunderbird({ ...account, pop3 });
    try {
      await thunderbird.send({ to: 'alice@example.com', subject: 'Stay', body: 'here' });
      await expect(thunderbird.fetch()).rejects.toThrow(
        /does not support UIDL or XTND XLST.*turn off these options in the Server Settings/,
      );
      expect(await stage.mailbox('alice@example.com')).toHaveLength(1);
    } finally {
      await thunderbird.close();
      await stage.close();
    }
  },
);

/** What the journal of stage 4 tells of the first message that came, as users ask for it. */
async function story({ data }: Stage) {
  const journal = async (...options: string[]) => {
    const words = ['--import', 'tsx', 'journal.ts', '--data', data, ...options];
    const cwd = path.join(repository, 'v4-advanced');
    return (await execa(process.execPath, words, { cwd })).stdout.split('\n');
  };
  const [first] = (await journal('--json')).map((line) => JSON.parse(line) as { message: string });
  const [title, ...lines] = await journal('--message', first!.message);
  expect(title).toBe(`message ${first!.message}`);
  // The clock, and the numbers of connections.
  return lines.map((line) =>
    line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, 'then').replace(/#\d+/, '#n'),
  );
}

const advanced = [
  { security: 'STARTTLS', sending: 'submission', reading: 'pop3', leaveOnServer: true },
  { security: 'SSL/TLS', sending: 'smtps', reading: 'pop3s', leaveOnServer: false },
] as const;

for (const { security, sending, reading, leaveOnServer } of advanced) {
  const kept = leaveOnServer ? 'leaves it there' : 'deletes it there';
  testWith(
    ['thunderbird'],
    `Thunderbird logs in to stage 4 with ${security}, sends itself a message, fetches it once and ${kept}`,
    async () => {
      const stage = await startStage('v4-advanced');
      try {
        const certificate = await readFile(path.join(stage.data, 'cert.pem'), 'utf8');
        const thunderbird = await openThunderbird({
          smtpPort: stage.ports[sending]!,
          name: 'Alice Élève',
          address: 'alice@example.com',
          pop3: { port: stage.ports[reading]!, leaveOnServer },
          login: { ...alice, security, certificate },
        });
        try {
          const subject = 'Été à la poste';
          const body = 'Ça marche, à bientôt !\n.a line with a dot\nFrom here on\nnaïve €\n';
          await thunderbird.send({ to: 'alice@example.com', subject, body });
          const [sent, ...others] = await stage.mailbox('alice@example.com');
          expect(others).toEqual([]);
          expect(sent!.headers.get('received')).toContain(' with ESMTPSA id ');
          expect(decodeWords(sent!.headers.get('subject')!)).toBe(subject);

          const author = 'Alice Élève <alice@example.com>';
          const shown = { subject, author, body };
          expect(await thunderbird.fetch()).toEqual([shown]);
          // It asks again, and is told nothing new: the message is in its inbox once.
          expect(await thunderbird.fetch()).toEqual([shown]);
          const later = 'From: bob@example.com\r\nSubject: later\r\n\r\nnew\r\n';
          await sendOctets(stage, 'alice@example.com', [Buffer.from(later)]);
          const fresh = { subject: 'later', author: 'bob@example.com', body: 'new\n' };
          expect(await thunderbird.fetch()).toEqual([shown, fresh]);
        } finally {
          await thunderbird.close();
        }
        const left = await stage.mailbox('alice@example.com');
        expect(left).toHaveLength(leaveOnServer ? 2 : 0);
        expect(await story(stage)).toEqual([
          expect.stringMatching(
            new RegExp(
              `^then  received   from alice@example.com for alice@example.com, \\d+ octets, #n ${sending}, account alice$`,
            ),
          ),
          'then  delivered  to alice',
          `then  listed     in alice, by alice, #n ${reading}`,
          `then  read       in alice, by alice, #n ${reading}`,
          ...(leaveOnServer ? [] : [`then  deleted    from alice, by alice, #n ${reading}`]),
        ]);
      } finally {
        await stage.close();
      }
    },
  );
}

testWith(['thunderbird'], 'Thunderbird shows how stage 4 refuses to send', async () => {
  const stage = await startStage('v4-advanced');
  const certificate = await readFile(path.join(stage.data, 'cert.pem'), 'utf8');
  const thunderbird = await openThunderbird({
    smtpPort: stage.ports.submission!,
    name: 'Bob',
    address: 'bob@example.com',
    login: { ...alice, security: 'STARTTLS', certificate },
  });
  try {
    const message = { to: 'alice@example.com', subject: 'Not me', body: 'in the name of another' };
    await expect(thunderbird.send(message)).rejects.toThrow('responded: This is not your address');
  } finally {
    await thunderbird.close();
    await stage.close();
  }
});

/** RFC 2047: `=?UTF-8?B?w4l0w6k=?=` is `Été`. */
function decodeWords(header: string): string {
  return header.replace(/=\?UTF-8\?B\?([^?]*)\?=/g, (_, base64: string) =>
    Buffer.from(base64, 'base64').toString(),
  );
}
