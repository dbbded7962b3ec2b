/**
 * Stage 4: a mail server for grown-ups, with accounts and TLS.
 *
 *     npx tsx server.ts 2525
 */
import path from 'node:path';
import { isatty } from 'node:tty';
import { AccountsFile } from './src/accounts-file.ts';
import { Certificate } from './src/certificate.ts';
import { Directory } from './src/directory.ts';
import { explain } from './src/explain.ts';
import { Attempts } from './src/guards/attempts.ts';
import { isLoopback } from './src/guards/connections.ts';
import { JournalFile } from './src/journal-file.ts';
import { listen } from './src/listen.ts';
import { openLog } from './src/log.ts';
import { Mailboxes } from './src/mailboxes.ts';
import { type Options, readOptions, usage } from './src/options.ts';
import { servicesOf } from './src/services.ts';
import { stopOnSignals } from './src/terminate.ts';

// `server.ts | head`: when nobody reads the log any more, the mail still goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === 'help') console.log(usage);
  else await serve(options);
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}

async function serve(options: Options): Promise<void> {
  const { host, limits, domains } = options;
  const log = openLog(options.log);
  const warn = (text: string) => log.warn(text);

  const accounts = await AccountsFile.open(options.users);
  const demo = accounts.demo();
  if (demo.length > 0 && !isLoopback(host)) {
    throw new Error(
      `everybody knows the passwords of the demo accounts (${demo.map(({ name }) => name).join(', ')}). ` +
        'Remove them, or change them, with accounts.ts; then it may listen beyond this computer.',
    );
  }
  const certificate = await Certificate.open(
    { folder: options.data, cert: options.cert, key: options.key, names: domains },
    warn,
  );
  const journal = await JournalFile.open(path.join(options.data, 'journal.jsonl'), warn);
  const mailboxes = await Mailboxes.open(options.mailboxes, journal, warn);

  const settings = { limits, directory: new Directory(() => accounts.names(), domains) };
  const attempts = new Attempts({
    atOnce: 1,
    waiting: 100, // as when a whole class behind one address logs in
    delay: limits.loginDelay,
    window: 60_000,
  });
  const services = servicesOf({ settings, mailboxes, accounts, attempts });
  const server = await listen(options, services, certificate, log);

  const stop = async () => {
    accounts.close();
    attempts.close(); // who waits for an answer gets it now
    await server.stop();
    await journal.close();
    await log.close();
  };
  stopOnSignals(stop);
  // Whoever closes the terminal wants no server that goes on unseen, and holds its ports.
  const hadTerminal = isatty(0);
  let leaving: Promise<unknown> | undefined;
  const leave = () => {
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP'); // process.exit() wants the terminal back, and aborts
  };
  // Windows has no such signal, and needs none: accounts are looked at each second.
  process.on('SIGHUP', () => {
    if (hadTerminal && !isatty(0)) {
      leaving ??= stop().then(leave);
      return;
    }
    log.info('SIGHUP: certificate, accounts and log file are opened anew');
    log.reopen();
    void certificate.reload();
    accounts.reload().catch((error: unknown) => {
      warn(`${(error as Error).message} The accounts stay as they were.`);
    });
  });
  accounts.watch(warn);

  try {
    await mailboxes.removeUnfinished();
  } catch (error) {
    await stop(); // or the program would run on, and hold its ports
    throw error;
  }
  if (mailboxes.oldMailboxes.length > 0) {
    const names = mailboxes.oldMailboxes.join(', ');
    warn(`mailboxes of stage 3 are here, and nobody reads them: ${names}. See migrate.ts --help.`);
  }
  for (const { name, password } of demo) {
    console.log(`demo account ${name}, password ${password}`);
  }
  for (const { protocol, port } of server.ports) console.log(`${protocol} ${host}:${port}`);
}
