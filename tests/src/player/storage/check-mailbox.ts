/**
 * A mailbox block: is the message there, for whom it should be, once, and as it was sent; or is
 * nothing there that must not be. A 250 is only a promise; this looks whether it was kept.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { MailboxBlock, Scenario } from '../../notation/model.ts';
import type { SentMessage } from '../client-side.ts';
import { failure, find } from '../failure.ts';
import type { Finding } from '../model.ts';
import type { Play } from '../talk.ts';
import type { Tokens } from '../tokens.ts';
import { filesWith } from './files.ts';
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

/** Throws a failure if the mailbox is not as the block says. */
export async function checkMailbox(play: Play, question: MailQuestion): Promise<void> {
  const { block, tokens, lastLine } = question;
  const token = tokens.word(block.token);
  const message = question.messages.find(({ text }) => text.includes(token));
  const sought = soughtFor(question, token, message);
  const told: Told = { message, leftInText: question.leftInText };

  const look = (): Finding | undefined => {
    if (block.address === OUTSIDE) return outside(play, block, token);
    const traces = filesWith(token, play.server.stores, question.began).flatMap((file) =>
      tracesIn(file, sought),
    );
    return block.nothing ? absent(traces, block, told) : present(traces, block, told);
  };

  if (block.nothing) {
    // It is found out at the end of the wait if it comes late, and at once if it is there.
    const until = lastLine + play.waits.noMail;
    for (;;) {
      const found = look();
      if (found !== undefined) throw failure({ ...found, line: block.line });
      if (performance.now() >= until) return;
      await delay(LOOK);
    }
  }
  const began = performance.now();
  for (;;) {
    const found = look();
    if (found === undefined) return;
    const waited = performance.now() - began;
    // 250 says that it is there. A server that has nothing more to do will not bring it either.
    const idle = waited >= WHEN_IDLE && !(await play.server.isBusy());
    if (idle || waited >= play.waits.mail) throw failure({ ...found, line: block.line });
    await delay(LOOK);
  }
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
  };
}
