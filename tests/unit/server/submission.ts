/** Small servers for the tests of the starter: written to a fresh folder, removed afterwards. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** Makes a folder with these files (path to content) and returns it; it goes when the test ends. */
export async function submission(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stagepost-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
  return folder;
}

/** A server that greets, and answers every line with what `answer` (an expression of `line`) gives. */
export function lineServer(answer: string, port = 'Number(process.argv[2])'): string {
  return `
    import net from 'node:net';
    net.createServer((socket) => {
      socket.on('error', () => {});
      socket.write('220 ready\\r\\n');
      socket.on('data', (data) => {
        for (const line of data.toString('latin1').split('\\r\\n').slice(0, -1)) {
          const reply = ${answer};
          if (reply) socket.write(reply + '\\r\\n');
        }
      });
    }).listen(${port}, '127.0.0.1');
  `;
}
