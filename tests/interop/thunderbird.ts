/**
 * Thunderbird itself, without a screen: opens it on a fresh profile, writes a message in its composer
 * and presses Send, gets new messages and opens them, as a person would.
 *
 *   const account = { smtpPort, name: 'Alice', address: 'alice@example.com' };
 *   const pop3 = { port: pop3Port, leaveOnServer: false };
 *   const thunderbird = await openThunderbird({ ...account, pop3 });
 *   await thunderbird.send({ to: 'alice@example.com', subject: 'Été', body: 'Ça va ?' });
 *   const [message] = await thunderbird.fetch();
 *   await thunderbird.close();
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { connectMarionette } from './marionette.ts';
import { hostOf, userOf, writeProfile, type Account } from './thunderbird-profile.ts';
import { composeAndSend, getAndOpenMessages, rememberAndTrust } from './thunderbird-scripts.ts';

/** A message as Thunderbird shows it, decoded. */
export interface ShownMessage {
  subject: string;
  /** `Alice Élève <alice@example.com>` */
  author: string;
  /** Lines ended by LF, the last one too. */
  body: string;
}

export interface Thunderbird {
  /** Composes and sends; resolves when the server has accepted, rejects with what Thunderbird says. */
  send(message: { to: string; subject: string; body: string }): Promise<void>;
  /**
   * Gets new messages by POP3 and opens all that are in the inbox then. Rejects with what Thunderbird
   * says if it shows an error.
   */
  fetch(): Promise<ShownMessage[]>;
  /** Runs privileged JavaScript inside (see Marionette.run); for what a test needs beside these. */
  run(script: string, ...args: unknown[]): Promise<unknown>;
  /** Ends Thunderbird and all its processes, and removes its profile. */
  close(): Promise<void>;
}

export interface ThunderbirdOptions extends Account {
  /** The program. */
  program?: string;
}

/** Milliseconds; a cold start on a busy machine takes ten seconds. */
const startLimit = 60_000;
const scriptLimit = 30_000;
const quitLimit = 10_000;

export async function openThunderbird(options: ThunderbirdOptions): Promise<Thunderbird> {
  const profile = await mkdtemp(path.join(tmpdir(), 'stagepost-thunderbird-'));
  await writeProfile(profile, options);
  const child = spawn(
    options.program ?? 'thunderbird',
    [
      '--headless',
      '--no-remote',
      '--profile',
      profile,
      '--marionette',
      '--remote-allow-system-access',
    ],
    // A home of its own, so that neither a running Thunderbird nor this user's settings matter.
    {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' },
      detached: process.platform !== 'win32', // a group of its own, so that the whole tree can be ended
    },
  );
  const ended = once(child, 'exit').catch(() => undefined);
  const cleanUp = async (): Promise<void> => {
    endTree(child);
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };

  try {
    const marionette = await connectMarionette(await marionettePort(child));
    const run = (script: string, ...args: unknown[]): Promise<unknown> =>
      marionette.run(script, args, scriptLimit);
    await run(rememberAndTrust, {
      host: hostOf(options),
      user: userOf(options),
      password: options.login?.password ?? 'secret',
      certificate: options.login ? base64Of(options.login.certificate) : null,
      ports: [options.smtpPort, ...(options.pop3 ? [options.pop3.port] : [])],
    });
    return {
      run,
      send: async (message) => {
        const failure = await run(composeAndSend, message);
        if (failure !== null) throw new Error(`Thunderbird could not send: ${failure as string}`);
      },
      fetch: async () => {
        const messages = await run(getAndOpenMessages);
        if (messages !== null) return messages as ShownMessage[];
        throw new Error(`Thunderbird says: ${await marionette.readDialog()}`);
      },
      close: async () => {
        // Thunderbird says QUIT to the SMTP server when it is asked to end, not when it is killed.
        marionette.quit();
        const timer = setTimeout(() => endTree(child), quitLimit);
        await ended;
        clearTimeout(timer);
        marionette.close();
        await cleanUp();
      },
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** PEM without its first and last line. */
function base64Of(certificate: string): string {
  return certificate.replace(/-----.*-----|\s/g, '');
}

/** Thunderbird prints `Marionette INFO Listening on port 34263` once it can be driven. */
function marionettePort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`Thunderbird did not get ready within ${startLimit} ms`));
    }, startLimit);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Thunderbird ended with ${code ?? 'a signal'}`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const port = /Marionette\s+INFO\s+Listening on port (\d+)/.exec(line)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}

/** Ends the process and its children: the group on Unix, the tree on Windows. */
function endTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32')
      spawnSync('taskkill', ['/pid', String(child.pid), '/t', '/f']);
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}
