/** Hearing replies on a connection: whatever is not as it should be is thrown, with its finding. */
import type { Expectation } from '../notation/model.ts';
import { answered, hasSaidQuit, type Asked } from './client-side.ts';
import type { Heard } from './conversation.ts';
import { failure, find, type Failure } from './failure.ts';
import * as finding from './findings.ts';
import { linesOf } from './content.ts';
import { codeMatches, judge, type FillIn, type Verdict } from './judge.ts';
import { showLatin1, showLine } from './octets.ts';
import { readPop3Reply, sizeOf } from './pop3-reply.ts';
import type { Source } from './recorder.ts';
import type { Incomplete, Reply } from './reply.ts';
import { isFarewell, refuseSurplus } from './say.ts';
import { deathOf, type Play, type Talk } from './talk.ts';

/** What a reply has to be, and where the scenario says so. */
export interface Wanted {
  expectation: Expectation;
  /** `250 or 251`, for sentences. */
  words: string;
  source: Source;
  fillIn: FillIn;
}

/** Hears one reply and judges it. */
export async function hear(play: Play, talk: Talk, want: Wanted): Promise<void> {
  const { recorder, waits } = play;
  const asked = talk.side.unanswered[0] ??
    talk.side.answered ?? { what: 'command', line: talk.side.partial };
  const heard = await talk.conversation.nextReply(isLogin(play, asked) ? waits.login : waits.reply);
  if (heard.kind !== 'reply') {
    // To hang up is one thing, to die another.
    const isForgiven = heard.kind === 'closed' && isSilentQuit(play, talk, asked, heard.reading);
    const mayClose = heard.kind === 'closed' && (want.expectation.orCloses || isForgiven);
    if (mayClose && (await deathOf(play.server, play.waits)) === undefined) {
      recorder.remark(talk.name, 'closes', true, want.source);
      talk.over = true;
      return;
    }
    throw await noReply(play, talk, want, asked, heard);
  }

  const { reply } = heard;
  const verdict = judge(want.expectation, reply, want.fillIn);
  const mayClose = want.expectation.orCloses;
  if (verdict.kind === 'wrong-code' && mayClose && isFarewell(reply, talk)) {
    recorder.replied(talk.name, reply.raw, undefined, true);
    await hearClose(play, talk, want.source);
    return;
  }
  const statusIsRight = verdict.kind === 'right' || verdict.kind === 'differs';
  recorder.replied(talk.name, reply.raw, want.source, statusIsRight);
  if (verdict.kind !== 'right') {
    const about = aboutOf(play, talk, want, asked);
    if (verdict.kind === 'differs') {
      const { expected = '.', got = '.', seen } = verdict;
      const source = { ...want.source, source: `S: ${showLatin1(expected)}` };
      recorder.content(talk.name, seen, { got, expected: source });
      throw failure(finding.ofContent(verdict, about));
    }
    throw await wrongReply(play, talk, reply, verdict, about);
  }
  if (reply.content !== undefined) recorder.content(talk.name, verdict.seen);
  talk.lastContent = reply.content;
  talk.lastLines = reply.content === undefined ? reply.lines : linesOf(reply.content);
  for (const [name, value] of Object.entries(verdict.captured))
    play.fillings.captured.set(name, value);
  answered(talk.side, reply.code);
  talk.lastReply = showLine(reply.raw.at(-1)!);
  talk.packet.replies += 1;
}

/** From stage 4 on there are passwords, and a good server takes its time after a wrong one. */
function isLogin({ stage }: Play, { what, line }: Asked): boolean {
  const saysPassword = what === 'auth' || (what === 'command' && /^(?:PASS|AUTH)\b/i.test(line));
  return stage === 'v4' && saysPassword;
}

/** The server hangs up at QUIT without a word, and that was told where it was about QUIT. */
function isSilentQuit({ silentAtQuit }: Play, { protocol }: Talk, asked: Asked, said: Incomplete) {
  const isQuit = asked.what === 'command' && /^QUIT\s*$/i.test(asked.line);
  return silentAtQuit.has(protocol) && isQuit && said.lines.length + said.rest.length === 0;
}

/** A wrong reply, or the reply to a command before, which was answered twice. */
async function wrongReply(
  play: Play,
  talk: Talk,
  reply: Reply,
  verdict: Exclude<Verdict, { kind: 'right' | 'differs' }>,
  about: finding.About,
): Promise<Failure> {
  const due = Math.max(0, talk.side.unanswered.length - 1);
  const more = await talk.conversation.holdsMoreThan(due, play.waits.surplus);
  const isReply = finding.beginsReply(talk.conversation.unread(), about);
  if (more && isReply) return failure(finding.ofMoreReplies(reply, about), { suspicious: true });
  if (more && verdict.kind === 'wrong-text')
    return failure(finding.ofMoreLines(reply, about, talk.conversation.unread()));
  if (verdict.kind !== 'wrong-code') {
    const missing = verdict.kind === 'missing-line' ? verdict.line : undefined;
    return failure(finding.ofWrongText(reply, about, missing));
  }
  // A line of the text that was taken for a command shows only here, where the text ends.
  return failure(finding.ofWrongCode(reply, about), { suspicious: about.asked.what === 'text' });
}

