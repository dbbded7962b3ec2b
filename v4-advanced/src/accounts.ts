/**
 * Accounts: who receives mail here, and the password that opens each mailbox. One account a line,
 *
 *     alice:scrypt$16384$8$1$<salt>$<hash>
 *
 * with salt and hash in base64, and `:demo` behind it where everybody knows the password. A password
 * is not in the file, and cannot be found by turning the hash back: only by trying, and scrypt
 * (RFC 7914) makes each try cost time and memory.
 *
 * Texts in, texts out: src/accounts-file.ts keeps them on the disk.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { mailboxName } from './guards/mailbox-name.ts';

export interface Account {
  name: string;
  hash: Hash;
  /** One of those that the server makes for a first try. */
  demo: boolean;
}

export interface Hash {
  cost: Cost;
  salt: Buffer;
  key: Buffer;
}

/** RFC 7914 §2: N makes it cost time and memory, r memory, p time. It takes 128 · N · r octets. */
export interface Cost {
  N: number;
  r: number;
  p: number;
}

export type Accounts = ReadonlyMap<string, Account>;

export const DEFAULT_LOG_N = 14;

const SALT_OCTETS = 16;
const KEY_OCTETS = 32;

/** A slip of the pen in the file must not take all the memory there is. */
const MOST_MEMORY = 256 * 1024 * 1024;

/** The longest password, in octets of UTF-8. */
const LONGEST_PASSWORD = 1024;

/** @param logN N as a power of two */
export function costOf(logN: number): Cost {
  return { N: 2 ** logN, r: 8, p: 1 };
}

/** A cost that scrypt knows (RFC 7914 §6), and that this server is willing to pay. */
export function isAffordable({ N, r, p }: Cost): boolean {
  const isPowerOfTwo = N >= 2 && Number.isInteger(Math.log2(N));
  const isKnown = isPowerOfTwo && r >= 1 && p >= 1 && Math.log2(N) < 16 * r;
  return isKnown && p <= 16 && 128 * N * r <= MOST_MEMORY;
}

/** A name is also the name of a folder, so it is written as one from the start. */
export function isAccountName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._+=-]{0,63}$/.test(name) && mailboxName(name) === name;
}

/** What to tell somebody whose name was not taken. */
export const NAME_RULE = '1 to 64 of a to z, 0 to 9, . _ + = -, a letter or a digit first';

/**
 * A password as it is hashed; `undefined` if it is none. RFC 8265 §4.2 (OpaqueString, which took the
 * place of SASLprep): what looks the same is the same, however a keyboard composes it (NFC, and not
 * the NFKC of SASLprep, which makes one of passwords that differ), every kind of blank is a blank,
 * case counts, and there are no controls in it.
 */
export function preparePassword(password: string): string | undefined {
  const prepared = password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
  const octets = Buffer.byteLength(prepared);
  if (octets === 0 || octets > LONGEST_PASSWORD) return undefined;
  return /[\p{Cc}\p{Cs}]/u.test(prepared) ? undefined : prepared;
}

/** What to tell somebody whose password was not taken. */
export const PASSWORD_RULE = `A password has 1 to ${LONGEST_PASSWORD} octets, and no control characters`;

/** @throws Error if it is no password */
export async function hashPassword(password: string, cost: Cost): Promise<Hash> {
  const prepared = preparePassword(password);
  if (prepared === undefined) throw new Error(`${PASSWORD_RULE}.`);
  const salt = randomBytes(SALT_OCTETS);
  return { cost, salt, key: await derive(prepared, salt, cost) };
}

/**
 * Whether this is the account's password. Somebody who has no account is refused after the same work:
 * the time that a refusal takes must not tell who has one.
 * @param decoy what is compared where there is no account
 */
export async function isPassword(
  password: string,
  account: Account | undefined,
  decoy: Hash,
): Promise<boolean> {
  const prepared = preparePassword(password);
  if (prepared === undefined) return false; // which tells nothing of the account
  const { cost, salt, key } = account?.hash ?? decoy;
  const isRight = timingSafeEqual(await derive(prepared, salt, cost), key);
  return isRight && account !== undefined;
}

/** A hash that costs as much as most of the accounts' do. */
export function decoyOf(accounts: Accounts): Hash {
  const counts = new Map<string, { cost: Cost; count: number }>();
  for (const { hash } of accounts.values()) {
    const { N, r, p } = hash.cost;
    const { count } = counts.get(`${N} ${r} ${p}`) ?? { count: 0 };
    counts.set(`${N} ${r} ${p}`, { cost: hash.cost, count: count + 1 });
  }
  const [most] = Array.from(counts.values()).sort((a, b) => b.count - a.count);
  const cost = most?.cost ?? costOf(DEFAULT_LOG_N);
  return { cost, salt: randomBytes(SALT_OCTETS), key: randomBytes(KEY_OCTETS) };
}

