/**
 * Thunderbird itself, without a screen. It must get through stage 2 as it comes from its makers: it
 * says EHLO, and only after 500 or 502 it tries HELO.
 */
import { expect, vi } from 'vitest';
import { testWith } from './programs.ts';
import { startStage } from './stage.ts';
import { openTap } from './tap.ts';
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

/** RFC 2047: `=?UTF-8?B?w4l0w6k=?=` is `Été`. */
function decodeWords(header: string): string {
  return header.replace(/=\?UTF-8\?B\?([^?]*)\?=/g, (_, base64: string) =>
    Buffer.from(base64, 'base64').toString(),
  );
}