async function noReply(
  play: Play,
  talk: Talk,
  want: Wanted,
  asked: Asked,
  heard: Exclude<Heard, { kind: 'reply' }>,
): Promise<Failure> {
  const { server, waits, recorder } = play;
  const about = aboutOf(play, talk, want, asked);
  if (heard.kind === 'fault') {
    // What is wrong with the last line is its end, so that has to be seen.
    const end = heard.fault === 'lf-only' ? '\n' : '';
    const last = Buffer.concat([heard.lines.at(-1)!, Buffer.from(end)]);
    recorder.replied(talk.name, [...heard.lines.slice(0, -1), last], want.source, false);
    // A line of POP3 may belong to the reply before.
    const suspicious = talk.protocol === 'pop3' && heard.fault === 'malformed';
    return failure(finding.ofFault(heard, about), { suspicious });
  }
  const death = heard.kind === 'silence' ? server.ended() : await deathOf(server, waits);
  if (death !== undefined || heard.kind === 'died') {
    recorder.remark(talk.name, 'died', false, want.source);
    return failure(finding.ofDeath(death ?? { how: 'died', output: [] }, asked));
  }
  const { lines, rest } = heard.reading;
  const wrong = wrongStatus(lines[0], talk, want);
  if (wrong !== undefined) {
    recorder.replied(talk.name, wrong.raw, want.source, false);
    return failure(finding.ofWrongCode(wrong, about));
  }
  recorder.replied(talk.name, rest.length > 0 ? [...lines, rest] : lines, undefined, true);
  const hasBegun = talk.protocol === 'pop3' && lines.length > 0;
  const source = hasBegun ? { ...want.source, source: 'S: .' } : want.source;
  if (heard.kind === 'silence') {
    recorder.remark(talk.name, 'silence', false, source);
    about.seconds = (heard.waited >= waits.longest ? waits.longest : waits.reply) / 1000;
    return failure(finding.ofSilence(heard.reading, about), { silent: true });
  }
  recorder.remark(talk.name, 'closes', false, source);
  return failure(finding.ofClosed(heard.reading, about, talk.closedInText), {
    suspicious: asked.what === 'text',
  });
}

/** In POP3: no line had to follow, for the status line of the reply is the wrong one already. */
function wrongStatus(line: Buffer | undefined, { protocol }: Talk, want: Wanted) {
  if (protocol !== 'pop3' || line === undefined) return undefined;
  const reading = readPop3Reply(Buffer.concat([line, Buffer.from('\r\n')]));
  if (reading.kind !== 'reply') return undefined;
  const { reply } = reading;
  const isWanted = want.expectation.oneOf.some(({ code }) => codeMatches(code, reply.code));
  return isWanted ? undefined : reply;
}

function aboutOf(play: Play, talk: Talk, want: Wanted, asked: Asked): finding.About {
  const { delivery, waits } = play;
  const { protocol, packet } = talk;
  const last = want.expectation.content?.at(-1);
  const lastLine = last?.type === 'line' ? want.fillIn(last.parts) : undefined;
  const seconds = waits.reply / 1000;
  return { protocol, asked, expected: want.words, delivery, packet, seconds, lastLine };
}

/** POP3: the text of the last reply must have so many octets. */
export function countOctets(play: Play, talk: Talk, wanted: string, isWord: boolean, line: number) {
  const size = sizeOf(talk.lastContent ?? Buffer.alloc(0));
  const announced = Number(wanted);
  // A server that ends its lines in LF alone is told so once, elsewhere.
  const isRight =
    announced === size.octets || (play.lineEnds !== 'crlf' && announced === size.came);
  const source = { source: `octets ${announced}`, line };
  play.recorder.remark(talk.name, `octets ${size.octets}`, isRight, source);
  if (!isRight) throw failure(finding.ofOctets(announced, isWord, size, talk.side));
}

/** The last reply must have no line that begins with `words`. */
export function refuseLine(play: Play, talk: Talk, words: string, source: Source): void {
  const wanted = words.toUpperCase();
  const found = talk.lastLines.find((line) => {
    const got = line.toUpperCase();
    return got === wanted || got.startsWith(`${wanted} `);
  });
  if (found === undefined) return;
  const got = showLatin1(found);
  play.recorder.remark(talk.name, got, false, source);
  throw failure(finding.ofUnwantedLine(showLatin1(words), got, talk.side));
}

/** The server closes the connection, and says nothing more before it does. */
export async function hearClose(play: Play, talk: Talk, source: Source): Promise<void> {
  const how = await talk.conversation.closed();
  if (how === 'octets') refuseSurplus(play, talk, '');
  const ok = how === 'closed';
  play.recorder.remark(talk.name, ok ? 'closes' : 'silence', ok, source);
  talk.over = true;
  if (ok) return;
  if (!hasSaidQuit(talk.side)) throw failure(find('staysOpen', {}));
  const inPop3 = talk.protocol === 'pop3';
  throw failure(find(inPop3 ? 'staysOpenAfterQuitPop3' : 'staysOpenAfterQuit', {}));
}

/** The server says nothing for a while. */
export async function hearNothing(play: Play, talk: Talk, source: Source): Promise<void> {
  if (await talk.conversation.holdsMoreThan(0, play.waits.silence))
    refuseSurplus(play, talk, talk.side.partial);
  play.recorder.remark(talk.name, 'silence', true, source);
}
