import { describe, expect, it } from 'vitest';
import { say } from '../../src/catalogue/index.ts';
import { keep, mailbox, play, scenario, sendsMail, serverInTest } from './server-in-test.ts';
import { BOB, CAROL, TEXT, toldOf, toldOfDialogue, TWO, type Store } from './storing-server.ts';

describe('mail is missed', () => {
  it('where it is nowhere', async () => {
    expect(await toldOf(() => undefined, TEXT, BOB)).toBe(
      'mailNotFound: The server accepted the message, but no mailbox of bob@example.com holds it. 250 after the text is a promise: the message is stored.',
    );
  });

  it('where only the last recipient has it', async () => {
    const store: Store = ({ text }, { folder }) => keep(folder, 'carol.txt', text);
    expect(await toldOfDialogue(store, sendsMail(TEXT, TWO), [BOB, CAROL])).toBe(
      'mailOnlyLast: The message had 2 recipients, and only the last of them (carol@example.com) has it. bob@example.com was promised it too.',
    );
  });

  it('where it is the sender’s', async () => {
    const store: Store = ({ text }, { folder }) => keep(folder, 'mail/alice.txt', text);
    expect(await toldOf(store, TEXT, BOB)).toBe(
      'mailInSender: The message for bob@example.com is in the mailbox of alice@example.com, who sent it (mail/alice.txt). RCPT says whom a message is for.',
    );
  });

  it('where it is somebody else’s', async () => {
    const store: Store = ({ text }, { folder }) => keep(folder, 'carol/1763600000.txt', text);
    expect(await toldOf(store, TEXT, BOB)).toBe(
      'mailInOther: The message for bob@example.com is in the mailbox of carol@example.com (carol/….txt).',
    );
  });

  it('where nothing says whose it is', async () => {
    const store: Store = ({ text }, { folder }) =>
      keep(folder, 'mail.txt', `From: alice@example.com\n${text}`);
    expect(await toldOf(store, TEXT, BOB)).toBe(
      'mailForNobody: The message is in mail.txt, but neither the name of the file nor what stands beside the message says that it is for bob@example.com.',
    );
  });

  it('where it is twice', async () => {
    const store: Store = ({ text }, { folder }) => keep(folder, 'bob.txt', `${text}${text}`);
    const twice =
      'mailTwice: The message is 2 times in the mailbox of bob@example.com. It was sent once.';
    expect(await toldOf(store, TEXT, BOB)).toBe(twice);
    expect(await toldOf(store, TEXT, mailbox('bob@example.com'))).toBe(twice);
  });

  it('where a half message was kept', async () => {
    const server = await serverInTest({
      textLine(line, { folder }) {
        keep(folder, 'bob.txt', `${line}\n`);
        return line !== '.';
      },
    });
    const begun = sendsMail(['half']).replace(/C: \.\n[^]*closes/, 'leaves');
    for (const block of [mailbox('* nothing'), mailbox('bob@example.com nothing')]) {
      const { finding } = await play(server, scenario(`${begun}\n${block}`));
      expect(say(finding!.key, finding!.values)).toBe(
        'The client left before the lone dot, but its half message was stored (bob.txt). Only a message that is complete may be delivered.',
      );
    }
  });

  it('where it must not be at all, but in tmp', async () => {
    const store =
      (file: string): Store =>
      ({ text }, { folder }) =>
        keep(folder, file, text);
    expect(await toldOf(store('x.txt'), TEXT, mailbox('* nothing'))).toBe(
      'mailUnexpectedAnywhere: A message was stored that must not be there (x.txt).',
    );
    expect(await toldOf(store('bob/x'), TEXT, mailbox('bob@example.com nothing'))).toBe(
      'mailUnexpected: The mailbox of bob@example.com holds a message that must not be there (bob/x).',
    );
    expect(await toldOf(store('bob/tmp/x'), TEXT, mailbox('* nothing'))).toBe('nothing');
    expect(await toldOf(store('bob/x'), TEXT, mailbox('carol@example.com nothing'))).toBe(
      'nothing',
    );
  });
});
