/**
 * From what was heard to what is said about it: each way in which a reply can be wrong has a sentence
 * of its own. Pure; what the texts are is the catalogue's business.
 */
import type { Value } from '../catalogue/index.ts';
import type { Delivery, Port, Protocol } from '../notation/model.ts';
import type { Ended } from '../server/model.ts';
import type { Asked, ClientSide } from './client-side.ts';
import * as pop3 from './findings-pop3.ts';
import type { ContentDiffers } from './content.ts';
import { find } from './failure.ts';
import type { Finding } from './model.ts';
import { showLatin1, showLine, withoutLineEnd } from './octets.ts';
import type { TextSize } from './pop3-reply.ts';
import type { Incomplete, Reading, Reply } from './reply.ts';

/** What the finding is about, in words. */
export interface About {
  protocol: Protocol;
  asked: Asked;
  /** `250 or 251`, as the scenario has it. */
  expected: string;
  delivery: Delivery;
  /** Seconds that were waited. */
  seconds: number;
  /** Commands of the packet that was sent last, and how many of them were answered. */
  packet: { commands: number; replies: number };
  /** POP3: the last line that the reply should have before its lone dot, if that is known. */
  lastLine: string | undefined;
}

const commandOf = ({ line }: Asked): Value =>
  line === '' ? { key: 'anEmptyLine' } : showLatin1(line);

/** Last line of a reply as it came; of nothing but a line end, that. */
const shown = (raw: Buffer): string => (raw.length === 0 ? '\\r\\n' : showLine(raw));

const EXAMPLE_PORTS = { submission: 5870, smtps: 4650, pop3s: 9950 } as const;

/**
 * Nobody accepts a connection.
 * @param isTold Does the server's manifest say anything of this port?
 */
export function ofNobody(port: Port, isTold = true): Finding {
  if (port === 'smtp') return find('nobodyAccepts', {});
  if (port !== 'pop3') {
    if (isTold) return find('nobodyAcceptsPort', { port });
    const example = EXAMPLE_PORTS[port];
    const ports = `"ports": { "${port}": ${example} }`;
    return find('nobodyAcceptsPortUntold', { port, placeholder: `{${port}}`, ports });
  }
  if (isTold) return find('nobodyAcceptsPop3', {});
  return find('nobodyAcceptsPop3Untold', {
    placeholder: '{pop3}',
    ports: '"ports": { "pop3": 1110 }',
  });
}

/** After a hostile scenario a new client is not greeted for so many milliseconds. */
export function ofNotServed(port: Port, waited: number): Finding {
  const seconds = waited / 1000;
  if (port === 'smtp') return find('notServedAfter', { seconds });
  return port === 'pop3'
    ? find('notServedAfterPop3', { seconds })
    : find('notServedAfterPort', { port, seconds });
}

/** The server said nothing, or nothing complete. */
export function ofSilence(reading: Incomplete, about: About): Finding {
  const { protocol, asked, delivery, seconds, packet } = about;
  const command = askedFor(asked);
  if (protocol === 'pop3' && reading.lines.length > 0)
    return pop3.ofNoEnd(reading, command, about.lastLine, false);
  if (reading.rest.length > 0) return find('replyNoEnd', { command, got: shown(reading.rest) });
  const last = reading.lines.at(-1);
  if (last !== undefined) return find('replyUnfinished', { command, got: shown(last) });
  if (asked.what === 'connect')
    return find(protocol === 'pop3' ? 'noGreetingPop3' : 'noGreeting', { seconds });
  if (delivery === 'pipelined' && packet.commands > 1) return find('noReplyPipelined', packet);
  if (asked.what === 'text') {
    if (delivery === 'text' || delivery === 'pipelined')
      return find('noReplyToTextInOnePacket', { seconds });
    return find(delivery === 'bytes' ? 'noReplyToTextInBytes' : 'noReplyAfterText', { seconds });
  }
  return find(delivery === 'bytes' ? 'noReplyBytes' : 'noReply', { command, seconds });
}

/** The server closed the connection. */
export function ofClosed(reading: Incomplete, about: About, inText: boolean): Finding {
  const { protocol, asked } = about;
  const command = askedFor(asked);
  if (protocol === 'pop3' && reading.lines.length > 0)
    return pop3.ofNoEnd(reading, command, about.lastLine, true);
  if (reading.rest.length > 0) return find('replyNoEnd', { command, got: shown(reading.rest) });
  const last = reading.lines.at(-1);
  if (last !== undefined) return find('replyUnfinished', { command, got: shown(last) });
  if (inText) return find('closedInText', {});
  if (asked.what === 'connect') return find('closedBeforeGreeting', {});
  return asked.what === 'text'
    ? find('closedInsteadAfterText', {})
    : find('closedInstead', { command });
}

/** A reply that is not well formed. */
export function ofFault(
  { fault, lines }: Extract<Reading, { kind: 'fault' }>,
  { protocol, asked }: About,
): Finding {
  const command = askedFor(asked);
  const got = shown(lines.at(-1)!);
  switch (fault) {
    case 'lf-only':
      return find(protocol === 'pop3' ? 'replyLfOnlyPop3' : 'replyLfOnly', { command });
    case 'nul':
      return find('replyNul', { command });
    case 'codes-differ':
      return find('replyCodesDiffer', { command, first: shown(lines[0]!), got });
    case 'malformed':
      return find(protocol === 'pop3' ? 'replyMalformedPop3' : 'replyMalformed', { command, got });
  }
}

