/**
 * Copies the mailboxes of stage 3 into the Maildirs of stage 4: `npx tsx migrate.ts FROM TO`, or
 * `--help`.
 */
import { stat } from 'node:fs/promises';
import { explain } from './src/explain.ts';
import { type Migrated, migrate } from './src/migration.ts';

const usage = `Usage: npx tsx migrate.ts FROM TO

Copies the mailboxes of stage 3, FROM/<recipient>/reception/*.eml, into the Maildirs of stage 4,
TO/<account>/{tmp,new,cur}. The account is what stands before the @: the mail of bob and of
bob@example.com goes to bob. Nothing in FROM is changed. What has been copied before is not copied
again, so it may be run twice.

Example: npx tsx migrate.ts ../v3-pop3/mailboxes mailboxes`;

const messages = (count: number) => (count === 1 ? '1 message' : `${count} messages`);

function tellResult({ account, recipients, copied, before, failed }: Migrated): void {
  const parts = [`${messages(copied)} copied from ${recipients.join(', ')}`];
  if (before > 0) parts.push(`${before} copied before`);
  if (failed > 0) parts.push(`${failed} left out`);
  console.log(`${account}: ${parts.join('; ')}`);
}

const [from, to, ...more] = process.argv.slice(2);
if (from === '--help' || from === '-h') {
  console.log(usage);
} else if (from === undefined || to === undefined || more.length > 0) {
  console.error('Two folders are needed: migrate.ts FROM TO. See --help.');
  process.exitCode = 1;
} else {
  try {
    await stat(from); // a folder that is not there is an error here, not an empty one
    const leftOut: string[] = [];
    const results = await migrate(from, to, (text) => leftOut.push(text));
    for (const text of leftOut) console.error(text);
    for (const result of results) tellResult(result);
    if (results.length === 0) console.error(`${from}: there is no mailbox of stage 3 in it.`);
    else console.log('Give each of them an account, if it has none yet: accounts.ts add NAME');
    if (leftOut.length > 0 || results.length === 0) process.exitCode = 1;
  } catch (error) {
    console.error(explain(error));
    process.exitCode = 1;
  }
}
