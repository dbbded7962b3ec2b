/**
 * A mailbox block: is the message there, for whom it should be, once, and as it was sent; or is
 * nothing there that must not be. A 250 is only a promise; this looks whether it was kept.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { MailboxBlock, Scenario } from '../../notation/model.ts';
import type { RunningServer } from '../../server/model.ts';
import type { SentMessage } from '../client-side.ts';
import { failure, find } from '../failure.ts';
import { FREE_WITHIN } from '../mailbox-session.ts';
import { namesSomebody } from '../login.ts';
import type { Finding } from '../model.ts';
import type { Play } from '../talk.ts';
import type { Tokens } from '../tokens.ts';
import { messagesByPop3 } from './by-pop3.ts';
import { filesWith, type StoredFile } from './files.ts';
import { leftOutside } from './outside.ts';
import { absent, present, type Told } from './verdict.ts';
import { tracesIn, type Sought } from './traces.ts';

/** What the check needs to know of the play so far. */
export interface MailQuestion {
  block: MailboxBlock;
  scenario: Scenario;
  tokens: Tokens;
  /** All messages of the play, of all connections. */
  messages: SentMessage[];
  /** A client dropped the connection in the middle of a text. */
  leftInText: boolean;
  /** A connection of the play has a mailbox open. */
  holdsMailbox: boolean;
  /** When the play began, in milliseconds since 1970. */
  began: number;
  /** When the dialogue had last gone on, by `performance.now()`. */
  lastLine: number;
}

/** Between two looks into the store, in milliseconds. */
const LOOK = 5;
/** `mailbox .. {token.2} nothing`: outside the folders that mail is kept in. */
const OUTSIDE = '..';
/** Those whom servers that accept only some people are told of. */
const EVERYBODY = ['alice@example.com', 'bob@example.com', 'carol@example.com'];

/** How long a message may take to be found if the server is idle, in milliseconds. */
const WHEN_IDLE = 150;

/** What is known of a server: no need to look for its mail through POP3 again and again. */
const KNOWN = new WeakMap<RunningServer, 'in files' | 'not by POP3'>();

/** Throws a failure if the mailbox is not as the block says. */
export async function checkMailbox(play: Play, question: MailQuestion): Promise<void> {
  const { block, tokens, lastLine } = question;
  const { server, waits } = play;
  const token = tokens.word(block.token);
  const message = question.messages.find(({ text }) => text.includes(token));
  const sought = soughtFor(question, token, message);
  const { all, meant } = mailboxesOf(play, block);
  const told: Told = { message, leftInText: question.leftInText };

  const judge = (files: StoredFile[]): Look => {
    const traces = files.flatMap((file) => tracesIn(file, sought));
    return {
      found: block.nothing ? absent(traces, block, told) : present(traces, block, told),
      isGuess: traces.every(({ by }) => by !== 'path'),
    };
  };
  const look = (): Look => {
    if (block.address === OUTSIDE) return { found: outside(play, block, token), isGuess: false };
    return judge(filesWith(token, server.stores, question.began));
  };
  /** Undefined if POP3 has nothing to say of it. */
  const lookByPop3 = async (addresses: string[]): Promise<Look | undefined> => {
    if (play.stage < 'v3' || KNOWN.get(server) === 'not by POP3' || addresses.length === 0)
      return undefined;
    const { login } = play.fillings;
    const manners = { stage: play.stage, login, waits, lineEnds: play.lineEnds };
    const patience = question.holdsMailbox ? 0 : FREE_WITHIN;
    const files = await messagesByPop3(token, addresses, server, manners, patience);
    if (files === undefined && !question.holdsMailbox) KNOWN.set(server, 'not by POP3');
    return files === undefined || files.length === 0 ? undefined : judge(files);
  };

  if (block.nothing) {
    // It is found out at the end of the wait if it comes late, and at once if it is there.
    const until = lastLine + waits.noMail;
    for (;;) {
      const { found, isGuess } = look();
      if (found !== undefined) {
        const byPop3 = isGuess && found.key === 'mailUnexpected' && (await lookByPop3(all));
        if (byPop3 && byPop3.found === undefined) return;
        throw failure({ ...found, line: block.line });
      }
      if (performance.now() >= until) break;
      await delay(LOOK);
    }
    const isKnown = KNOWN.get(server) === 'in files';
    const found = isKnown ? undefined : (await lookByPop3(meant))?.found;
    if (found !== undefined) throw failure({ ...found, line: block.line });
    return;
  }
  const began = performance.now();
  for (let first = true; ; first = false) {
    const { found: inFiles, isGuess } = look();
    let found = inFiles;
    if (found === undefined) {
      KNOWN.set(server, 'in files');
      return;
    }
    const waited = performance.now() - began;
    // 250 says that it is there. A server that has nothing more to do will not bring it either.
    const idle = waited >= WHEN_IDLE && !(await server.isBusy());
    const last = idle || waited >= waits.mail;
    if ((first || last) && isGuess && TELLS_WHERE.has(found.key)) {
      const byPop3 = await lookByPop3([...meant, ...all.filter((one) => !meant.includes(one))]);
      if (byPop3 !== undefined) found = byPop3.found;
      if (found === undefined) return;
    }
    if (last) throw failure({ ...found, line: block.line });
    await delay(LOOK);
  }
}

interface Look {
  found: Finding | undefined;
  /** Whom the message is for was seen from what stands beside it, in a file with others' mail. */
  isGuess: boolean;
}

/** Files say nothing of the message, or that it is not where it should be. */
const TELLS_WHERE: ReadonlySet<Finding['key']> = new Set([
  'mailNotFound',
  'mailForNobody',
  'mailInOther',
  'mailInSender',
  'mailOnlyFirst',
  'mailOnlyLast',
] as const);

/** The mailboxes that POP3 can show, and those of them that a block is about. */
function mailboxesOf({ fillings: { login } }: Play, { address, nothing }: MailboxBlock) {
  const all = login.accounts.map((account) => account.address.toLowerCase());
  if (address === undefined) return { all, meant: all };
  const wanted = address.toLowerCase();
  if (!nothing) return { all, meant: [wanted] };
  // Where nobody says who he is, all see the same.
  const isOwn = namesSomebody(login) && all.includes(wanted);
  return { all, meant: isOwn ? [wanted] : [] };
}

/** RFC 5321 §7 leaves it to the server to keep strangers out of its files. */
function outside({ server }: Play, { token }: MailboxBlock, word: string): Finding | undefined {
  const { around, stores } = server;
  const file = around === undefined ? undefined : leftOutside(word, around, stores);
  return file === undefined
    ? undefined
    : find('mailOutside', { file: file.replaceAll(word, `{${token}}`) });
}

function soughtFor(
  { scenario, messages }: MailQuestion,
  token: string,
  message: SentMessage | undefined,
): Sought {
  const blocks = scenario.blocks.flatMap((block) =>
    block.type === 'mailbox' && block.address !== OUTSIDE ? (block.address ?? []) : [],
  );
  const envelopes = messages.flatMap(({ sender, recipients }) => [sender, ...recipients]);
  const addresses = [...EVERYBODY, ...blocks, ...envelopes].map((address) => address.toLowerCase());
  const text = message?.text ?? '';
  return {
    token,
    perMessage: Math.max(1, text.split(token).length - 1),
    sent: new Set(text.split('\r\n').flatMap((line) => [line, line.replace(/^\./, '')])),
    addresses: [...new Set(addresses)].filter((address) => address !== ''),
    sender: message?.sender.toLowerCase(),
  };
}
