import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { startStage } from '../interop/stage.ts';
import { survivesDeletions } from './deletes.ts';
import { connect } from './load.ts';
import { Pop3Client } from './pop3-client.ts';
import { readReceptions } from './store.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'stagepost-delete-'));

afterAll(() => rm(folder, { recursive: true, force: true }));

survivesDeletions({
  promise: 'stage 3',
  folder,
  read: readReceptions,
  async start() {
    const server = await startStage('v3-pop3', { mailboxes: folder, bundled: true });
    return {
      connect: () => connect(server.port),
      open: async (recipient) => {
        const client = await Pop3Client.connect(server.pop3Port);
        return client.unlessInUse(await client.logIn(recipient));
      },
      kill: () => server.kill(),
    };
  },
});