/** A good reply, but another than the scenario wants. */
export function ofWrongCode(reply: Reply, { asked, expected, delivery, packet }: About): Finding {
  const got = shown(reply.raw.at(-1)!);
  if (asked.what === 'connect') return find('wrongGreeting', { expected, got });
  if (asked.what === 'text') return find('wrongCodeAfterText', { expected, got });
  const values = { command: commandOf(asked), expected, got };
  const isOneOfSeveral = delivery === 'pipelined' && packet.commands > 1;
  return isOneOfSeveral
    ? find('wrongCodePipelined', { ...values, commands: packet.commands })
    : find('wrongCode', values);
}

/** The right code with the wrong text, or without a line that it must have. */
export function ofWrongText(
  reply: Reply,
  { asked, expected }: About,
  missing: string | undefined,
): Finding {
  const command = askedFor(asked);
  if (missing !== undefined) return find('missingLine', { command, expected: missing });
  return find('wrongText', { command, expected, got: shown(reply.raw.at(-1)!) });
}

/** The reply has a line that it must not have. */
export function ofUnwantedLine(line: string, got: string, { answered }: ClientSide): Finding {
  const command = askedFor(answered ?? { what: 'command', line: '' });
  return find('unwantedLine', { command, line, got });
}

/** The lines behind the status line are not what the scenario wants. */
export function ofContent(differs: ContentDiffers, { asked }: About): Finding {
  return pop3.ofContent(differs, askedFor(asked));
}

/** POP3: the text has another size than it should have. See `findings-pop3.ts`. */
export function ofOctets(
  announced: number,
  isWord: boolean,
  size: TextSize,
  { answered }: ClientSide,
): Finding {
  const asked = answered ?? { what: 'command', line: '' };
  return pop3.ofOctets(announced, isWord, size, askedFor(asked));
}

/** In POP3 a line that is no status line belongs to the reply before it. */
export function beginsReply(unread: Buffer, { protocol }: About): boolean {
  return protocol !== 'pop3' || pop3.isStatusLine(firstLine(unread));
}

/** POP3: the text of the reply is another than the scenario wants, and lines follow. */
export function ofMoreLines(reply: Reply, { asked }: About, unread: Buffer): Finding {
  const values = { command: askedFor(asked), first: shown(reply.raw.at(-1)!) };
  return pop3.ofMoreLines(asked, { ...values, line: firstLine(unread) });
}

/** The reply was another than the scenario wants, and there are more replies than commands. */
export function ofMoreReplies(reply: Reply, { asked, expected }: About): Finding {
  const got = shown(reply.raw.at(-1)!);
  return find('moreReplies', { command: askedFor(asked), expected, got });
}

/**
 * Octets have come although nothing was asked.
 * @param incomplete The command that is being sent, if it is not complete.
 * @param first      The last line of the reply before.
 */
export function ofSurplus(
  unread: Buffer,
  side: ClientSide,
  incomplete: string,
  first: string,
): Finding {
  const line = firstLine(unread);
  const asked = side.answered;
  if (unread[0] === 0 && asked !== undefined) return find('replyNul', { command: askedFor(asked) });
  const got = shown(withoutLineEnd(line));
  if (side.inText) return find('replyInText', { got });
  if (incomplete !== '') return find('replyTooEarly', { command: showLatin1(incomplete), got });
  if (asked === undefined || side.unanswered.length > 0) return find('replyUnasked', { got });
  if (asked.what === 'connect') return find('extraGreeting', { first, got });
  if (asked.what === 'tls') return find('extraReplyInTls', { got });
  if (asked.what === 'text') return find('extraReplyAfterText', { first, got });
  const command = commandOf(asked);
  if (side.protocol === 'pop3' && !pop3.isStatusLine(line))
    return pop3.ofMoreLines(asked, { command, first, line });
  return find('extraReply', { command, first, got });
}

/** `ValueError: …`, `Error: …`: Node prints its own version after it, and Java where it was. */
const NAMES_AN_ERROR = /^\[?(?:Exception in thread "[^"]*" )?[\w.$]*(?:Error|Exception)\b/;

/** The server's process has ended. */
export function ofDeath({ how, output }: Ended, asked: Asked | undefined): Finding {
  const words = output.map((line) => line.trim()).filter((line) => line !== '');
  const error = words.findLast((line) => NAMES_AN_ERROR.test(line));
  const lastWords = showLine(Buffer.from(error ?? words.at(-1) ?? ''));
  if (asked === undefined || asked.what === 'connect') {
    return lastWords === ''
      ? find('serverGone', { how })
      : find('serverGoneSaying', { how, lastWords });
  }
  const command = askedFor(asked);
  return lastWords === ''
    ? find('serverDied', { how, command })
    : find('serverDiedSaying', { how, command, lastWords });
}

/** With its line end, if it has one. */
function firstLine(octets: Buffer): Buffer {
  const end = octets.indexOf('\n');
  return end === -1 ? octets : octets.subarray(0, end + 1);
}

/** What was asked, as the object of a sentence: `the reply to …`. */
function askedFor(asked: Asked): Value {
  if (asked.what === 'connect') return { key: 'theConnection' };
  if (asked.what === 'text') return { key: 'theEndOfTheMessage' };
  if (asked.what === 'tls') return { key: 'theHandshake' };
  return commandOf(asked);
}
