import { connect } from '../crash/load.ts';
import { Pop3Process } from '../unit/stages/pop3-process.ts';
import { servesMany } from './pairs.ts';

servesMany('stage 3', async () => {
  const server = await Pop3Process.start();
  return {
    pid: server.started.pid,
    folder: server.folder,
    connect: async () => ({ ...(await connect(server.started.port)), most: 20 }),
    open: (name) => server.reader(`${name}@example.com`),
    stop: () => server.stop(),
  };
});
