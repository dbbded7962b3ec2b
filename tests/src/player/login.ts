/**
 * How a mailbox is opened by POP3: the lines of the manifest's `login`, with the words of an account.
 * Pure.
 */
import type { Stage } from '../notation/model.ts';
import { DEFAULT_ACCOUNTS, DEFAULT_LOGIN, toAccount, type Account } from '../server/manifest.ts';

export interface Login {
  accounts: readonly Account[];
  /** `USER {address}`, `PASS {password}`. There may be none: some courses ask nobody who they are. */
  lines: readonly string[];
}

export const DEFAULT_LOGINS: Login = { accounts: DEFAULT_ACCOUNTS, lines: DEFAULT_LOGIN };

/** From this stage on a connection speaks TLS before it carries a password. */
const PASSWORDS_UNDER_TLS: Stage = 'v4';

export function logsInUnderTls(stage: Stage): boolean {
  return stage >= PASSWORDS_UNDER_TLS;
}

const USER = /^USER +/i;
const PASS = /^PASS +/i;

/**
 * The account of an address of the scenarios. Where the manifest has the same name in another domain,
 * that account is meant: mail goes to the scenario's address all the same.
 */
export function accountFor(address: string, { accounts }: Login): Account {
  const wanted = address.toLowerCase();
  const found =
    accounts.find((account) => account.address.toLowerCase() === wanted) ??
    accounts.find((account) => localPart(account.address) === localPart(wanted));
  return found === undefined ? toAccount({ address }) : { ...found, address };
}

/** The account of `{user.bob}`: of bob@example.com. */
export function accountNamed(name: string, login: Login): Account {
  return accountFor(`${name}@example.com`, login);
}

/** The lines that open the mailbox of an account. */
export function loginLines(account: Account, { lines }: Login): string[] {
  return lines.map((line) => fillIn(line, account));
}

/** What an account says behind USER, or behind PASS. */
export function wordFor(what: 'user' | 'password', account: Account, { lines }: Login): string {
  const verb = what === 'user' ? USER : PASS;
  const line = lines.find((one) => verb.test(one));
  return line === undefined ? account[what] : fillIn(line.replace(verb, ''), account);
}

/** Does a session say whose mailbox it is about? */
export function namesSomebody({ lines }: Pick<Login, 'lines'>): boolean {
  return lines.some((line) => /\{(?:address|user|password)\}/.test(line));
}

/** Does a session begin with USER and PASS, and do they suffice? */
export function saysUserAndPass({ lines }: Pick<Login, 'lines'>): boolean {
  return lines.length === 2 && [USER, PASS].every((verb) => lines.some((line) => verb.test(line)));
}

export function localPart(address: string): string {
  return address.replace(/@.*$/s, '').toLowerCase();
}

function fillIn(line: string, account: Account): string {
  return line.replace(
    /\{(address|user|password)\}/g,
    (_, name: string) => account[name as keyof Account],
  );
}
