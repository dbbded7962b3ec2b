/**
 * Names in a Maildir. All that is known of a message without opening it stands in the name of its file:
 *
 *     1763628580.M000Q000001R0a1b2c3d.stagepost,S=412,W=412:2,FS
 *     ---------------- base ------------------------------- info
 *
 * The base name is the message's for ever; the info behind it changes with its flags. `S` is the size of
 * the file, and `W` what it is with CR LF at the end of every line. Here they are always the same.
 */
import { createHash } from 'node:crypto';

/** What the name of a file says. */
export interface MaildirName {
  /** Everything before the flags. */
  base: string;
  /** One letter each: S seen, R replied, F flagged, T trashed, D draft, P passed; a to z are keywords. */
  flags: string;
  /** The message's name, the same whatever happens to its flags and its line ends. POP3's UIDL. */
  id: string;
  /** In octets; `undefined`: the lines may end in LF alone, as other programs write them. */
  size: number | undefined;
}

/** Windows allows no colon in a name. Both are read everywhere, since a disk can be carried. */
export const INFO = process.platform === 'win32' ? ';2,' : ':2,';

export function readName(name: string): MaildirName {
  const [, base = name, flags = ''] = /^(.+?)[:;]2,(.*)$/s.exec(name) ?? [];
  const [first = '', ...fields] = base.split(',');
  const octets = (field: string) => {
    const digits = fields.find((each) => each.startsWith(field))?.slice(field.length) ?? '';
    return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
  };
  const size = octets('S=');
  return { base, flags, id: idOf(first), size: size === octets('W=') ? size : undefined };
}

/** RFC 1939 §7, UIDL: one to 70 octets between 0x21 and 0x7E. Any other name gets one made of it. */
function idOf(first: string): string {
  if (/^[\x21-\x7E]{1,70}$/.test(first)) return first;
  return createHash('sha256').update(first).digest('hex');
}

export function writeName(base: string, flags: string, info = INFO): string {
  return `${base}${info}${flags}`;
}

/** A base name that tells the size; fields of other programs in it stay. */
export function withSize(base: string, size: number): string {
  const [first = '', ...fields] = base.split(',');
  const others = fields.filter((field) => !/^[SW]=/.test(field));
  return [first, ...others, `S=${size}`, `W=${size}`].join(',');
}

/** Flags stand in the order of their letters. */
export function withFlag(flags: string, flag: string): string {
  return Array.from(new Set(flags + flag))
    .sort()
    .join('');
}

/**
 * Is a file of this name a message? Not if it begins with a dot; nor if it is no UTF-8: such a file
 * cannot be opened by the name that Node gives it.
 */
export function isMessage(name: string): boolean {
  return !name.startsWith('.') && !name.includes('\uFFFD');
}

/** Sorts the oldest first: by the seconds before the first dot, then by name. */
export function byAge(one: { base: string }, other: { base: string }): number {
  return secondsOf(one.base) - secondsOf(other.base) || (one.base < other.base ? -1 : 1);
}

/** A name that does not begin with a time comes last. */
function secondsOf(base: string): number {
  const [, digits] = /^(\d{1,15})\./.exec(base) ?? [];
  return digits === undefined ? Number.MAX_SAFE_INTEGER : Number(digits);
}

/** New base names, in the order of the messages, even if the clock is set back meanwhile. */
export class NewNames {
  private readonly server: string;
  private lastTime = 0;
  /** Messages of the same millisecond. */
  private count = 0;

  /** @param server eight hexadecimal digits, never used before: no other run gives the same names */
  constructor(server: string) {
    this.server = server;
  }

  /** @param time in milliseconds since 1970 */
  next(time: number): string {
    if (time > this.lastTime) {
      this.lastTime = time;
      this.count = 0;
    }
    this.count += 1;
    return newName(this.lastTime, this.count, this.server);
  }

  /** Did this server begin to write a file of that name? */
  made(name: string): boolean {
    return name.includes(`R${this.server}.stagepost`);
  }
}

/** @param time in milliseconds since 1970 */
export function newName(time: number, count: number, server: string): string {
  const milliseconds = String(time % 1000).padStart(3, '0');
  const number = String(count).padStart(6, '0');
  return `${Math.floor(time / 1000)}.M${milliseconds}Q${number}R${server}.stagepost`;
}

/** Is it a name that a server of ours has made, this one or another? */
export function isOurs(name: string): boolean {
  return /^\d+\.M\d{3}Q\d{6,}R[0-9a-f]{8}\.stagepost(?:,|$)/.test(name);
}
