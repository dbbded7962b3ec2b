import { expect } from 'vitest';
import { JournalWatch } from '../crash/journal.ts';
import { connect } from '../crash/load.ts';
import { House } from '../crash/stage4.ts';
import { names, servesMany } from './pairs.ts';

servesMany('stage 4', async () => {
  const house = await House.make(names);
  const server = await house.start('--log-level', 'info');
  return {
    pid: server.started.pid,
    folder: house.mailboxes,
    // One half has logged in under TLS, and keeps the connection; the other one comes and goes.
    connect: async (name) =>
      names.indexOf(name) % 2 === 0
        ? { ...(await server.submit(name)), most: Infinity }
        : { ...(await connect(server.started.port)), most: 20 },
    open: (name) => server.opened(name),
    async lookAround(answered) {
      await server.end('SIGTERM');
      const journal = new JournalWatch(house.journal);
      await journal.look();
      journal.compare(new Map());
      expect(journal.problems).toEqual([]);
      for (const event of ['received', 'delivered', 'listed', 'read', 'deleted']) {
        const entries = journal.entries.filter((entry) => entry.event === event);
        expect(entries.length, event).toBe(answered);
        expect(new Set(entries.map(({ message }) => message)).size, event).toBe(answered);
      }
    },
    stop: () => house.remove(),
  };
});
