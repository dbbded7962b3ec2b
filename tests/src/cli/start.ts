/** The job `start`: runs the server of a stage, and says what to try next. */
import type { Command } from 'commander';
import type { Stage } from '../notation/model.ts';
import { nextSteps } from './next-steps.ts';
import { portLine, type PortLine } from './port-line.ts';
import { runServer } from './run-program.ts';
import { stageNamed, stageProgram } from './stages.ts';

/**
 * A server says its ports one after the other, once it listens on all of them. When no further line
 * has come for so long, in milliseconds, it has said them all.
 */
const LAST_PORT = 50;

export function addStart(program: Command): void {
  program
    .command('start')
    .usage('[stage] [port] [options]')
    .summary('run a stage: its server')
    .description(
      'Runs the server of a stage (v1 if none is named) on a port (2525 if none is named). ' +
        'Whatever follows the stage goes to the server as it is.',
    )
    .argument('[words...]', 'the stage, the port, and options of the server')
    .configureHelp({ visibleArguments: () => [] })
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Examples:
  npx stagepost start                      stage 1 on port 2525
  npx stagepost start v2 2600              stage 2 on port 2600
  npx stagepost start v2 --strict          with an option of the server
  npx stagepost start v3 2600 --pop3 2601  stage 3, on a port each
  npx stagepost start v4 --log server.log  stage 4, with a log of its own
  npx stagepost start v2 --help            the options that the server has`,
    )
    .action(async (words: string[]) => {
      process.exitCode = await start(words);
    });
}

async function start(words: readonly string[]): Promise<number> {
  const { stage, args } = whatToStart(words);
  const server = runServer(stageProgram(stage, 'server.ts'), args);
  const output = server.output!;
  output.pipe(process.stdout, { end: false });
  afterPorts(output, (ports) => process.stdout.write(nextSteps(stage, ports, args)));
  return server.exitCode;
}

/** The stage may be left out: `start`, `start 2600`, `start --strict`. */
function whatToStart(words: readonly string[]): { stage: Stage; args: readonly string[] } {
  const [first, ...others] = words;
  if (first === undefined || first.startsWith('-') || /^\d+$/.test(first)) {
    return { stage: 'v1', args: words };
  }
  return { stage: stageNamed(first), args: others };
}

/** Calls `then` with the ports that the server listens on, once it has said all of them. */
function afterPorts(output: NodeJS.ReadableStream, then: (ports: PortLine[]) => void): void {
  const ports: PortLine[] = [];
  let rest = '';
  let quiet: NodeJS.Timeout | undefined;
  const read = (chunk: Buffer): void => {
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop()!;
    const found = lines.map(portLine).filter((line) => line !== undefined);
    if (found.length === 0) return;
    ports.push(...found);
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      output.off('data', read);
      then(ports);
    }, LAST_PORT);
  };
  output.on('data', read);
  output.once('end', () => clearTimeout(quiet));
}
