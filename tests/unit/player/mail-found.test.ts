import { describe, expect, it } from 'vitest';
import { LAYOUTS } from './layouts.ts';
import { keep, mailbox, sendsMail } from './server-in-test.ts';
import {
  BOB,
  CAROL,
  lf,
  perRecipient,
  TEXT,
  toldOf,
  toldOfDialogue,
  TWO,
  type Store,
} from './storing-server.ts';

describe('mail is found', () => {
  it.each(LAYOUTS)('in %s', async (_, store) => {
    expect(await toldOf(store, TEXT, BOB, mailbox('carol@example.com nothing'))).toBe('nothing');
    expect(await toldOfDialogue(store, sendsMail(TEXT, TWO), [BOB, CAROL])).toBe('nothing');
  });

  it.each(LAYOUTS)('to be missing for the second recipient, in %s', async (_, store) => {
    const onlyFirst: Store = (mail, client) =>
      store({ ...mail, recipients: mail.recipients.slice(0, 1) }, client);
    expect(await toldOfDialogue(onlyFirst, sendsMail(TEXT, TWO), [BOB, CAROL])).toBe(
      'mailOnlyFirst: The message had 2 recipients, and only the first of them (bob@example.com) has it. carol@example.com was promised it too.',
    );
  });

  it('among other messages of the same file', async () => {
    const store = perRecipient(
      (to) => `${to}.txt`,
      ({ text }) => `From a b\n${lf(text)}\n`,
    );
    const second = sendsMail(['another'])
      .replaceAll('{token}', '{token.2}')
      .replace('smtp', 'smtp two');
    const blocks = [second, BOB, mailbox('bob@example.com {token.2}', 'another')];
    expect(await toldOfDialogue(store, sendsMail(TEXT), blocks)).toBe('nothing');
  });

  it('whatever mbox does to a line that begins with From', async () => {
    const text = ['From here', '>From there'];
    for (const quote of [
      (line: string) => line,
      (line: string) => line.replace(/^>*From /gm, '>$&'),
      (line: string) => line.replace(/^From /gm, '>From '),
    ]) {
      const store = perRecipient(
        (to) => to,
        (mail) => quote(lf(mail.text)),
      );
      expect(await toldOf(store, text, mailbox('bob@example.com', ...text))).toBe('nothing');
    }
  });

  it('to the octet', async () => {
    const body = sendsMail([]).replace('C: .', 'C raw: caf\\xE9 \\x80\\r\\n\nC: .');
    const block = mailbox('bob@example.com raw', 'caf\\xE9 \\x80');
    const json = perRecipient(
      (to) => `${to}.json`,
      ({ text }) =>
        JSON.stringify({ text }).replace(
          /[\x80-\xff]/g,
          (c) => `\\udc${c.charCodeAt(0).toString(16)}`,
        ),
    );
    const latin = perRecipient(
      (to) => `${to}.json`,
      ({ text }) =>
        JSON.stringify({ text }).replace(
          /[\x80-\xff]/g,
          (c) => `\\u00${c.charCodeAt(0).toString(16)}`,
        ),
    );
    for (const store of [
      perRecipient(
        (to) => to,
        ({ text }) => text,
      ),
      json,
      latin,
    ])
      expect(await toldOfDialogue(store, body, [block])).toBe('nothing');
  });

  it('when the 250 comes a little before the file', async () => {
    const store: Store = (mail, { folder }) =>
      void setTimeout(() => keep(folder, 'bob.txt', mail.text), 10);
    expect(await toldOfDialogue(store, sendsMail(TEXT), [BOB], { waits: { mail: 5000 } })).toBe(
      'nothing',
    );
  });
});
