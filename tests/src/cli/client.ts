/** The job `client`: runs the mail client that belongs to a stage. */
import type { Command } from 'commander';
import { runDialogue } from './run-program.ts';
import { stageNamed, stageProgram } from './stages.ts';

export function addClient(program: Command): void {
  program
    .command('client')
    .usage('<stage> [host] [port] [options]')
    .summary('the mail client of a stage')
    .description(
      'Runs the mail client of a stage: a menu to write and send a message, and from stage 3 on to read mail. ' +
        'Whatever follows the stage goes to the client as it is.',
    )
    .argument('<stage>', 'v1, v2, v3 or v4')
    .argument('[words...]', 'host, port, and options of the client')
    .configureHelp({ visibleArguments: () => [] })
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Examples:
  npx stagepost client v1                  the menu, for the server on this machine
  npx stagepost client v1 127.0.0.1 2600   for a server on another port
  npx stagepost client v1 --from alice@example.com --to bob@example.com --body Hello
  npx stagepost client v3 --list --user bob@example.com
  npx stagepost client v1 --help           the options that the client has`,
    )
    .action(async (stage: string, words: string[]) => {
      const file = stageProgram(stageNamed(stage), 'client.ts');
      process.exitCode = await runDialogue(file, words).exitCode;
    });
}
