import { describe, expect, it } from 'vitest';
import { plainEnvironment, stagepost, stagepostItself } from './command.ts';

describe('the command', () => {
  it('lists its jobs, with examples', async () => {
    for (const args of [[], ['--help'], ['help']]) {
      const { stdout, exitCode } = await stagepostItself(args);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^Usage: npx stagepost <job>/);
      for (const job of ['start', 'client', 'talk', 'check', 'uml']) {
        expect(stdout).toMatch(new RegExp(`^ {2}${job} `, 'm'));
      }
      expect(stdout).toContain('Examples:\n');
    }
  });

  it.each(['start', 'client', 'talk', 'check'])(
    'tells all about %s, with examples',
    async (job) => {
      const { stdout, exitCode } = await stagepost([job, '--help']);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: npx stagepost ${job} `));
      expect(stdout).toContain(`Examples:\n  npx stagepost ${job}`);
    },
  );

  it.each<[string[], string]>([
    [['strat'], "unknown job 'strat'. (Did you mean start?) See --help."],
    [['nonsense'], "unknown job 'nonsense'. See --help."],
    [['--hlep'], "unknown option '--hlep'. (Did you mean --help?) See --help."],
    [['talk', '--tsl'], "unknown option '--tsl'. (Did you mean --tls?) See --help."],
    [['talk', 'a', '1', 'b'], "too many arguments for 'talk'. Expected 2 arguments but got 3."],
    [['talk', '0'], 'A port is a whole number from 1 to 65535, not "0".'],
    [['client'], "missing required argument 'stage'. See --help."],
    [['start', 'v9'], 'There is no stage "v9". The stages are v1, v2, v3, v4.'],
    [['client', 'v9'], 'There is no stage "v9". The stages are v1, v2, v3, v4.'],
  ])('refuses %j in one line and by exit code 2', async (args, line) => {
    const { stdout, stderr, exitCode } = await stagepost(args);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^stagepost: [^\n]*\n$/);
    expect(stderr).toContain(line);
  });

  it('says which line to type when npm has swallowed options', async () => {
    const { stdout, stderr, exitCode } = await stagepost(['start', 'v2', '2600'], {
      env: plainEnvironment({
        npm_lifecycle_event: 'start',
        npm_lifecycle_script: 'stagepost start',
        npm_config_strict: 'true',
      }),
    });
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      'stagepost: npm keeps --strict for itself. Type: npx stagepost start v2 2600 --strict\n',
    );
  });
});
