/** The handshake of TLS in a play: whatever is not as it should be is thrown, with its finding. */
import { PORTS } from '../notation/model.ts';
import { tlsBegun } from './client-side.ts';
import type { Shaken } from './conversation.ts';
import { failure, find, type Failure } from './failure.ts';
import { ofDeath } from './findings.ts';
import { showLine, withoutLineEnd } from './octets.ts';
import type { Source } from './recorder.ts';
import { letIn } from './say.ts';
import { deathOf, type Play, type Talk } from './talk.ts';

/** What the scenario wants of a handshake. */
export interface WantedHandshake {
  outcome: 'succeeds' | 'fails' | 'either';
  /** Octets that go out in one packet with it. */
  behind: Buffer;
  source?: Source;
}

/** Who refuses STARTTLS or STLS, because of what came along with it, goes on in clear. */
const REFUSED = /^(?:[45]\d\d|-ERR)/;

const PLAIN_SUCCESS: WantedHandshake = { outcome: 'succeeds', behind: Buffer.alloc(0) };

export async function beginTls(
  play: Play,
  talk: Talk,
  { outcome, behind, source }: WantedHandshake = PLAIN_SUCCESS,
): Promise<void> {
  const { recorder, server, waits } = play;
  const { conversation, side, name } = talk;
  await letIn(play, talk);
  if (outcome !== 'succeeds' && REFUSED.test(talk.lastReply)) {
    recorder.remark(name, 'tls fails', true, source);
    talk.over = true;
    conversation.leave();
    return;
  }
  if (behind.length > 0)
    recorder.sent(name, behind, source?.line === undefined ? undefined : rawAt(source.line));

  const shaken = await conversation.beginTls(behind);
  if (shaken.kind === 'plain') throw await spokeInClear(play, talk, source);
  if (shaken.kind === 'secure') {
    recorder.remark(name, 'tls', outcome !== 'fails', source);
    if (outcome === 'fails') throw failure(find('tlsSucceeded', {}));
    talk.secure = true;
    // On a port of its own the greeting is still to come.
    if (side.answered !== undefined) tlsBegun(side);
    return;
  }
  const death = await deathOf(server, waits);
  if (death !== undefined || shaken.kind === 'died') {
    recorder.remark(name, 'died', false, source);
    throw failure(ofDeath(death ?? { how: 'died', output: [] }, { what: 'tls', line: '' }));
  }
  const isRight = outcome !== 'succeeds';
  recorder.remark(name, 'tls fails', isRight, source);
  talk.over = true;
  conversation.leave();
  if (!isRight) throw ofFailedHandshake(shaken, play);
}

function rawAt(line: number): { crlf: false; line: number } {
  return { crlf: false, line };
}

function ofFailedHandshake(
  shaken: Exclude<Shaken, { kind: 'secure' | 'plain' | 'died' }>,
  { waits }: Play,
): Failure {
  switch (shaken.kind) {
    case 'closed':
      return failure(find('tlsClosed', {}));
    case 'refused':
      return failure(find('tlsRefused', { reason: showLine(Buffer.from(shaken.reason)) }));
    case 'silence': {
      const waited = shaken.waited >= waits.longest ? waits.longest : waits.reply;
      return failure(find('tlsSilence', { seconds: waited / 1000 }), { silent: true });
    }
  }
}

/** Clear text where TLS belongs: an answer to what came with STARTTLS, or a server that has no TLS there. */
async function spokeInClear(play: Play, talk: Talk, source: Source | undefined): Promise<Failure> {
  const { conversation, name, port, lastReply, side } = talk;
  // The rest of the line may be under way.
  await conversation.holdsMoreThan(0, play.waits.surplus);
  const unread = conversation.unread();
  const end = unread.indexOf('\n');
  const line = withoutLineEnd(unread.subarray(0, end === -1 ? 1000 : end + 1));
  play.recorder.replied(name, [line], source ?? { source: 'tls' }, false);
  const got = showLine(line);
  if (PORTS[port].tls && side.answered === undefined)
    return failure(find('tlsInClearAtOnce', { port, got }));
  return failure(find('tlsInClear', { first: lastReply, got }));
}
