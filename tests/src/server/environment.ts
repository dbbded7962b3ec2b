/** The environment of a server under test, and what the placeholders of its command lines stand for. */
import { fillIn } from './command-line.ts';
import type { PlaceholderValues } from './command-line.ts';
import type { FreshFolder } from './fresh-folder.ts';
import { PORT_NAMES } from './manifest-schema.ts';
import type { PortName } from './manifest-schema.ts';
import { findPython } from './python.ts';
import { Trouble } from './trouble.ts';

/** Where servers are told to listen, and where they are looked for first. */
export const HOST = '127.0.0.1';

export type Ports = Record<PortName, number>;

/** What `{smtp}` and the other placeholders stand for in one start of a server. */
export function placeholderValues(ports: Ports, folder: FreshFolder): PlaceholderValues {
  const portValues = Object.fromEntries(
    PORT_NAMES.map((name) => [name, () => String(ports[name])]),
  ) as Record<PortName, () => string>;
  return {
    ...portValues,
    host: () => HOST,
    mailboxes: () => folder.mailboxes,
    data: () => folder.data,
    users: () => folder.users,
    node: () => process.execPath,
    python: () => {
      const python = findPython();
      if (python === undefined) throw new Trouble('startNoPython');
      return python;
    },
  };
}

/**
 * The environment: that of the shell, without what npm, vitest or a debugger put there for this
 * program; the placeholders' values under their names in capitals; the manifest's `env` last.
 */
export function serverEnvironment(
  values: PlaceholderValues,
  env: Readonly<Record<string, string>>,
  inherited: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const kept = Object.entries(inherited).filter(([name]) => !isNoise(name));
  const ports = PORT_NAMES.map((name) => [`${name.toUpperCase()}_PORT`, values[name]()]);
  const own = Object.entries(env).map(([name, value]) => [name, fillIn(value, values)]);
  return Object.fromEntries([
    ...kept,
    ...ports,
    ['HOST', values.host()],
    ['MAILBOXES', values.mailboxes()],
    ['DATA', values.data()],
    ['USERS', values.users()],
    // In a pipe Python keeps back what it prints; of a server that is killed nothing would be seen.
    ['PYTHONUNBUFFERED', '1'],
    ...own,
  ]) as NodeJS.ProcessEnv;
}

function isNoise(name: string): boolean {
  return /^(npm_|VITEST|TINYPOOL|NODE_OPTIONS$|NODE_V8_COVERAGE$|NODE_ENV$|NODE_PATH$|INIT_CWD$|TEST$|DEV$|PROD$|MODE$|SSR$|BASE_URL$)/i.test(
    name,
  );
}
