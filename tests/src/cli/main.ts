/**
 * The command `stagepost`: one job a file, each of which adds itself to the program here. What is wrong
 * with a command line is said in one line, and the exit code is then 2.
 */
import { Command, CommanderError } from 'commander';
import { ScenarioError } from '../notation/error.ts';
import { handedOn } from './handed-on.ts';
import { JobError } from './job-error.ts';
import { refuseSwallowed, type KnownOption } from './swallowed.ts';

/** The jobs, in the order of the help. Each is loaded when it is needed: a server starts without Mermaid. */
const JOBS = new Map<string, () => Promise<(program: Command) => void>>([
  ['start', async () => (await import('./start.ts')).addStart],
  ['client', async () => (await import('./client.ts')).addClient],
  ['talk', async () => (await import('./talk.ts')).addTalk],
  ['check', async () => (await import('./check.ts')).addCheck],
  ['uml', async () => (await import('./uml.ts')).addUml],
]);

/** @param wanted The job that is asked for, if it is one: then it is the only one that is added. */
async function program(wanted: string | undefined): Promise<Command> {
  const stagepost = new Command('npx stagepost')
    .description('A mail server in four stages: run them, talk to them, check your own.')
    .usage('<job> [options]')
    // Options behind the name of a job are the job's.
    .enablePositionalOptions()
    .exitOverride()
    .commandsGroup('Jobs:')
    .helpCommand('help [job]', 'all about one job')
    .helpOption('-h, --help', 'this text')
    .configureHelp({ subcommandTerm: (job) => `${job.name()} ${job.usage()}` })
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
    .addHelpText(
      'after',
      `
Examples:
  npx stagepost start                 stage 1 on port 2525
  npx stagepost talk                  type to it, as in telnet
  npx stagepost check v1 my-server    check a server of your own
  npx stagepost start --help          all about one job`,
    );
  const only = JOBS.get(wanted ?? '');
  for (const load of only === undefined ? JOBS.values() : [only]) (await load())(stagepost);
  stagepost.hook('preAction', (_, job) => {
    refuseSwallowed(job.name(), job.args, [...ownOptions(job), ...handedOn(job.name())]);
  });
  return stagepost;
}

function ownOptions(job: Command): KnownOption[] {
  return job.options.map((option) => ({
    name: option.name(),
    takesValue: option.required || option.optional,
  }));
}

/** Commander's complaint, which may have a second line with a suggestion, as one line. */
function oneLine(text: string): string {
  const [complaint, ...more] = text
    .trim()
    .replace(/^error: /, '')
    .replace('unknown command', 'unknown job')
    .split('\n');
  return `stagepost: ${[`${complaint!.replace(/\.$/, '')}.`, ...more].join(' ')} See --help.\n`;
}

async function run(args: string[]): Promise<number | undefined> {
  const stagepost = await program(args[0]);
  if (args.length === 0) {
    stagepost.outputHelp();
    return 0;
  }
  try {
    await stagepost.parseAsync(args, { from: 'user' });
    return undefined;
  } catch (error) {
    // Commander has said all there is to say. What is no mistake (--help) it calls by the code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof Error)) throw error;
    console.error(`stagepost: ${error.message}`);
    if (error instanceof JobError) return error.exitCode;
    if (!(error instanceof ScenarioError) && process.env.STAGEPOST_STACK !== undefined) {
      console.error(error.stack);
    }
    return 2;
  }
}

// Whoever reads the output has gone, as in `stagepost check v1 | head`: nobody is left to tell.
process.stdout.on('error', () => process.exit(1));
const code = await run(process.argv.slice(2));
// A job that ended by itself may have set its own code.
if (code !== undefined) process.exitCode = code;
