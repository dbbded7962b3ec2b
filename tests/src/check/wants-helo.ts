/**
 * Finds out whether a server of stage 1 wants HELO (or EHLO) before MAIL. It need not, but many books
 * show it so: such a server is served what it wants, and told.
 */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Stage } from '../notation/model.ts';
import type { PlayResult } from '../player/model.ts';
import type { Host } from './host.ts';

export const CLIENT_NAME = 'client.example.com';
/** What the player says after the greeting, by stage: DESIGN.md section 4, point 4. */
export const OPENINGS: Record<Stage, readonly string[]> = {
  v1: [],
  v2: [`HELO ${CLIENT_NAME}`],
  v3: [`HELO ${CLIENT_NAME}`],
  v4: [`EHLO ${CLIENT_NAME}`],
};

/** Milliseconds to wait for a reply of a server that is asked. */
const REPLY_LIMIT = 2_000;

/** Was the first command of this play MAIL, and was it refused with 5xx? */
export function mailWasRefused(play: PlayResult): boolean {
  return !play.ok && /^MAIL\b/i.test(firstCommand(play)?.text ?? '') && wasRefused(play);
}

/** Was it the player's own opening (which has no line in the scenario) that was refused with 5xx? */
export function openingWasRefused(play: PlayResult): boolean {
  const first = firstCommand(play);
  return !play.ok && first !== undefined && first.line === undefined && wasRefused(play);
}

function firstCommand({ steps }: PlayResult): PlayResult['steps'][number] | undefined {
  return steps.find(({ from }) => from === 'C');
}

/** Was the first command answered with 5xx? */
function wasRefused({ steps }: PlayResult): boolean {
  const first = steps.findIndex(({ from }) => from === 'C');
  const reply = steps.slice(first + 1).find(({ from }) => from !== 'C');
  return reply?.from === 'S' && reply.text.startsWith('5');
}

/**
 * The verb after which the server accepts MAIL, undefined if neither helps. Asks on connections of
 * their own, on servers that are ended afterwards: some serve only one.
 */
export async function verbWanted(host: Host): Promise<'HELO' | 'EHLO' | undefined> {
  for (const verb of ['HELO', 'EHLO'] as const) {
    await host.drop();
    const accepted = await acceptsMailAfter(verb, host);
    await host.drop();
    if (accepted) return verb;
  }
  return undefined;
}

async function acceptsMailAfter(verb: string, host: Host): Promise<boolean> {
  const server = await host.server();
  const connection = await server.connect('smtp');
  try {
    const lines = [undefined, `${verb} ${CLIENT_NAME}`, 'MAIL FROM:<alice@example.com>'];
    for (const line of lines) {
      if (line !== undefined) connection.write(`${line}\r\n`);
      if (!(await nextReply(connection)).startsWith('2')) return false;
    }
    return true;
  } catch {
    return false; // No reply, or a broken connection: it does not accept.
  } finally {
    connection.destroy();
  }
}

/** The next whole reply, all its lines. */
async function nextReply(connection: Duplex): Promise<string> {
  const signal = AbortSignal.timeout(REPLY_LIMIT);
  let reply = '';
  while (!/^\d{3}(?!-)[^\n]*\n/m.test(reply)) {
    const [octets] = (await once(connection, 'data', { signal })) as [Buffer];
    reply += octets.toString('latin1');
  }
  return reply;
}
