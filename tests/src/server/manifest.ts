/**
 * Reads `stagepost.json`: how to start a server (or client) under test. The contract is
 * `docs/manifest.md`; only `start` is required, and a slip is answered with file, key and advice.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Stage } from '../notation/model.ts';
import { placeholdersIn } from './command-line.ts';
import { manifestSchema } from './manifest-schema.ts';
import type { ManifestFile, PortName } from './manifest-schema.ts';
import { manifestTrouble } from './manifest-trouble.ts';
import { Trouble } from './trouble.ts';

export const MANIFEST_NAME = 'stagepost.json';

/** One process of a server. */
export interface StartCommand {
  command: string;
  /** Folder to start it in, from the submission's folder. */
  cwd: string | undefined;
  /** Typed to it at once; its standard input then stays open, as a terminal does. */
  stdin: string | undefined;
}

/** Somebody who may receive mail and log in. */
export interface Account {
  address: string;
  user: string;
  password: string;
}

/** How to run a server in one of its variants: the manifest's plain keys, those of a variant merged in. */
export interface Launch {
  starts: StartCommand[];
  setup: string[];
  client: string | undefined;
  clientInput: string[];
  /** Ports of servers that cannot be told one. */
  ports: Partial<Record<PortName, number>>;
  env: Record<string, string>;
  /** Where mail is looked for, from the submission's folder; empty: all of that folder. */
  store: string[];
  accounts: Account[];
  /** The lines that open a POP3 session, with `{address}`, `{user}` and `{password}`. */
  login: string[];
}

export interface Manifest extends Launch {
  /** Where it was read from, for messages. */
  file: string;
  stage: Stage | undefined;
  build: string | undefined;
  /** The variants of the server that scenarios may ask for, each with its merged launch. */
  variants: ReadonlyMap<string, Launch>;
}

/** Who may receive mail and log in where a manifest says nothing about it. */
export const DEFAULT_ACCOUNTS: readonly Account[] = ['alice', 'bob', 'carol'].map((name) =>
  toAccount({ address: `${name}@example.com` }),
);
export const DEFAULT_LOGIN: readonly string[] = ['USER {address}', 'PASS {password}'];

/**
 * Reads the manifest of a submission: `file`, or `stagepost.json` in `dir`. Throws a Trouble if it
 * is missing, is not JSON, or says something that a manifest cannot say.
 */
export async function readManifest(dir: string, file?: string): Promise<Manifest> {
  const name = file ?? path.join(dir, MANIFEST_NAME);
  let text: string;
  try {
    text = await readFile(name, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new Trouble('manifestMissing', { file: name, dir });
    }
    throw new Trouble('manifestUnreadable', { file: name, reason: (error as Error).message });
  }
  return parseManifest(text, name);
}

/** The manifest in a text. `file` is only for messages. */
export function parseManifest(text: string, file: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new Trouble('manifestNotJson', { file, reason: (error as Error).message });
  }
  return toManifest(value, file);
}

/** A manifest from a value: from JSON, or from flags of the command line. */
export function toManifest(value: unknown, file: string): Manifest {
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) throw manifestTrouble(parsed.error.issues, value, file);
  const { stage, build, variants = {} } = parsed.data;
  const plain = toLaunch(parsed.data);
  const merged = Object.entries(variants).map(
    ([name, changes]) => [name, mergeLaunch(plain, changes)] as const,
  );
  const manifest = { file, stage, build, ...plain, variants: new Map(merged) };
  for (const launch of [plain, ...manifest.variants.values()]) {
    checkPlaceholders(launch, build);
    checkLogin(launch, file);
  }
  return manifest;
}

/** The launch of a variant; undefined if the manifest does not declare it. */
export function launchOf(manifest: Manifest, variant: string | undefined): Launch | undefined {
  return variant === undefined ? manifest : manifest.variants.get(variant);
}

type Changes = NonNullable<ManifestFile['variants']>[string];

function toLaunch(file: ManifestFile): Launch {
  const nothing: Launch = {
    starts: [],
    setup: [],
    client: undefined,
    clientInput: [],
    ports: {},
    env: {},
    store: [],
    accounts: [...DEFAULT_ACCOUNTS],
    login: [...DEFAULT_LOGIN],
  };
  return mergeLaunch(nothing, file);
}

/** What a variant does not name stays as it is; `env` and `ports` are merged entry by entry. */
function mergeLaunch(base: Launch, changes: Changes): Launch {
  return {
    starts: changes.start === undefined ? base.starts : toStarts(changes.start),
    setup: changes.setup === undefined ? base.setup : toList(changes.setup),
    client: changes.client ?? base.client,
    clientInput: changes.clientInput ?? base.clientInput,
    ports: { ...base.ports, ...changes.ports },
    env: { ...base.env, ...changes.env },
    store: changes.store === undefined ? base.store : toList(changes.store),
    accounts: changes.accounts?.map(toAccount) ?? base.accounts,
    login: changes.login ?? base.login,
  };
}

function toStarts(start: ManifestFile['start']): StartCommand[] {
  const entries = Array.isArray(start) ? start : [start];
  return entries.map((entry) =>
    typeof entry === 'string'
      ? { command: entry, cwd: undefined, stdin: undefined }
      : { command: entry.command, cwd: entry.cwd, stdin: entry.stdin },
  );
}

/** An account of which a manifest says only the address, or a little more. */
export function toAccount(account: { address: string; user?: string; password?: string }): Account {
  return {
    address: account.address,
    user: account.user ?? account.address.replace(/@.*$/, ''),
    password: account.password ?? 'secret',
  };
}

function toList(value: string | string[]): string[] {
  return typeof value === 'string' ? [value] : value;
}

/** A misspelt placeholder is told when the manifest is read, not when a variant is first started. */
function checkPlaceholders(launch: Launch, build: string | undefined): void {
  const commands = launch.starts.map(({ command }) => command);
  const others = [...launch.setup, ...launch.store, ...Object.values(launch.env)];
  for (const line of [...commands, ...others, build ?? '', launch.client ?? '']) {
    placeholdersIn(line);
  }
}

/** What `{…}` may stand for in a line of `login`. */
export const LOGIN_WORDS = ['address', 'user', 'password'] as const satisfies (keyof Account)[];

function checkLogin({ login }: Launch, file: string): void {
  for (const [word, name] of login.flatMap((line) => [...line.matchAll(/\{([a-z]+)\}/g)])) {
    if (LOGIN_WORDS.some((known) => known === name)) continue;
    const allowed = LOGIN_WORDS.map((known) => `{${known}}`).join(' ');
    throw new Trouble('manifestUnknownWord', { file, key: 'login', word, allowed });
  }
}
