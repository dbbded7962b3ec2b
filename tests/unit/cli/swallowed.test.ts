import { existsSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { CLIENT_OPTIONS, SERVER_OPTIONS } from '../../src/cli/handed-on.ts';
import { ROOT, STAGE_FOLDERS } from '../../src/cli/stages.ts';
import { refuseSwallowed } from '../../src/cli/swallowed.ts';
import { plainEnvironment } from './command.ts';

const START = { npm_lifecycle_event: 'start', npm_lifecycle_script: 'stagepost start' };

function refusal(args: string[], env: NodeJS.ProcessEnv): string {
  try {
    refuseSwallowed('start', args, SERVER_OPTIONS, env);
    return '';
  } catch (error) {
    return (error as Error).message.replace(/^.* Type: /, '');
  }
}

describe('swallowed options', () => {
  it.each<[string, string[], NodeJS.ProcessEnv, string]>([
    ['a flag', ['v2'], { npm_config_strict: 'true' }, 'v2 --strict'],
    ['a value after =', [], { npm_config_users: 'a b.txt' }, '--users "a b.txt"'],
    [
      'a value left behind',
      ['v2', 'sender'],
      { npm_config_file_by: 'true' },
      'v2 --file-by sender',
    ],
    ['a value nowhere', ['v2'], { npm_config_users: 'true' }, 'v2 --users …'],
    [
      'values left behind, nobody knows whose',
      ['v2', '2600', 'u', '9'],
      { npm_config_users: 'true', npm_config_max_message: 'true' },
      'v2 2600 --users … --max-message …',
    ],
  ])('are put back: %s', (_, args, env, line) => {
    expect(refusal(args, { ...START, ...env })).toBe(`npx stagepost start ${line}`);
  });

  it('are not suspected of what the job does not know, or what was switched off', () => {
    const env = { ...START, npm_config_nodedir: '/usr', npm_config_strict: '' };
    expect(refusal(['v2'], env)).toBe('');
  });

  it('are not suspected under npx, or in what a script of another name starts', () => {
    const swallowed = { npm_config_strict: 'true' };
    expect(
      refusal([], {
        ...swallowed,
        npm_lifecycle_event: 'npx',
        npm_lifecycle_script: "'stagepost'",
      }),
    ).toBe('');
    expect(
      refusal([], {
        ...swallowed,
        npm_lifecycle_event: 'test',
        npm_lifecycle_script: 'vitest run',
      }),
    ).toBe('');
    expect(refusal([], swallowed)).toBe('');
  });

  it('are not suspected where npm has an option of that name, which settings may hold', () => {
    const options = [{ name: 'json', takesValue: true }];
    const env = { ...START, npm_config_json: 'true' };
    expect(() => refuseSwallowed('start', [], options, env)).not.toThrow();
  });

  const programs = Object.values(STAGE_FOLDERS).flatMap((folder) =>
    (['server.ts', 'client.ts'] as const)
      .map((program) => ({ program, file: path.join(ROOT, folder, program) }))
      .filter(({ file }) => existsSync(file)),
  );

  it.each(programs)('are known by the names that $file says in its help', async (one) => {
    const args = ['--import', import.meta.resolve('tsx'), one.file, '--help'];
    const { stdout } = await execa(process.execPath, args, {
      env: plainEnvironment(),
      extendEnv: false,
    });
    const said = [...stdout.matchAll(/^ +(?:-h, )?--([a-z0-9-]+)/gm)].map(([, name]) => name!);
    const known = (one.program === 'server.ts' ? SERVER_OPTIONS : CLIENT_OPTIONS).map(
      ({ name }) => name,
    );
    expect(said).toContain('help');
    expect(said.filter((name) => name !== 'help' && !known.includes(name))).toEqual([]);
  });
});