const scryptAsync = promisify<string, Buffer, number, Cost & { maxmem: number }, Buffer>(scrypt);

async function derive(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  // Node's own limit is the 32 MiB that the default cost just does not need.
  return scryptAsync(password, salt, KEY_OCTETS, { ...cost, maxmem: 2 * MOST_MEMORY });
}

/**
 * Reads the accounts. Empty lines and lines that begin with `#` are left out.
 * @throws Error with the line's number if a line is none of these, or names an account again
 */
export function readAccounts(text: string): Accounts {
  const accounts = new Map<string, Account>();
  for (const [index, line] of text.split('\n').entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const account = readAccount(entry);
    if (typeof account === 'string') throw new Error(`line ${index + 1} ${account}`);
    if (accounts.has(account.name)) {
      throw new Error(`line ${index + 1} names ${account.name} again: remove one of the two`);
    }
    accounts.set(account.name, account);
  }
  return accounts;
}

/** @returns the account, or what is wrong with the line; its text is a secret, and is not repeated */
function readAccount(line: string): Account | string {
  const [name = '', hash = '', mark, ...rest] = line.split(':');
  if (!isAccountName(name)) {
    return `does not begin with the name of an account (${NAME_RULE}) and a colon`;
  }
  const [scheme, N, r, p, salt, key, ...more] = hash.split('$');
  if (scheme !== 'scrypt') {
    return `holds no scrypt hash for ${name}: set the password with accounts.ts passwd ${name}`;
  }
  const read = {
    cost: { N: whole(N), r: whole(r), p: whole(p) },
    salt: Buffer.from(salt ?? '', 'base64'),
    key: Buffer.from(key ?? '', 'base64'),
  };
  const isWhole = more.length === 0 && read.salt.length >= 8 && read.key.length === KEY_OCTETS;
  // What base64 does not know it leaves out: a key that was damaged must not become another one.
  if (!isWhole || writeHash(read) !== hash) return `holds a damaged hash for ${name}`;
  if (!isAffordable(read.cost)) return `holds a hash for ${name} that costs too much, or nothing`;
  if (rest.length > 0 || (mark !== undefined && mark !== 'demo')) {
    return `says more of ${name} than its hash and :demo`;
  }
  return { name, hash: read, demo: mark === 'demo' };
}

function whole(digits = ''): number {
  return /^[1-9]\d{0,9}$/.test(digits) ? Number(digits) : NaN;
}

function writeHash({ cost: { N, r, p }, salt, key }: Hash): string {
  return ['scrypt', N, r, p, salt.toString('base64'), key.toString('base64')].join('$');
}

function writeAccount({ name, hash, demo }: Account): string {
  return `${name}:${writeHash(hash)}${demo ? ':demo' : ''}`;
}

/** The text with this account in the place of the one of that name, or behind the others. */
export function withAccount(text: string, account: Account): string {
  const line = writeAccount(account);
  const lines = linesOf(text);
  const place = lines.findIndex((old) => isLineOf(account.name, old));
  if (place >= 0) return lines.with(place, `${line}\n`).join('');
  const begun = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return `${begun}${line}\n`;
}

/** The text without the account; all else stays as somebody wrote it. */
export function withoutAccount(text: string, name: string): string {
  return linesOf(text)
    .filter((line) => !isLineOf(name, line))
    .join('');
}

function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/);
}

function isLineOf(name: string, line: string): boolean {
  return line.trimStart().startsWith(`${name}:`);
}

/**
 * Reads a users file of stage 3: one name a line, or `name:password`. A name may be an address; then
 * the part before the `@` counts.
 * @returns the passwords by name, and the names that have none
 * @throws Error with the line's number
 */
export function readUsers(text: string): { passwords: Map<string, string>; without: string[] } {
  const passwords = new Map<string, string>();
  const without = new Set<string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const [, local = '', password] =
      /^([^\s@:<>]+)(?:@[^\s@:<>]*)?(?::\s*(.+))?$/.exec(entry) ?? [];
    const name = local.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    // What stands in the line may be a password: it is not repeated.
    const where = `line ${index + 1}`;
    if (!isAccountName(name)) {
      throw new Error(`${where} must be name:password, the name of ${NAME_RULE}`);
    }
    if (password === undefined) {
      without.add(name);
    } else if (preparePassword(password) === undefined) {
      throw new Error(`${where} holds what cannot be the password of ${name}. ${PASSWORD_RULE}`);
    } else if ((passwords.get(name) ?? password) !== password) {
      throw new Error(`${where} has another password for ${name} than a line before it`);
    } else {
      passwords.set(name, password);
    }
  }
  return { passwords, without: [...without].filter((name) => !passwords.has(name)) };
}
