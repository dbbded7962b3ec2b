/**
 * Stage 3: a mail server that also speaks POP3, so that Thunderbird can read what was sent.
 *
 *     npx tsx server.ts 2525
 */
import { listen } from './src/listen.ts';
import { Mailboxes, readUsersFile } from './src/mailboxes.ts';
import { readOptions, usage } from './src/options.ts';
import { stopOnSignals } from './src/terminate.ts';
import { explain } from './src/explain.ts';

// `server.ts | head`: when nobody reads the log any more, the mail still goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === 'help') {
    console.log(usage);
  } else {
    const { settings, usersFile } = options;
    if (usersFile !== undefined) settings.users = await readUsersFile(usersFile);
    const mailboxes = await Mailboxes.open(options.mailboxes, settings.users);
    const server = await listen(options, mailboxes);
    stopOnSignals(() => server.stop());
    try {
      await mailboxes.removeUnfinished();
    } catch (error) {
      await server.stop(); // or the program would run on, and hold its ports
      throw error;
    }
    for (const { protocol, port } of server.ports) {
      console.log(`${protocol} ${options.host}:${port}`);
    }
  }
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
