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
  'v4-advanced': {
    from: 'v3-pop3',
    changed: [
      'README.md',
      'client.ts',
      'package.json',
      'server.ts',
      'src/client/conversation.ts',
      'src/client/delivery.ts',
      'src/client/maildrop.ts',
      'src/client/menu.ts',
      'src/client/message.ts',
      'src/client/options.ts',
      'src/client/pop3-replies.ts',
      'src/client/words.ts',
      'src/commands.ts',
      'src/guards/connections.ts',
      'src/guards/deadlines.ts',
      'src/guards/limits.ts',
      'src/listen.ts',
      'src/mailboxes.ts',
      'src/options.ts',
      'src/pop3/commands.ts',
      'src/pop3/replies.ts',
      'src/pop3/session.ts',
      'src/pop3/understand.ts',
      'src/replies.ts',
      'src/services.ts',
      'src/session.ts',
      'src/trace.ts',
      'src/understand.ts',
      'stagepost.json',
    ],
    added: [
      'accounts.ts',
      'journal.ts',
      'migrate.ts',
      'src/accounts-command.ts',
      'src/accounts-file.ts',
      'src/accounts.ts',
      'src/certificate.ts',
      'src/chunks.ts',
      'src/client/capabilities.ts',
      'src/client/login.ts',
      'src/client/pop3-opening.ts',
      'src/client/smtp-opening.ts',
      'src/client/tls.ts',
      'src/directory.ts',
      'src/files.ts',
      'src/guards/attempts.ts',
      'src/guards/visible.ts',
      'src/handshake.ts',
      'src/journal-file.ts',
      'src/journal-story.ts',
      'src/journal.ts',
      'src/log.ts',
      'src/maildir-name.ts',
      'src/maildir.ts',
      'src/migration.ts',
      'src/pop3/top.ts',
      'src/sasl.ts',
    ],
    // Accounts instead of a users file, and no strict order any more: with EHLO it makes no sense.
    removed: ['src/strict.ts', 'src/users.ts'],
  },
};

const STAGES = ['v1-smtp', 'v2-helo', 'v3-pop3', 'v4-advanced'];

/** What a stage takes from others: only stage 4 does, and only what a professional would take. */
const PACKAGES: Record<string, readonly string[]> = {
  'v4-advanced': ['pino', 'pino-pretty', 'selfsigned'],
};

/** The files of a stage that touch the network or the file system, where there are more than one each. */
const SHELL: Record<string, { net: readonly string[]; fs: readonly string[] }> = {
  'v4-advanced': {
    // The certificate wants to know what an IP address is; of the handshake's socket only the type is wanted.
    net: [
      'src/certificate.ts',
      'src/client/conversation.ts',
      'src/handshake.ts',
      'src/listen.ts',
      'src/terminate.ts',
    ],
    // Mail, accounts, certificate, journal: each has a file of its own that keeps it on the disk.
    fs: [
      'migrate.ts',
      'src/accounts-command.ts',
      'src/accounts-file.ts',
      'src/certificate.ts',
      'src/client/options.ts',
      'src/files.ts',
      'src/journal-file.ts',
      'src/mailboxes.ts',
      'src/maildir.ts',
      'src/migration.ts',
    ],
  },
};

/** How many lines there may be, comments included. */
const LINES: Record<string, Record<'protocol' | 'pop3' | 'guards' | 'client' | 'file', number>> = {
  'v1-smtp': { protocol: 700, pop3: 0, guards: 200, client: 700, file: 320 },
  'v2-helo': { protocol: 950, pop3: 0, guards: 200, client: 700, file: 320 },
  'v3-pop3': { protocol: 950, pop3: 700, guards: 200, client: 1350, file: 320 },
  // EHLO's extensions, logins and TLS make every part larger: a session with BDAT and AUTH is one file still.
  'v4-advanced': { protocol: 1500, pop3: 950, guards: 400, client: 2100, file: 450 },
};

function filesOf(stage: string): string[] {
  return readdirSync(path.join(KIT, stage), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(path.join(KIT, stage), path.join(entry.parentPath, entry.name)))
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => !/^(?:node_modules|mailboxes|data)\//.test(name))
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
  const packages = PACKAGES[stage] ?? [];

  it(`imports nothing but Node, its own files${packages.map((name) => `, ${name}`).join('')}`, () => {
    const strangers = sources(stage).flatMap((file) =>
      importsOf(stage, file).filter((name) => {
        if (name.startsWith('node:') || packages.includes(name)) return false;
        const target = path.posix.join(path.posix.dirname(file), name);
        return !name.startsWith('.') || target.startsWith('..') || !filesOf(stage).includes(target);
      }),
    );
    expect(strangers).toEqual([]);
  });

  it(`depends on ${packages.join(', ') || 'nothing'}`, () => {
    const { dependencies = {} } = JSON.parse(read(stage, 'package.json')) as {
      dependencies?: object;
    };
    expect(Object.keys(dependencies)).toEqual(packages);
  });

  it('keeps network and files at arm’s length: few know them, and a session knows neither', () => {
    const importers = (module: RegExp) =>
      sources(stage).filter((file) => importsOf(stage, file).some((name) => module.test(name)));
    const { net, fs } = SHELL[stage] ?? {
      net: ['src/client/conversation.ts', 'src/listen.ts', 'src/terminate.ts'],
      fs: ['src/mailboxes.ts'],
    };
    expect(importers(/^node:net$/)).toEqual(net);
    expect(importers(/^node:fs/)).toEqual(fs);
    expect(importers(/^node:tls$/)).toEqual(
      stage === 'v4-advanced'
        ? ['src/certificate.ts', 'src/client/tls.ts', 'src/handshake.ts']
        : [],
    );
    // terminate.ts needs the type of a socket, and no more.
    expect(read(stage, 'src/terminate.ts')).toContain("import type { Socket } from 'node:net';");
    const pure = ['session.ts', 'commands.ts', 'understand.ts', 'data.ts', 'replies.ts'];
    const pop3 = sources(stage).filter((file) => file.startsWith('src/pop3/'));
    const more = ['sasl.ts', 'chunks.ts', 'directory.ts', 'guards/deadlines.ts'].filter((name) =>
      sources(stage).includes(`src/${name}`),
    );
    for (const file of [...pure, ...more, ...pop3.map((name) => name.replace('src/', ''))]) {
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
    const protocol = 'session commands understand data chunks sasl directory replies users strict'
      .split(' ')
      .map((name) => `src/${name}.ts`)
      .filter((file) => src.includes(file));
    const pop3 = src.filter((file) => file.startsWith('src/pop3/'));
    const most = LINES[stage]!;
    expect(lines(protocol)).toBeLessThanOrEqual(most.protocol);
    expect(lines(pop3)).toBeLessThanOrEqual(most.pop3);
    expect(lines(guards)).toBeLessThanOrEqual(most.guards);
    expect(lines(client)).toBeLessThanOrEqual(most.client);
    for (const file of src) expect(lines([file])).toBeLessThanOrEqual(most.file);
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
