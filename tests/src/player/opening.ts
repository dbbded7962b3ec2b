/**
 * The beginning and the end of a connection belong to the player: what comes before a dialogue, what
 * comes after it, and whether the server still serves anybody then.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { PORTS, type Port, type Scenario } from '../notation/model.ts';
import { hasSaidQuit } from './client-side.ts';
import { failure, find, isFailure, type Failure } from './failure.ts';
import * as finding from './findings.ts';
import { hear, type Wanted } from './hear.ts';
import { accountFor, loginLines, logsInUnderTls, wordFor } from './login.ts';
import { FREE_WITHIN, LOOK_AGAIN } from './mailbox-session.ts';
import type { DialogueMove } from './moves.ts';
import { say } from './say.ts';
import { beginTls } from './secure.ts';
import { deathOf, openTalk, type Play, type Talk } from './talk.ts';

/**
 * Opens the connection that a move is the first of, and says what comes before it.
 * @param opening What the stage says first in SMTP.
 * @param isOwn   The dialogue says that itself, where it names nobody who logs in.
 * @param talks   The connections of the play by their names; the new one is added.
 */
export async function begin(
  play: Play,
  move: DialogueMove,
  opening: readonly string[],
  isOwn: boolean,
  talks: Map<string, Talk>,
): Promise<Talk> {
  return move.protocol === 'smtp'
    ? beginSmtp(play, move, opening, isOwn, talks)
    : beginPop3(play, move, talks);
}

async function beginSmtp(
  play: Play,
  { connection, port, login, overTls, inClear }: DialogueMove,
  opening: readonly string[],
  isOwn: boolean,
  talks: Map<string, Talk>,
): Promise<Talk> {
  const talk = await open(play, connection, port, talks, inClear);
  const isSecure = overTls || login !== undefined;
  if (inClear || (isOwn && !isSecure)) return talk;
  await hear(play, talk, code('220'));
  await sayAll(play, talk, opening, '250');
  if (isSecure && !talk.secure) {
    await sayAll(play, talk, ['STARTTLS'], '220');
    await beginTls(play, talk);
    await sayAll(play, talk, opening, '250');
  }
  if (login !== undefined) await logIn(play, talk, login);
  return talk;
}

