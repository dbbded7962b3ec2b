/**
 * How a conversation with an SMTP server begins: greeting, EHLO, and if they are wanted STARTTLS and
 * AUTH. Role: the brain, whose other half is delivery.ts.
 * RFC 5321 §3.2 (EHLO), RFC 3207 (STARTTLS), RFC 4954 (AUTH).
 */
import { hostname } from 'node:os';
import { readCapabilities, type Capabilities } from './capabilities.ts';
import { Complaint } from './complaint.ts';
import type { Conversation } from './conversation.ts';
import { base64, MASK, plain, Refused, secretsOf, type Login } from './login.ts';
import type { Reply } from './replies.ts';
import { words } from './words.ts';

/** RFC 4954 §4: a longer AUTH line keeps its secret for the next line. */
const LINE_OCTETS = 510;

/**
 * @param tls what to do about STARTTLS
 * @returns what the server can do
 * @throws Complaint if it refuses, or would have the password without TLS
 */
export async function openSmtp(
  conversation: Conversation,
  tls: 'at once' | 'if offered' | 'never',
  login?: Login,
): Promise<Capabilities> {
  want('2', await conversation.reply(), words.theConnection);
  let offered = await introduce(conversation);
  if (tls === 'if offered' && offered.has('STARTTLS')) {
    const hint = login ? '' : words.goOnWithoutTls;
    want('2', await conversation.lastCommand('STARTTLS'), 'STARTTLS', hint);
    await conversation.secure();
    offered = await introduce(conversation); // RFC 3207 §4.2: what was said before is forgotten.
  }
  if (login) {
    if (!conversation.isSecure) throw await withoutTls(conversation, login, tls);
    await logIn(conversation, offered, login);
  }
  return offered;
}

/** RFC 5321 §4.3.2: the first digit decides; the text is for people. */
export function want(digit: '2' | '3', reply: Reply, to: string, hint = ''): void {
  if (reply.code.startsWith(digit)) return;
  throw new Complaint(words.refused(to, reply.lines.join(' ')) + hint);
}

/** RFC 5321 §4.1.1.1: who is speaking, as a domain name. An old server gets HELO (§3.2). */
async function introduce(conversation: Conversation): Promise<Capabilities> {
  const name = hostname().replace(/[^A-Za-z0-9.-]/g, '-');
  const reply = await conversation.command(`EHLO ${name}`);
  if (reply.code.startsWith('5')) {
    const helo = `HELO ${name}`;
    want('2', await conversation.command(helo), helo);
    return new Map();
  }
  want('2', reply, `EHLO ${name}`);
  // The first line is the server's name; each of the others, behind `250-`, a capability.
  return readCapabilities(reply.lines.slice(1).map((line) => line.slice(4)));
}

async function logIn(conversation: Conversation, offered: Capabilities, login: Login) {
  const mechanisms = offered.get('AUTH') ?? [];
  conversation.keep(secretsOf(login));
  let reply: Reply;
  if (mechanisms.includes('PLAIN')) reply = await authPlain(conversation, login);
  else if (mechanisms.includes('LOGIN')) reply = await authLogin(conversation, login);
  else throw new Complaint(words.noKnownLogin(mechanisms));
  if (!reply.code.startsWith('2')) throw refusedLogin(login, reply);
}

/** RFC 4616, and RFC 4954 §4 for the first answer, which may come with the command. */
async function authPlain(conversation: Conversation, login: Login): Promise<Reply> {
  const secret = plain(login);
  const line = `AUTH PLAIN ${secret}`;
  const reply =
    line.length <= LINE_OCTETS
      ? await conversation.command(line, `AUTH PLAIN ${MASK}`)
      : await conversation.command('AUTH PLAIN');
  // 334, go on: some servers want it on a line of its own.
  return reply.code === '334' ? conversation.command(secret, MASK) : reply;
}

/** AUTH LOGIN was never a standard: two questions (334), in base64 as the answers are. */
async function authLogin(conversation: Conversation, { user, password }: Login): Promise<Reply> {
  let reply = await conversation.command('AUTH LOGIN');
  for (const answer of [user, password]) {
    if (reply.code !== '334') break;
    reply = await conversation.command(base64(answer), MASK);
  }
  return reply;
}

/** The way is open to everybody: no password goes there, and the server should not want one either. */
async function withoutTls(conversation: Conversation, login: Login, tls: string): Promise<Error> {
  if (tls !== 'never') return new Complaint(words.noTls('STARTTLS'));
  const reply = await conversation.command('AUTH PLAIN');
  if (reply.code !== '334') return refusedLogin(login, reply);
  await conversation.command('*'); // RFC 4954 §4: never mind.
  return new Complaint(words.wouldTakePassword);
}

function refusedLogin({ user }: Login, reply: Reply): Refused {
  return new Refused(words.refuses(words.theLogin(user), reply.lines.join(' ')));
}
