/**
 * The peer: the npm package smtp-server, what a Node programmer would take instead of writing a server.
 * A program of its own: `peer.ts [folder]`. With a folder it stores each message in a file there, and
 * says 250 when the file is on the disk (fsync); without one it throws the messages away.
 */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { SMTPServer } from 'smtp-server';

const folder = process.argv[2];
let count = 0;

const server = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  // The name of 127.0.0.1 is nothing to measure.
  disableReverseLookup: true,
  logger: false,
  onData(stream, _session, callback) {
    if (folder === undefined) {
      stream.on('end', () => callback()).resume();
      return;
    }
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => {
      store(folder, Buffer.concat(parts)).then(
        () => callback(),
        (error: unknown) => callback(error as Error),
      );
    });
  },
});
server.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
const listener = server.listen(0, '127.0.0.1', () => {
  const address = listener.address();
  if (typeof address === 'object' && address) console.log(`smtp 127.0.0.1:${address.port}`);
});

async function store(folder: string, text: Buffer): Promise<void> {
  const file = await open(path.join(folder, `${(count += 1)}.eml`), 'wx');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
