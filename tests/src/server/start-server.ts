/**
 * Starts a server under test as its manifest says: a fresh folder, ports from the system, a process
 * group for each of its programs; ready when it listens. Whatever goes wrong is a Trouble in words.
 */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Stage } from '../notation/model.ts';
import { BUILD_LIMIT, runShellStep, SETUP_LIMIT } from './build.ts';
import { commandWords, fillIn, placeholdersIn } from './command-line.ts';
import type { PlaceholderValues } from './command-line.ts';
import { openConnection } from './connection.ts';
import { placeholderValues, serverEnvironment } from './environment.ts';
import type { Ports } from './environment.ts';
import { watchReading } from './has-read.ts';
import { makeFreshFolder } from './fresh-folder.ts';
import type { FreshFolder } from './fresh-folder.ts';
import { launchOf } from './manifest.ts';
import type { Launch, Manifest } from './manifest.ts';
import { PORT_NAMES } from './manifest-schema.ts';
import type { PortName } from './manifest-schema.ts';
import type { Ended, ServerUnderTest } from './model.ts';
import { outputTail } from './output-tail.ts';
import type { OutputTail } from './output-tail.ts';
import { freePorts } from './ports.ts';
import { activityOf, watchTree } from './proc.ts';
import { startProgram } from './process-group.ts';
import type { ProcessGroup } from './process-group.ts';
import { awaitListening } from './readiness.ts';
import { listeningPorts, openTcpSockets, tcpSockets } from './sockets.ts';
import { Trouble } from './trouble.ts';

/** Milliseconds that a server gets until it listens. */
const READY_LIMIT = 10_000;
/** Starts with new ports, if somebody else was quicker to take the ones we were given. */
const ATTEMPTS = 4;
/** Milliseconds that a fixed port may be blocked by the connections of the run before (TIME_WAIT). */
const TIME_WAIT_LIMIT = 75_000;
const LAST_LINES = 24;

/** Which ports a server of a stage can be asked for. */
const STAGE_PORTS: Record<Stage, readonly PortName[]> = {
  v1: ['smtp'],
  v2: ['smtp'],
  v3: ['smtp', 'pop3'],
  v4: PORT_NAMES,
};

export interface StartServerOptions {
  stage: Stage;
  /** The server of this variant of the manifest. */
  variant?: string | undefined;
  /** The users file has lines `name:password`, and not just names. Default: from stage 3 on. */
  passwords?: boolean;
  /** Milliseconds until it must listen; default 10 seconds. */
  readyLimit?: number;
  /** `dir` was built already: see `buildSubmission`. */
  built?: boolean;
}

/** Starts the server that lies in `dir`. Throws a Trouble if it cannot be started. */
export async function startServer(
  manifest: Manifest,
  dir: string,
  options: StartServerOptions,
): Promise<ServerUnderTest> {
  const launch = launchOf(manifest, options.variant);
  if (launch === undefined) {
    throw new Trouble('startNoVariant', { file: manifest.file, variant: options.variant ?? '' });
  }
  const build = options.built === true ? undefined : manifest.build;
  const fixed = Object.keys(launch.ports).length > 0;
  const notes: ServerUnderTest['notes'] = [];
  await refuseTakenPorts(launch, manifest.file);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(launch, build, dir, options, notes);
    } catch (error) {
      const taken = error instanceof Trouble && error.key === 'startPortTaken';
      if (!taken || attempt === ATTEMPTS) throw error;
      if (!fixed) continue;
      await awaitOldConnections(Object.values(launch.ports), error);
      notes.push({ key: 'noteNoReuseAddress', values: {} });
    }
  }
}

