/**
 * Whom a piece of stored mail is for: from the path of its file, or from what stands beside the
 * message. Pure.
 */

/** Octets of a name that may stand for another: `%40`. */
function decoded(name: string): string {
  return name
    .toLowerCase()
    .replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The words of a name: what is left between characters that are neither letters nor digits. */
function wordsOf(name: string): string[] {
  return name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
}

function holdsInOrder(words: string[], wanted: string[]): boolean {
  return (
    wanted.length > 0 &&
    words.some((_, at) => wanted.every((word, index) => words[at + index] === word))
  );
}

function localPart(address: string): string {
  const at = address.lastIndexOf('@');
  return at === -1 ? address : address.slice(0, at);
}

/**
 * The addresses that a file's path names: by the whole address, however its `@` and dots are
 * written, or by the local part as a word of its own: `bob.txt`, `mail/bob/1.eml`, `to_bob_at_example.com`.
 */
export function namedInPath(name: string, addresses: string[]): string[] {
  const path = decoded(name);
  const words = wordsOf(path);
  const whole = addresses.filter((address) => {
    const parts = wordsOf(address);
    return holdsInOrder(words, parts) || (parts.length === 0 && path.includes(address));
  });
  const others = addresses.filter((address) => {
    const local = localPart(address);
    // bob@example.com.txt is not also the mailbox of bob@example.org.
    return (
      !whole.some((named) => localPart(named) === local) && holdsInOrder(words, wordsOf(local))
    );
  });
  return addresses.filter((address) => whole.includes(address) || others.includes(address));
}

/** Words before an address that say that it is the sender's. */
const SENDER =
  /\b(?:mail[ _-]?from|return[ _-]?path|reverse[ _-]?path|reply[ _-]?to|from|sender|exp[ée]diteur|remetente)\b/gi;
/** Words before an address that say that it is a recipient's. */
const RECIPIENT =
  /\b(?:rcpt(?:[ _-]?to)?|delivered[ _-]?to|forward[ _-]?path|to|for|recipients?|receivers?|mailbox|inbox|user|owner|destinataires?|destinat[áa]rios?|para|[àa])\b/gi;

/** Does this key or label, or the text before an address, speak of the sender? */
export function saysSender(label: string): boolean {
  return lastMatch(label, SENDER) > lastMatch(label, RECIPIENT);
}

function lastMatch(text: string, pattern: RegExp): number {
  let last = -1;
  for (const match of text.matchAll(pattern)) last = match.index;
  return last;
}

/**
 * The addresses that a text names as recipients. A whole address counts anywhere but behind a word
 * for the sender; a local part alone only behind a word for the recipient: `To: bob`.
 */
export function namedInText(text: string, addresses: string[]): string[] {
  const lines = text.toLowerCase().split(/\r?\n/);
  return addresses.filter((address) => {
    const local = localPart(address);
    return lines.some(
      (line) =>
        positions(line, address).some((at) => !saysSender(line.slice(0, at))) ||
        positions(line, local).some(
          (at) =>
            isWord(line, at, local) &&
            lastMatch(line.slice(0, at), RECIPIENT) > lastMatch(line.slice(0, at), SENDER),
        ),
    );
  });
}

function positions(line: string, wanted: string): number[] {
  const found: number[] = [];
  if (wanted === '') return found;
  for (let at = line.indexOf(wanted); at !== -1; at = line.indexOf(wanted, at + 1)) found.push(at);
  return found;
}

function isWord(line: string, at: number, word: string): boolean {
  const around = `${line[at - 1] ?? ' '}${line[at + word.length] ?? ' '}`;
  return !/[\p{L}\p{N}@_.+-]/u.test(around);
}
