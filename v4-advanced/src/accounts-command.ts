/**
 * What `accounts.ts` does: the commands, and what they say. Who is asked for a password, and how, is
 * the business of accounts.ts itself.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import {
  costOf,
  DEFAULT_LOG_N,
  hashPassword,
  isAccountName,
  NAME_RULE,
  PASSWORD_RULE,
  preparePassword,
  readUsers,
  withAccount,
  withoutAccount,
} from './accounts.ts';
import { accountsIn, changeAccounts } from './accounts-file.ts';

const HELP = 'See accounts.ts --help.';

const usage = `Usage: accounts.ts COMMAND [options]

Who receives mail on this server, and with which password it is read.

  add NAME           a new account
  passwd NAME        a new password for an account
  remove NAME        no account any longer; the mail stays on the disk
  list               the names of all accounts
  import FILE        accounts for those in a users file of stage 3

  --users FILE       the file of the accounts (./data/accounts)
  --yes              remove: do not ask
  --replace          import: new passwords also for those who have an account
  --cost N           a password is hashed with scrypt, N = 2 to this (${DEFAULT_LOG_N});
                     1 more doubles time and memory; lower only for tests
  --help             this text

The password is asked for, or read as one line from standard input.
`;

/** A mistake of the person: its message is all there is to say. */
export class Mistake extends Error {}

/** The person at the other end. */
export interface Person {
  say: (text: string) => void;
  /** Something that whoever reads the output by a program must not take for it. */
  warn: (text: string) => void;
  /** @throws Mistake if there is none, or if it is said twice and not the same */
  password: (name: string) => Promise<string>;
  /** @throws Mistake if nobody can be asked */
  isSure: (question: string) => Promise<boolean>;
}

interface Job {
  person: Person;
  file: string;
  /** The command's argument. */
  argument: string;
  logN: number;
  yes: boolean;
  replace: boolean;
}

interface Command {
  /** What the command wants to be told; `undefined`: nothing. */
  argument?: string;
  /** The option that means something to this command only. */
  option?: 'yes' | 'replace';
  run: (job: Job) => Promise<void>;
}

const commands = new Map<string, Command>([
  ['add', { argument: 'NAME', run: add }],
  ['passwd', { argument: 'NAME', run: passwd }],
  ['remove', { argument: 'NAME', option: 'yes', run: remove }],
  ['list', { run: list }],
  ['import', { argument: 'FILE', option: 'replace', run: importUsers }],
]);

/** @throws Error of one line if it cannot be done */
export async function runAccounts(args: string[], person: Person): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) return person.say(usage);
  const [verb, argument, ...surplus] = positionals;
  if (verb === undefined) throw new Mistake(`Which command? ${HELP}`);
  const command = commands.get(verb);
  if (!command) throw new Mistake(`There is no command ${JSON.stringify(verb)}. ${HELP}`);
  if (command.argument !== undefined && argument === undefined) {
    throw new Mistake(`Say accounts.ts ${verb} ${command.argument}.`);
  }
  if (surplus.length > 0 || (command.argument === undefined && argument !== undefined)) {
    // Whoever lists the programs of this computer sees their arguments; a shell keeps them in a file.
    const why = verb === 'list' ? '' : ' A password is asked for, and never an argument.';
    throw new Mistake(`That was too much for ${verb}.${why} ${HELP}`);
  }
  for (const option of ['yes', 'replace'] as const) {
    if (values[option] && command.option !== option) {
      throw new Mistake(`--${option} means nothing to ${verb}. ${HELP}`);
    }
  }
  await command.run({
    person,
    file: values.users ?? './data/accounts',
    argument: argument ?? '',
    logN: logarithm(values.cost),
    yes: values.yes ?? false,
    replace: values.replace ?? false,
  });
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        users: { type: 'string' },
        cost: { type: 'string' },
        yes: { type: 'boolean' },
        replace: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new Mistake(`${(error as Error).message.split(/\.\s/)[0]}. ${HELP}`);
  }
}

function logarithm(text = `${DEFAULT_LOG_N}`): number {
  const logN = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (logN >= 1 && logN <= 18) return logN;
  throw new Mistake(`--cost must be a whole number from 1 to 18, not ${JSON.stringify(text)}.`);
}