/** AUTH PLAIN (RFC 4616), or LOGIN for a server that announces no other way. */
async function logIn(play: Play, talk: Talk, address: string): Promise<void> {
  const { login } = play.fillings;
  const account = accountFor(address, login);
  const [user, password] = [wordFor('user', account, login), wordFor('password', account, login)];
  const mechanisms = talk.lastLines
    .filter((line) => /^AUTH[ =]/i.test(line))
    .flatMap((line) => line.toUpperCase().split(/[ =]+/));
  if (mechanisms.includes('LOGIN') && !mechanisms.includes('PLAIN')) {
    await sayAll(play, talk, ['AUTH LOGIN', base64(user)], '334');
    await sayAll(play, talk, [base64(password)], '235');
    return;
  }
  await sayAll(play, talk, [`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`], '235');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

async function beginPop3(
  play: Play,
  { connection, port, login, overTls, inClear }: DialogueMove,
  talks: Map<string, Talk>,
): Promise<Talk> {
  if (login === undefined) {
    const talk = await open(play, connection, port, talks, inClear);
    if (!overTls) return talk;
    await hear(play, talk, code('+OK'));
    return secureByStls(play, talk, talks);
  }
  const lines = loginLines(accountFor(login, play.fillings.login), play.fillings.login);
  const deadline = performance.now() + FREE_WITHIN;
  for (;;) {
    const firstStep = play.recorder.steps.length;
    let talk = await open(play, connection, port, talks);
    await hear(play, talk, code('+OK'));
    if (logsInUnderTls(play.stage) && !talk.secure) talk = await secureByStls(play, talk, talks);
    try {
      await sayAll(play, talk, lines, '+OK');
      return talk;
    } catch (error) {
      // The client before, of this scenario or of the one before it, may not be forgotten yet.
      if (!wasRefused(error) || performance.now() > deadline) throw error;
      talk.conversation.leave();
      play.recorder.steps.splice(firstStep);
      await delay(LOOK_AGAIN);
    }
  }
}

/**
 * Behind the greeting of POP3: STLS, and the handshake. Where STLS is refused, the same connection on the
 * port on which TLS begins with the first octet, if the server has been told of it.
 */
export async function secureByStls(
  play: Play,
  talk: Talk,
  talks: Map<string, Talk>,
): Promise<Talk> {
  const firstStep = play.recorder.steps.length;
  try {
    await sayAll(play, talk, ['STLS'], '+OK');
  } catch (error) {
    if (!wasRefused(error)) throw error;
    if (play.server.isTold?.('pop3s') !== true)
      throw failure(find('stlsRefused', { got: error.finding.values.got as string }));
    talk.conversation.leave();
    play.recorder.steps.splice(firstStep);
    const other = await open(play, talk.name, 'pop3s', talks);
    await hear(play, other, code('+OK'));
    return other;
  }
  await beginTls(play, talk);
  return talk;
}

function wasRefused(error: unknown): error is Failure {
  return isFailure(error) && error.finding.key === 'wrongCode';
}

/** On a port where TLS begins with the first octet it does, unless the client is to speak in clear. */
async function open(
  play: Play,
  name: string,
  port: Port,
  talks: Map<string, Talk>,
  inClear = false,
): Promise<Talk> {
  const talk = await openTalk(play, name, port);
  talks.set(name, talk);
  if (PORTS[port].tls && !inClear) await beginTls(play, talk);
  return talk;
}

function code(code: string): Wanted {
  return {
    expectation: { oneOf: [{ code }], orCloses: false, lines: [] },
    words: code,
    source: { source: `S: ${code}` },
    fillIn: () => '',
  };
}

/** Says lines, each of which must be answered with the same code. */
async function sayAll(
  play: Play,
  talk: Talk,
  lines: readonly string[],
  reply: string,
): Promise<void> {
  for (const line of lines) {
    const octets = Buffer.from(`${line}\r\n`);
    await say(play, talk, octets, false, () => {
      play.recorder.sent(talk.name, octets, undefined);
    });
    await hear(play, talk, code(reply));
  }
}

/**
 * Where the dialogue does not take its leave, the player says QUIT, and whatever comes then is
 * nobody's business.
 */
export async function sayGoodbye(play: Play, { over, side, conversation }: Talk): Promise<void> {
  if (over || hasSaidQuit(side)) return;
  await conversation.send(Buffer.from('QUIT\r\n'), play.waits.reply);
  await conversation.nextReply();
}

/** After a hostile scenario a new client must be greeted; its opening and lines are nobody's business. */
export async function stillServed(play: Play, scenario: Scenario): Promise<void> {
  const { server, waits } = play;
  for (const port of portsOf(scenario)) {
    if (await isGreeted(play, port)) continue;
    const death = await deathOf(server, waits);
    const found = death
      ? finding.ofDeath(death, undefined)
      : finding.ofNotServed(port, waits.reply);
    throw failure(found, { silent: true });
  }
}

/** Is a new connection greeted, on each of the ports of a scenario? */
export async function isServed(play: Play, scenario: Scenario): Promise<boolean> {
  for (const port of portsOf(scenario)) {
    if (!(await isGreeted(play, port))) return false;
  }
  return true;
}

/** Several programs may serve them, of which one has died. */
function portsOf({ blocks }: Scenario): Set<Port> {
  return new Set(blocks.flatMap((block) => (block.type === 'dialogue' ? [block.port] : [])));
}

/** A new client is greeted; it says QUIT and leaves. */
async function isGreeted(play: Play, port: Port): Promise<boolean> {
  const talk = await openTalk(play, 'afterwards', port).catch(() => undefined);
  if (talk === undefined) return false;
  const { conversation } = talk;
  const isSecure =
    !PORTS[port].tls || (await conversation.beginTls(Buffer.alloc(0))).kind === 'secure';
  const isGreeted = isSecure && (await conversation.nextReply()).kind === 'reply';
  if (isGreeted) await conversation.send(Buffer.from('QUIT\r\n'), play.waits.reply);
  conversation.leave();
  return isGreeted;
}
