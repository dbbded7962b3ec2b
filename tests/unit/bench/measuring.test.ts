/** The bench measures what it says: every 250 is counted once, and a server that errs is not measured. */
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { contenders, peer, type Contender } from '../../bench/contenders.ts';
import { startGenerator } from '../../bench/generator.ts';
import { putLoad } from '../../bench/load.ts';
import { playRounds } from '../../bench/rounds.ts';
import { workloads, type Workload } from '../../bench/workloads.ts';

const listeners: Server[] = [];

afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close();
});

/** The smallest server that takes mail. Counts the messages; says `last` after each. */
async function takeMail(last = '250 ok') {
  const taken = { messages: 0, port: 0 };
  const listener = createServer((socket) => {
    let inText = false;
    socket.on('error', () => undefined);
    socket.write('220-more of it follows\r\n220 here\r\n');
    createInterface({ input: socket }).on('line', (line) => {
      if (inText && line !== '.') return;
      if (line === '.') {
        inText = false;
        taken.messages += 1;
        socket.write(`${last}\r\n`);
      } else if (line === 'DATA') {
        inText = true;
        socket.write('354 go on\r\n');
      } else if (line === 'QUIT') socket.end('221 bye\r\n');
      else socket.write('250 ok\r\n');
    });
  }).listen(0, '127.0.0.1');
  listeners.push(listener);
  await once(listener, 'listening');
  taken.port = (listener.address() as AddressInfo).port;
  return taken;
}

const small = workloads.filter(({ octets }) => octets === 1024);

describe('the load', () => {
  it.each(small)(
    'counts every message that was answered with 250, once ($id)',
    async (workload) => {
      const server = await takeMail();
      const load = { port: server.port, workload, hello: true, warmUp: 5, window: 30 };
      const { answered, rate } = await putLoad(load);
      expect(answered).toBe(server.messages);
      expect(rate).toBeLessThanOrEqual(answered / 0.029);
      expect(rate).toBeGreaterThan(0);
    },
  );

  it('does not measure a server that refuses the messages', async () => {
    const { port } = await takeMail('451 not now');
    const load = { port, workload: workloads[0]!, hello: true, warmUp: 5, window: 30 };
    await expect(putLoad(load)).rejects.toThrow('waited for 250, got "451 not now"');
  });

  it('does not measure a server that says more than it is asked', async () => {
    const { port } = await takeMail('250 ok\r\n250 ok');
    const load = { port, workload: workloads[0]!, hello: true, warmUp: 5, window: 30 };
    await expect(putLoad(load)).rejects.toThrow('a reply to nothing: "250 ok"');
  });
});

describe('a round', () => {
  const workload: Workload = { ...workloads[0]!, connections: 2 };
  const plan = { workloads: [workload], rounds: 1, warmUp: 50, window: 50, limit: 0 };

  async function play(all: readonly Contender[]) {
    const generator = startGenerator();
    const folders: string[] = [];
    const watched = all.map((one) => ({
      ...one,
      command: (folder: string) => (folders.push(folder), one.command(folder)),
    }));
    try {
      return await playRounds({ ...plan, contenders: watched, generator, progress: () => {} });
    } finally {
      generator.end();
      expect(folders).toHaveLength(all.length);
      expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
    }
  }

  it('measures the reference servers and the peer, and leaves no folder behind', async () => {
    const stored = contenders().filter(({ stores }) => stores);
    const { series, played } = await play(stored);
    expect(played).toBe(1);
    const figures = series.get(workload.id)!;
    expect([...figures.keys()]).toEqual(['v1-smtp', 'v2-helo', peer.name]);
    for (const [one] of figures.values()) expect(one!.rate).toBeGreaterThan(0);
  });

  it('names the server that does not keep what it answered with 250', async () => {
    const discards = contenders().find(({ name }) => name === 'smtp-server, discards')!;
    await expect(play([{ ...discards, stores: true }])).rejects.toThrow(
      /smtp-server, discards, kept-open: 250 was said to \d+ octets, 0 are stored/,
    );
  });

  it('says what a server that does not start has printed', async () => {
    const script = 'console.error("no, thank you"); process.exit(1)';
    const broken: Contender = {
      ...peer,
      command: () => ({ words: [process.execPath, '-e', script] }),
    };
    await expect(play([broken])).rejects.toThrow(/cannot start .*it ended at once no, thank you/);
  });
});
