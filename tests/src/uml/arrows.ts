/**
 * From lines to arrows: lines that belong together become one arrow, long ones are shortened, and
 * what comes again and again is counted rather than drawn.
 */
import { shortenBlock, shortenLine } from './mermaid-text.ts';
import type { Dialogue, DialogueEvent, Participant } from './sequence.ts';

export type Arrow =
  | { type: 'command'; from: string; to: string; lines: string[]; kind: 'lines' | 'dot' }
  | { type: 'reply'; from: string; to: string; lines: string[]; refused: string | undefined }
  | { type: 'store'; from: string; to: string; lines: string[] }
  | { type: 'act'; from: string; to: string; text: string; told: string }
  | { type: 'remark'; over: readonly string[]; text: string };

/** Characters a line: what is legible when a diagram of two columns is projected. */
const WIDTH = 60;
/** Lines an arrow. */
const HEIGHT = 10;
/** As many equal exchanges in a row are drawn; of more only the first two and the last. */
const ALIKE = 4;

/** The arrows of a dialogue, in their order. */
export function toArrows({ participants, events }: Dialogue): Arrow[] {
  const roles = new Map(participants.map(({ id, role }) => [id, role]));
  return countAlike(group(events).map((arrow) => finish(arrow, roles))).map(shorten);
}

/** The lines of one speaker on one connection, until somebody else has the word. */
interface Lines {
  type: 'lines';
  from: string;
  to: string;
  lines: string[];
}

function group(
  events: readonly DialogueEvent[],
): (Lines | Exclude<DialogueEvent, { type: 'line' }>)[] {
  const groups: (Lines | Exclude<DialogueEvent, { type: 'line' }>)[] = [];
  for (const event of events) {
    if (event.type !== 'line') {
      groups.push(event);
      continue;
    }
    const { from, to, text } = event;
    const last = groups.at(-1);
    if (
      last?.type === 'lines' &&
      last.from === from &&
      last.to === to &&
      goesOn(last.lines, text)
    ) {
      last.lines.push(text);
    } else {
      groups.push({ type: 'lines', from, to, lines: [text] });
    }
  }
  return groups;
}

/** Does `next` belong to the lines before it? Not if they are whole, and a lone dot stands alone. */
function goesOn(lines: readonly string[], next: string): boolean {
  if (next === '.' || lines.at(-1) === '.') return false;
  // RFC 5321 §4.2.1: the last line of a reply has no hyphen after its code.
  return !(/^\d{3}[ -]/.test(lines[0]!) && /^\d{3}( |$)/.test(lines.at(-1)!));
}

function finish(group: Lines | Exclude<DialogueEvent, { type: 'line' }>, roles: Roles): Arrow {
  if (group.type === 'remark' || group.type === 'act') return group;
  const { from, to } = group;
  if (group.type === 'store') {
    return {
      type: 'store',
      from,
      to,
      lines: group.lines.length > 0 ? [...group.lines] : ['the message'],
    };
  }
  const lines = group.lines;
  if (roles.get(from) === 'server') {
    const refused = refusal(lines);
    const shown =
      refused === undefined ? lines : [...lines.slice(0, -1), `${lines.at(-1)!} (${refused})`];
    return { type: 'reply', from, to, lines: remarkOn(shown), refused };
  }
  const kind = lines[0] === '.' ? 'dot' : 'lines';
  return { type: 'command', from, to, lines: remarkOn(lines), kind };
}

type Roles = ReadonlyMap<string, Participant['role']>;

/** A line that is easily overlooked gets a remark: much hangs on a lone dot, and an empty line is sent too. */
function remarkOn(lines: string[]): string[] {
  if (lines.length > 1) return lines;
  if (lines[0] === '.') return ['. (a lone dot)'];
  return lines[0]!.trim() === '' ? [lines[0] === '' ? '(an empty line)' : '(only blanks)'] : lines;
}

/** In a word, if the reply refuses: RFC 5321 §4.2.1 (4xx, 5xx), RFC 1939 §3, RFC 9051 §7.1. */
function refusal(lines: readonly string[]): string | undefined {
  const first = lines[0]!;
  if (/^5\d\d([ -]|$)/.test(first) || /^-ERR\b/.test(first)) return 'refused';
  if (/^421([ -]|$)/.test(first)) return 'the server gives up';
  if (/^4\d\d([ -]|$)/.test(first)) return 'refused for now';
  if (/^[\w.]+ (NO|BAD)\b/.test(lines.at(-1)!)) return 'refused';
  return undefined;
}

/** An exchange is a command and its reply; exchanges that differ only in numbers are alike. */
function countAlike(arrows: Arrow[]): Arrow[] {
  const shown: Arrow[] = [];
  let start = 0;
  while (start < arrows.length) {
    const likeness = exchange(arrows, start);
    let times = 1;
    while (likeness !== undefined && exchange(arrows, start + 2 * times) === likeness) times += 1;
    if (times <= ALIKE) {
      shown.push(arrows[start]!);
      start += 1;
      continue;
    }
    const [command, reply] = [arrows[start]!, arrows[start + 1]!];
    const over = command.type === 'command' ? [command.from, command.to] : [];
    const left = times - 3;
    shown.push(command, reply, arrows[start + 2]!, arrows[start + 3]!);
    shown.push({ type: 'remark', over, text: `${left} more exchanges like these` });
    start += 2 * (times - 1);
    shown.push(arrows[start]!, arrows[start + 1]!);
    start += 2;
  }
  return shown;
}

/** What the exchange that begins here has in common with others like it. */
function exchange(arrows: readonly Arrow[], start: number): string | undefined {
  const [command, reply] = [arrows[start], arrows[start + 1]];
  if (command?.type !== 'command' || reply?.type !== 'reply') return undefined;
  const texts = [...command.lines, '', ...reply.lines].join('\n');
  return `${command.from} ${texts.replaceAll(/\d+/g, '0')}`;
}

function shorten(arrow: Arrow): Arrow {
  if (arrow.type === 'remark' || arrow.type === 'act') return arrow;
  const lines = shortenBlock(arrow.lines, HEIGHT).map((line) => shortenLine(line, WIDTH));
  return { ...arrow, lines };
}
