/** Servers that store mail in ways of their own, and what is said of them. */
import {
  keep,
  mailbox,
  play,
  scenario,
  sendsMail,
  serverInTest,
  told,
  type Client,
  type Mail,
} from './server-in-test.ts';

export const TEXT = ['first line', '', 'second line'];
export const BOB = mailbox('bob@example.com', ...TEXT);
export const CAROL = mailbox('carol@example.com', ...TEXT);
export const TWO = ['bob@example.com', 'carol@example.com'];

/** How a server stores a message. */
export type Store = (mail: Mail, client: Client) => void;

/** What students read when a server stores mail like this; `nothing` if it is right. */
export async function toldOf(store: Store, text: string[], ...blocks: string[]): Promise<string> {
  return toldOfDialogue(store, sendsMail(text), blocks);
}

export async function toldOfDialogue(
  store: Store,
  dialogue: string,
  blocks: string[],
  options?: Parameters<typeof play>[2],
): Promise<string> {
  const server = await serverInTest({ store });
  return told(await play(server, scenario([dialogue, ...blocks].join('\n')), options));
}

/** Lines that end in LF. */
export const lf = (text: string) => text.replaceAll('\r\n', '\n');
/** What stands before the `@`. */
export const local = (address: string) => address.split('@')[0]!;
/** A file for each recipient, or an entry for each in one file. */
export const perRecipient =
  (
    file: (recipient: string) => string,
    content: (mail: Mail, recipient: string) => string,
  ): Store =>
  (mail, { folder }) => {
    for (const recipient of mail.recipients)
      keep(folder, file(recipient), content(mail, recipient));
  };