/** Runs a manifest's `build` once, in a folder of its own. Servers are then started from that folder. */
export async function buildSubmission(manifest: Manifest, dir: string): Promise<FreshFolder> {
  const folder = await makeFreshFolder(dir, manifest.accounts, false);
  try {
    if (manifest.build !== undefined) {
      const values = placeholderValues(noPorts(), folder);
      await runBuild(manifest.build, folder, values, manifest);
    }
    return folder;
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function startOnce(
  launch: Launch,
  build: string | undefined,
  dir: string,
  { stage, passwords = stage >= 'v3', readyLimit = READY_LIMIT }: StartServerOptions,
  notes: ServerUnderTest['notes'],
): Promise<ServerUnderTest> {
  const folder = await makeFreshFolder(dir, launch.accounts, passwords);
  const output = outputTail();
  const groups: ProcessGroup[] = [];
  const stop = async () => {
    await Promise.all(groups.map((group) => group.stop()));
    await folder.remove();
  };
  try {
    const ports = await choosePorts(launch);
    const values = placeholderValues(ports, folder);
    if (build !== undefined) await runBuild(build, folder, values, launch);
    for (const line of launch.setup) {
      const step = { line, cwd: folder.server, values, env: launch.env, limit: SETUP_LIMIT };
      await runShellStep({ name: 'setup', ...step });
    }
    const env = serverEnvironment(values, launch.env);
    for (const { command, cwd = '.', stdin } of launch.starts) {
      const at = path.resolve(folder.server, cwd);
      const onOutput = (octets: Buffer) => output.add(octets);
      groups.push(startProgram(commandWords(command, values), { cwd: at, env, stdin, onOutput }));
    }
    const told = toldPorts(launch, stage);
    const untold = STAGE_PORTS[stage].filter((name) => !told.includes(name));
    await awaitListening({
      groups,
      ports: told.map((name) => ports[name]),
      perhaps: untold.map((name) => ports[name]),
      smtp: ports.smtp,
      output,
      limit: readyLimit,
    });
    const members = watchTree(groups.map(({ pid }) => pid));
    return {
      connect: (port) => openConnection(ports[port]),
      isTold: (port) => told.includes(port),
      hasRead: watchReading(members),
      isBusy: () => Promise.resolve(isBusy(members(), ports)),
      stores: storesOf(launch, folder, values),
      ended: () => endOf(groups, output),
      ports,
      folder: folder.server,
      around: path.dirname(folder.server),
      notes,
      output: () => output.text(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function runBuild(
  line: string,
  folder: FreshFolder,
  values: PlaceholderValues,
  { env }: Launch,
): Promise<void> {
  return runShellStep({ name: 'build', line, cwd: folder.server, values, env, limit: BUILD_LIMIT });
}

async function choosePorts(launch: Launch): Promise<Ports> {
  const free = await freePorts(PORT_NAMES.length);
  const chosen = PORT_NAMES.map(
    (name, index) => [name, launch.ports[name] ?? free[index]!] as const,
  );
  return Object.fromEntries(chosen) as Ports;
}

function noPorts(): Ports {
  return Object.fromEntries(PORT_NAMES.map((name) => [name, 0])) as Ports;
}

/** SMTP, and what else of the stage's ports the manifest speaks of. */
function toldPorts(launch: Launch, stage: Stage): PortName[] {
  const told = [...launch.starts.map(({ command }) => command), ...Object.values(launch.env)];
  const named = new Set<string>(told.flatMap((line) => [...placeholdersIn(line)]));
  return STAGE_PORTS[stage].filter(
    (name) => name === 'smtp' || named.has(name) || launch.ports[name] !== undefined,
  );
}

function storesOf(launch: Launch, folder: FreshFolder, values: PlaceholderValues): string[] {
  if (launch.store.length === 0) return [folder.server];
  return launch.store.map((store) => path.resolve(folder.server, fillIn(store, values)));
}

function endOf(groups: readonly ProcessGroup[], output: OutputTail): Ended | undefined {
  const dead = groups.find((group) => group.ended() !== undefined && !group.isAlive());
  return dead && { how: dead.ended()!, output: output.lines(LAST_LINES) };
}

function isBusy(members: readonly number[], ports: Ports): boolean {
  if (activityOf(members)?.atWork === true) return true;
  const used = new Set(Object.values(ports));
  for (const { localPort, state, unread } of openTcpSockets() ?? [])
    if (used.has(localPort) && state === 'established' && unread > 0) return true;
  return false;
}

/** A fixed port that somebody else listens on: said at once, before the server says it in its own way. */
async function refuseTakenPorts(launch: Launch, file: string): Promise<void> {
  const fixed = Object.entries(launch.ports);
  if (fixed.length === 0) return;
  const listening = await listeningPorts();
  for (const [name, port] of fixed) {
    if (listening?.has(port)) throw new Trouble('startFixedPortTaken', { file, name, port });
  }
}

/**
 * A server that does not set SO_REUSEADDR cannot have its port again while connections of the run
 * before are remembered by the system, about a minute. Waits for that.
 */
async function awaitOldConnections(ports: readonly number[], error: Trouble): Promise<void> {
  const start = performance.now();
  const elapsed = () => performance.now() - start;
  const remembered = () =>
    tcpSockets()?.some(({ localPort, state }) => ports.includes(localPort) && state !== 'listen');
  if (remembered() === false) throw error;
  // Where the system does not tell, half a minute is what macOS and Windows take at most.
  while (remembered() ?? elapsed() < 30_000) {
    if (elapsed() > TIME_WAIT_LIMIT) throw error;
    await delay(200);
  }
}
