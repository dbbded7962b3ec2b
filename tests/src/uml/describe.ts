/**
 * A dialogue in sentences, for those who do not see the picture: who sends what, the code of each
 * answer, and where a message ends up.
 */
import type { Arrow } from './arrows.ts';
import type { Participant } from './sequence.ts';

/** "Client sends MAIL (250), DATA (354) and the text of a message (250). …" */
export function describe(participants: readonly Participant[], arrows: readonly Arrow[]): string {
  const labels = new Map(participants.map(({ id, label }) => [id, label.replaceAll('\n', ' ')]));
  const label = (id: string): string => labels.get(id) ?? id;
  const sentences: string[] = [];
  let sender = '';
  let sent: string[] = [];
  let afterwards: string[] = [];
  /** Who is sending the text of a message: its lines are no commands (RFC 5321 §4.1.1.4). */
  const inText = new Set<string>();
  /** Who was asked for one more line of a login, by 334 (RFC 4954 §4) or + in POP3: it is no command either. */
  const inAuth = new Set<string>();

  const finish = (): void => {
    if (sent.length > 0) sentences.push(`${label(sender)} sends ${list(sent)}`);
    sentences.push(...afterwards);
    [sent, afterwards] = [[], []];
  };

  arrows.forEach((arrow, index) => {
    switch (arrow.type) {
      case 'command': {
        const isText = inText.has(arrow.from);
        if (isText && arrow.kind === 'lines' && dotFollows(arrows.slice(index + 1), arrow.from))
          break;
        // What a message leads to is told before what is sent after it.
        if (arrow.from !== sender || afterwards.length > 0) finish();
        sender = arrow.from;
        if (inAuth.delete(arrow.from)) sent.push('the next line of the login');
        else if (arrow.kind === 'dot') sent.push('the text of a message');
        else sent.push(isText ? 'a part of a text' : list(commandsIn(arrow.lines)));
        inText.delete(arrow.from);
        break;
      }
      case 'reply': {
        // The end of a message that the server sends, after the reply that announced it.
        if (arrow.lines[0]!.startsWith('. ')) break;
        if (arrow.lines[0]!.startsWith('354')) inText.add(arrow.to);
        if (/^(?:334|\+)(?: |$)/.test(arrow.lines[0]!)) inAuth.add(arrow.to);
        if (arrow.to === sender && sent.length > 0) {
          sent.push(`${sent.pop()!} (${code(arrow.lines)})`);
        } else {
          finish();
          sentences.push(`${label(arrow.from)} says ${code(arrow.lines)} to ${label(arrow.to)}`);
        }
        break;
      }
      case 'store':
        afterwards.push(
          `${label(arrow.from)} puts the message into the ${lowerFirst(label(arrow.to))}`,
        );
        break;
      case 'act':
        afterwards.push(arrow.told);
        break;
      case 'remark':
        finish();
        sentences.push(upperFirst(arrow.text));
        break;
    }
  });
  finish();
  return sentences.map((sentence) => `${sentence}.`).join(' ');
}

function dotFollows(arrows: readonly Arrow[], from: string): boolean {
  return arrows.some((arrow) => {
    return arrow.type === 'command' && arrow.kind === 'dot' && arrow.from === from;
  });
}

/** What is sent at once. The lines behind BDAT are the octets that it has announced (RFC 3030). */
function commandsIn(lines: readonly string[]): string[] {
  const chunk = lines.findIndex((line) => verb(line) === 'BDAT') + 1;
  if (chunk === 0 || chunk === lines.length) return lines.map(verb);
  return [...lines.slice(0, chunk).map(verb), 'a part of the message'];
}

/** The word that says what a command wants; an empty line and the like have none. */
function verb(line: string): string {
  return /^[A-Za-z]+/.exec(line)?.[0].toUpperCase() ?? 'something that is no command';
}

/** What the answer comes to: SMTP and POP3 say so in the first line, IMAP in the last. */
function code(lines: readonly string[]): string {
  const first = /^(\d{3}|\+OK|-ERR|\+(?= |$))/.exec(lines[0]!)?.[0];
  return first ?? /^\S+ (OK|NO|BAD)\b/.exec(lines.at(-1)!)?.[1] ?? 'an answer';
}

function list(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)!}`;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
