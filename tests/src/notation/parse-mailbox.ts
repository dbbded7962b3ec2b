/** A fence `mailbox ADDRESS [{token.2}] [nothing] [raw]` and its lines: what must have arrived. */
import { ScenarioError, type Place } from './error.ts';
import type { MailboxBlock } from './model.ts';
import { octetsOf, refuseControls, unescapeOctets } from './octets.ts';

/**
 * @param words The words of the fence behind `mailbox`.
 * @param lines The lines between the fences.
 * @param place The place of the opening fence.
 * @param sent  The tokens that the dialogues before have sent.
 */
export function parseMailbox(
  words: string[],
  lines: string[],
  place: Place,
  sent: ReadonlySet<string>,
): MailboxBlock {
  const [address, ...options] = words;
  if (address === undefined || !/^[^\s<>{}]+$/.test(address) || isOption(address)) {
    throw new ScenarioError(
      place,
      'the fence does not say whose mailbox',
      'write the address without angle brackets, as in ```mailbox bob@example.com',
    );
  }
  let token: string | undefined;
  let nothing = false;
  let raw = false;
  for (const option of options) {
    const named = /^\{(token(?:\.\d+)?)\}$/.exec(option)?.[1];
    if (option === 'nothing' && !nothing) nothing = true;
    else if (option === 'raw' && !raw) raw = true;
    else if (named !== undefined && token === undefined) token = named;
    else {
      throw new ScenarioError(
        place,
        `\`${option}\` says nothing here`,
        'behind the address there may be, once each, {token.2}, nothing and raw',
      );
    }
  }
  token ??= 'token';
  if (!sent.has(token)) {
    throw new ScenarioError(
      place,
      `no line before the block sends {${token}}, so the message cannot be told from others`,
      `put {${token}} into the message, as in \`C: Subject: {${token}}\``,
    );
  }
  if (address === '..' && !nothing) {
    throw new ScenarioError(
      place,
      '`..` is what lies outside the mail folder, and no mail belongs there',
      'write whose mailbox it is, or `mailbox .. {token.2} nothing`',
    );
  }
  if (address === '*' && !nothing) {
    throw new ScenarioError(
      place,
      '`*` is everybody, and nobody must have what everybody may have',
      'write whose mailbox it is, or `mailbox * nothing`',
    );
  }
  if (nothing && (raw || lines.length > 0)) {
    throw new ScenarioError(
      place,
      'the block says that nothing is there, and what is there',
      'leave the block empty, or take the word nothing out',
    );
  }
  return {
    type: 'mailbox',
    address: address === '*' ? undefined : address,
    token,
    nothing,
    lines: lines.map((line, index) =>
      octetsOfLine(line, raw, { file: place.file, line: place.line + 1 + index }),
    ),
    line: place.line,
  };
}

function isOption(word: string): boolean {
  return word === 'nothing' || word === 'raw';
}

function octetsOfLine(line: string, raw: boolean, place: Place): Uint8Array {
  refuseControls(line, place);
  const placeholder = /\{(?:token[^{}\s]*|"[^"]*"\s*\*\s*\d+)\}/.exec(line)?.[0];
  if (placeholder !== undefined) {
    throw new ScenarioError(
      place,
      `${placeholder} is not filled in inside a mailbox block`,
      'leave the line out: the message is found by its token, and only the lines named must be there',
    );
  }
  return raw ? unescapeOctets(line, place) : octetsOf(line);
}
