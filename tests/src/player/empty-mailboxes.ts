/**
 * Every scenario with a POP3 dialogue begins with empty mailboxes. A server that has served others
 * before is asked to delete what they left; one that cannot is started again by whoever started it.
 */
import type { Scenario, Step } from '../notation/model.ts';
import type { RunningServer } from '../server/model.ts';
import { partsWithin } from './moves.ts';
import { localPart, DEFAULT_LOGINS, type Login } from './login.ts';
import { countMessages, openMailbox, type Manners } from './mailbox-session.ts';
import { waitsOf, type PlayOptions } from './model.ts';

/** To delete more messages than this takes longer than to start the server again. */
const MOST_MESSAGES = 20;

/** Empties the mailboxes that the scenario looks into. False if that cannot be done. */
export async function emptyMailboxes(
  scenario: Scenario,
  server: RunningServer,
  options: Pick<PlayOptions, 'stage' | 'login' | 'waits' | 'replyTimeout' | 'noLineEnds'>,
): Promise<boolean> {
  const { stage, login = DEFAULT_LOGINS, noLineEnds } = options;
  const lineEnds = noLineEnds === true ? 'none' : 'forgiven';
  const manners: Manners = { stage, login, waits: waitsOf(options), lineEnds };
  for (const address of mailboxesOf(scenario, login)) {
    if (!(await emptyMailbox(server, address, manners))) return false;
  }
  return true;
}

/** Does the scenario speak POP3? */
export function usesPop3({ blocks }: Scenario): boolean {
  return blocks.some((block) => block.type === 'dialogue' && block.protocol === 'pop3');
}

/** The addresses whose mailboxes the POP3 dialogues open: the player does, or a line names them. */
function mailboxesOf({ blocks }: Scenario, { accounts }: Login): Set<string> {
  const addresses = new Set<string>();
  for (const block of blocks) {
    if (block.type !== 'dialogue' || block.protocol !== 'pop3') continue;
    if (block.login !== undefined) addresses.add(block.login);
    for (const step of plainSteps(block.steps)) {
      if (step.type !== 'send') continue;
      for (const part of partsWithin(step.parts))
        if (part.type === 'account') addresses.add(`${part.name}@example.com`);
      const words = new Set(step.source.toLowerCase().split(/[^\w.+-]+/));
      for (const { address, user } of accounts)
        if (words.has(localPart(address)) || words.has(user.toLowerCase())) addresses.add(address);
    }
  }
  return addresses;
}

function plainSteps(steps: Step[]): Step[] {
  return steps.flatMap((step) => (step.type === 'repeat' ? plainSteps(step.steps) : [step]));
}

async function emptyMailbox(
  server: RunningServer,
  address: string,
  manners: Manners,
): Promise<boolean> {
  const count = await deleteAll(server, address, manners);
  if (count === undefined) return false;
  // What DELE has marked goes at QUIT: the next session shows whether it went.
  return count === 0 || (await deleteAll(server, address, manners)) === 0;
}

/** Deletes all messages. How many there were; undefined if it went wrong, or there are too many. */
async function deleteAll(
  server: RunningServer,
  address: string,
  manners: Manners,
): Promise<number | undefined> {
  const session = await openMailbox(server, address, manners);
  if (typeof session === 'string') return undefined;
  const count = await countMessages(session);
  let isGood = count !== undefined && count <= MOST_MESSAGES;
  for (let n = 1; isGood && n <= count!; n += 1)
    isGood = (await session.ask(`DELE ${n}`)) !== undefined;
  if (isGood) isGood = await session.quit();
  else session.leave();
  return isGood ? count : undefined;
}
