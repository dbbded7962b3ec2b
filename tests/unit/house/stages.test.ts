/** The rules of the house for stages: DESIGN of the kit, told in CONTRIBUTING.md. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT as KIT } from '../../src/cli/stages.ts';

/** What each stage changes of the one before, adds and takes away; every other file is the same to the octet. */
const CHANGED = {
  'v2-helo': {
    from: 'v1-smtp',
    changed: [
      'README.md',
      'package.json',
      'server.ts',
      'src/client/delivery.ts',
      'src/commands.ts',
      'src/mailboxes.ts',
      'src/mbox.ts',
      'src/options.ts',
      'src/replies.ts',
      'src/session.ts',
      'src/understand.ts',
      'stagepost.json',
    ],
    added: ['src/strict.ts', 'src/users.ts'],
    removed: [],
  },
  'v3-pop3': {
    from: 'v2-helo',
    changed: [
      'README.md',
      'client.ts',
      'package.json',
      'server.ts',
      'src/client/conversation.ts',
      'src/client/menu.ts',
      'src/client/options.ts',
      'src/client/words.ts',
      'src/commands.ts',
      'src/guards/limits.ts',
      'src/listen.ts',
      'src/mailboxes.ts',
      'src/options.ts',
      'src/users.ts',
      'stagepost.json',
    ],
    added: [
      'src/client/keyboard.ts',
      'src/client/mailbox-menu.ts',
      'src/client/maildrop.ts',
      'src/client/pop3-replies.ts',
      'src/client/received.ts',
      'src/pop3/commands.ts',
      'src/pop3/dots.ts',
      'src/pop3/maildrop.ts',
      'src/pop3/replies.ts',
      'src/pop3/session.ts',
      'src/pop3/understand.ts',
      'src/services.ts',
      'src/trace.ts',
    ],
    // A mailbox is a folder now, and no longer an mbox file.
    removed: ['src/mbox.ts'],
  },
};

const STAGES = ['v1-smtp', 'v2-helo', 'v3-pop3'];

function filesOf(stage: string): string[] {
  return readdirSync(path.join(KIT, stage), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(path.join(KIT, stage), path.join(entry.parentPath, entry.name)))
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => !/^(?:node_modules|mailboxes)\//.test(name))
    .sort();
}

const read = (stage: string, file: string) => readFileSync(path.join(KIT, stage, file), 'utf8');

const sources = (stage: string) => filesOf(stage).filter((file) => file.endsWith('.ts'));

/** What a file imports: the text between the quotes. */
const importsOf = (stage: string, file: string) =>
  Array.from(
    read(stage, file).matchAll(
      /^(?:import|export)\b[^;]*?\bfrom\s*'([^']+)'|\bimport\('([^']+)'\)/gm,
    ),
    ([, fixed, dynamic]) => fixed ?? dynamic!,
  );

describe.each(STAGES)('%s', (stage) => {
  it('imports nothing but Node and its own files', () => {
    const strangers = sources(stage).flatMap((file) =>
      importsOf(stage, file).filter((name) => {
        if (name.startsWith('node:')) return false;
        const target = path.posix.join(path.posix.dirname(file), name);
        return !name.startsWith('.') || target.startsWith('..') || !filesOf(stage).includes(target);
      }),
    );
    expect(strangers).toEqual([]);
  });

  it('has no dependencies', () => {
    expect(Object.keys(JSON.parse(read(stage, 'package.json')) as object)).not.toContain(
      'dependencies',
    );
  });

  it('keeps network and files at arm’s length: one file for each, and a session that knows neither', () => {
    const importers = (module: RegExp) =>
      sources(stage).filter((file) => importsOf(stage, file).some((name) => module.test(name)));
    expect(importers(/^node:net$/)).toEqual([
      'src/client/conversation.ts',
      'src/listen.ts',
      'src/terminate.ts',
    ]);
    expect(importers(/^node:fs/)).toEqual(['src/mailboxes.ts']);
    // terminate.ts needs the type of a socket, and no more.
    expect(read(stage, 'src/terminate.ts')).toContain("import type { Socket } from 'node:net';");
    const pure = ['session.ts', 'commands.ts', 'understand.ts', 'data.ts', 'replies.ts'];
    const pop3 = sources(stage).filter((file) => file.startsWith('src/pop3/'));
    for (const file of [...pure, ...pop3.map((name) => name.replace('src/', ''))]) {
      expect(importsOf(stage, `src/${file}`).filter((name) => name.startsWith('node:'))).toEqual(
        [],
      );
      expect(read(stage, `src/${file}`)).not.toMatch(/\bBuffer\b|\bprocess\./);
    }
  });

  it('can be read in one sitting', () => {
    const lines = (files: string[]) =>
      files.reduce((sum, file) => sum + read(stage, file).split('\n').length - 1, 0);
    const src = sources(stage).filter((file) => file.startsWith('src/'));
    const guards = src.filter((file) => file.startsWith('src/guards/'));
    const client = src.filter((file) => file.startsWith('src/client/'));
    const protocol = ['session', 'commands', 'understand', 'data', 'replies', 'users', 'strict']
      .map((name) => `src/${name}.ts`)
      .filter((file) => src.includes(file));
    const pop3 = src.filter((file) => file.startsWith('src/pop3/'));
    expect(lines(protocol)).toBeLessThanOrEqual(stage === 'v1-smtp' ? 700 : 950);
    expect(lines(pop3)).toBeLessThanOrEqual(700);
    expect(lines(guards)).toBeLessThanOrEqual(200);
    expect(lines(client)).toBeLessThanOrEqual(stage === 'v3-pop3' ? 1350 : 700);
    for (const file of src) expect(lines([file])).toBeLessThanOrEqual(320);
  });
});

describe.each(Object.entries(CHANGED))('%s', (stage, { from, changed, added, removed }) => {
  it('inherits every file that it does not have to change, to the octet', () => {
    const before = filesOf(from);
    const now = filesOf(stage);
    expect(now.filter((file) => !before.includes(file))).toEqual(added);
    expect(before.filter((file) => !now.includes(file))).toEqual(removed);
    const kept = before.filter((file) => now.includes(file));
    expect(kept.filter((file) => read(from, file) !== read(stage, file))).toEqual(changed);
  });
});