async function add({ person, file, argument, logN }: Job): Promise<void> {
  const name = nameOf(argument);
  const taken = `${name} has an account already: accounts.ts passwd ${name} sets a new password.`;
  if ((await accountsIn(file)).has(name)) throw new Mistake(taken);
  const hash = await hashPassword(await passwordFor(name, person), costOf(logN));
  await changeAccounts(file, (text = '', accounts) => {
    if (accounts.has(name)) throw new Mistake(taken); // while the password was typed
    return withAccount(text, { name, hash, demo: false });
  });
  person.say(`${name} has an account now.`);
}

async function passwd({ person, file, argument, logN }: Job): Promise<void> {
  const name = await knownName(file, argument);
  const hash = await hashPassword(await passwordFor(name, person), costOf(logN));
  await changeAccounts(file, (text = '', accounts) => {
    if (!accounts.has(name)) throw new Mistake(unknown(name, file));
    return withAccount(text, { name, hash, demo: false });
  });
  person.say(`${name} has a new password now.`);
}

async function remove({ person, file, argument, yes }: Job): Promise<void> {
  const name = await knownName(file, argument);
  if (!yes && !(await person.isSure(`Remove the account ${name}? The mail stays. [y/N] `))) {
    throw new Mistake('Nothing was changed.');
  }
  await changeAccounts(file, (text = '') => withoutAccount(text, name));
  person.say(`${name} has no account any longer. The mail stays in the mailbox.`);
}

async function list({ person, file }: Job): Promise<void> {
  const accounts = await accountsIn(file);
  if (accounts.size === 0) person.warn(`There are no accounts in ${file}.`);
  for (const { name, demo } of accounts.values()) {
    person.say(demo ? `${name} (demo: everybody knows the password)` : name);
  }
}

async function importUsers({ person, file, argument, logN, replace }: Job): Promise<void> {
  const { passwords, without } = await readUsersFile(argument);
  const present = await accountsIn(file);
  const wanted = Array.from(passwords).filter(([name]) => replace || !present.has(name));
  const made = await Promise.all(
    wanted.map(async ([name, password]) => ({
      name,
      hash: await hashPassword(password, costOf(logN)),
      demo: false,
    })),
  );
  const kept = new Set(
    Array.from(passwords.keys()).filter((name) => !replace && present.has(name)),
  );
  await changeAccounts(file, (text = '', accounts) => {
    // While the passwords were hashed somebody else may have added one of them.
    for (const { name } of made) if (!replace && accounts.has(name)) kept.add(name);
    return made.filter(({ name }) => !kept.has(name)).reduce(withAccount, text);
  });
  const imported = made.map(({ name }) => name).filter((name) => !kept.has(name));
  person.say(`Imported: ${imported.join(', ') || 'nobody'}.`);
  if (kept.size > 0) {
    const names = Array.from(kept).join(', ');
    person.say(`Kept as they were: ${names}. With --replace they get the passwords of the file.`);
  }
  if (without.length > 0) {
    person.say(`Left out, having no password in the file: ${without.join(', ')}.`);
  }
}

async function readUsersFile(file: string) {
  let octets: Buffer;
  try {
    octets = await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Mistake(`${file} cannot be read (${code}): is it there, and is it yours?`);
  }
  try {
    return readUsers(new TextDecoder('utf-8', { fatal: true }).decode(octets));
  } catch (error) {
    if (error instanceof TypeError) throw new Mistake(`${file}: this is no text in UTF-8.`);
    throw new Mistake(`${file}: ${(error as Error).message}. Nothing was imported.`);
  }
}

function nameOf(argument: string): string {
  const name = argument.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (isAccountName(name)) return name;
  if (name.includes('@')) {
    throw new Mistake(
      `An account has a name without a domain: say ${JSON.stringify(name.replace(/@.*$/s, ''))}.`,
    );
  }
  throw new Mistake(`${JSON.stringify(argument)} cannot be an account: it takes ${NAME_RULE}.`);
}

async function knownName(file: string, argument: string): Promise<string> {
  const name = nameOf(argument);
  if ((await accountsIn(file)).has(name)) return name;
  throw new Mistake(unknown(name, file));
}

function unknown(name: string, file: string): string {
  return `There is no account ${name} in ${file}: accounts.ts list shows those that there are.`;
}

async function passwordFor(name: string, person: Person): Promise<string> {
  const password = await person.password(name);
  if (password === '') throw new Mistake('There was no password. Nothing was changed.');
  if (preparePassword(password) === undefined) throw new Mistake(`${PASSWORD_RULE}.`);
  return password;
}
