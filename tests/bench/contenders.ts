/**
 * Who is measured: the reference servers; the peer, which does the same work and which the ratios are
 * taken to; and servers that throw messages away, for what the disk costs.
 */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { ROOT, STAGE_FOLDERS } from '../src/cli/stages.ts';
import { freePorts } from '../src/server/ports.ts';
import type { Command } from './server-process.ts';

export interface Contender {
  name: string;
  /** Begin with HELO. */
  hello: boolean;
  /** 250 says that the message is on the disk. */
  stores: boolean;
  /** @param folder a fresh one, for the messages */
  command(folder: string): Command | Promise<Command>;
}

const NODE = [process.execPath, '--import', import.meta.resolve('tsx')];
const PEER = path.join(import.meta.dirname, 'peer.ts');

function reference(stage: 'v1' | 'v2', hello: boolean): Contender {
  const folder = STAGE_FOLDERS[stage];
  const words = [...NODE, 'server.ts', '--smtp', '0', '--mailboxes'];
  return {
    name: folder,
    hello,
    stores: true,
    command: (mailboxes) => ({ words: [...words, mailboxes], cwd: path.join(ROOT, folder) }),
  };
}

/** The one that ratios are taken to. */
export const peer: Contender = {
  name: 'smtp-server, fsync',
  hello: true,
  stores: true,
  command: (folder) => ({ words: [...NODE, PEER, folder] }),
};

const discardingPeer: Contender = {
  name: 'smtp-server, discards',
  hello: true,
  stores: false,
  command: () => ({ words: [...NODE, PEER] }),
};

const BACKLOG = '100';

function smtpSink(program: string): Contender {
  return {
    name: 'smtp-sink, discards',
    hello: true,
    stores: false,
    async command() {
      const [port] = await freePorts(1);
      // It refuses to work as root.
      const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
      return { words: [program, ...user, `127.0.0.1:${port}`, BACKLOG], port: port! };
    },
  };
}

/** All that can be measured here. Without Postfix there is no smtp-sink. */
export function contenders(): Contender[] {
  const sink = findSmtpSink();
  return [
    reference('v1', false),
    reference('v2', true),
    peer,
    discardingPeer,
    ...(sink === undefined ? [] : [smtpSink(sink)]),
  ];
}

/** Debian puts it where only root's shell looks; others among Postfix's own programs. */
function findSmtpSink(): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(path.delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    '/usr/lib/postfix/sbin',
    '/usr/libexec/postfix',
  ];
  return folders.map((folder) => path.join(folder, 'smtp-sink')).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
