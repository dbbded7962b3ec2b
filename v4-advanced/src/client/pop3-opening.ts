/**
 * How a visit to a mailbox begins: greeting, CAPA, STLS if it is offered, and the login.
 * Role: the brain, whose other half is maildrop.ts.
 * RFC 1939 §4 and §7 (USER, PASS), RFC 2449 (CAPA), RFC 2595 §4 (STLS), RFC 5034 (AUTH).
 */
import { readCapabilities, type Capabilities } from './capabilities.ts';
import { Complaint } from './complaint.ts';
import type { Conversation } from './conversation.ts';
import { MASK, plain, Refused, secretsOf, type Login } from './login.ts';
import type { Pop3ReplyReader } from './pop3-replies.ts';
import type { Reply } from './replies.ts';
import { words } from './words.ts';

/** What is taken and shown of a list. */
export const LISTING = { most: 2 ** 20, shown: 20 };
/** RFC 5034 §4: a longer AUTH line keeps its secret for the next line. */
const LINE_OCTETS = 253;

/**
 * @param tls what to do about STLS
 * @returns what the server can do
 * @throws Refused if it does not let us in; Complaint if it would have the password without TLS
 */
export async function openPop3(
  conversation: Conversation,
  reader: Pop3ReplyReader,
  tls: 'at once' | 'if offered' | 'never',
  login: Login,
): Promise<Capabilities> {
  want(await conversation.reply(), words.theConnection);
  let offered = await askCapabilities(conversation, reader);
  if (tls === 'if offered' && offered.has('STLS')) {
    want(await conversation.lastCommand('STLS'), 'STLS');
    await conversation.secure();
    offered = await askCapabilities(conversation, reader); // RFC 2595 §4: forget the others.
  }
  if (!conversation.isSecure) throw await withoutTls(conversation, login, tls);
  conversation.keep(secretsOf(login));
  const reply = offered.get('SASL')?.includes('PLAIN')
    ? await authPlain(conversation, login)
    : await userAndPass(conversation, login);
  want(reply, words.theLogin(login.user));
  return offered;
}

/** RFC 1939 §3: the first word decides; the text is for people. */
export function want(reply: Reply, to: string): void {
  const [line] = reply.lines as [string];
  if (reply.code === '+OK') return;
  // RFC 2449 §8.1.2 gives this word a meaning.
  throw new Refused(
    words.refuses(to, line) + (line.startsWith('-ERR [IN-USE]') ? words.inUse : ''),
  );
}

/** A server that does not know CAPA has none. */
async function askCapabilities(
  conversation: Conversation,
  reader: Pop3ReplyReader,
): Promise<Capabilities> {
  reader.awaitLines(LISTING);
  const { code } = await conversation.command('CAPA');
  const list = code === '+OK' ? new TextDecoder().decode(reader.content) : '';
  return readCapabilities(list.split(/\r?\n/));
}

async function authPlain(conversation: Conversation, login: Login): Promise<Reply> {
  const secret = plain(login);
  const line = `AUTH PLAIN ${secret}`;
  const reply =
    line.length <= LINE_OCTETS
      ? await conversation.command(line, `AUTH PLAIN ${MASK}`)
      : await conversation.command('AUTH PLAIN');
  return reply.code === '+' ? conversation.command(secret, MASK) : reply;
}

async function userAndPass(conversation: Conversation, login: Login): Promise<Reply> {
  want(await conversation.command(`USER ${login.user}`), words.theLogin(login.user));
  return conversation.command(`PASS ${login.password}`, `PASS ${MASK}`);
}

/** The way is open to everybody: no password goes there, and the server should not want one either. */
async function withoutTls(conversation: Conversation, { user }: Login, tls: string) {
  if (tls !== 'never') return new Complaint(words.noTls('STLS'));
  want(await conversation.command(`USER ${user}`), words.theLogin(user));
  return new Complaint(words.wouldTakePassword);
}
