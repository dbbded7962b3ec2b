/**
 * Marionette, the remote control that Thunderbird and Firefox carry: one TCP connection, every packet
 * `<length in octets>:<JSON>`. A command is `[0, id, name, parameters]`, its answer
 * `[1, id, error, result]`. Only what driving Thunderbird takes is here.
 *
 * Role: the test's hand inside a real mail program. No part of the kit that students meet uses it.
 */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

export interface Marionette {
  /**
   * Runs privileged JavaScript in Thunderbird's own process: the body of a function whose last
   * argument is a callback, to be called with the result (anything that JSON can carry). Rejects with
   * Thunderbird's words if the script throws, or has not called back after `limit` milliseconds. When
   * Thunderbird opens a dialog meanwhile, the result is null.
   */
  run(script: string, args: unknown[], limit: number): Promise<unknown>;
  /** What the open dialog says; it is closed with its button OK. Rejects if there is none. */
  readDialog(): Promise<string>;
  /** Asks Thunderbird to end. It hangs up before it answers, so nothing is awaited. */
  quit(): void;
  close(): void;
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

export async function connectMarionette(port: number): Promise<Marionette> {
  const socket = connect({ host: '127.0.0.1', port });
  const waiting = new Map<number, Waiting>();
  const greeted = new Promise<void>((resolve, reject) => {
    const failAll = (why: Error): void => {
      reject(why);
      for (const each of waiting.values()) each.reject(why);
      waiting.clear();
    };
    socket.on('error', failAll);
    socket.on('close', () => failAll(new Error('Thunderbird closed its Marionette connection')));
    readPackets(socket, (packet) => {
      if (Array.isArray(packet)) settle(waiting, packet);
      else resolve();
    });
  });
  await once(socket, 'connect');
  await greeted;

  let lastId = 0;
  const command = (name: string, parameters: object): Promise<unknown> => {
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      const text = JSON.stringify([0, id, name, parameters]);
      socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
  };

  await command('WebDriver:NewSession', {});
  await command('Marionette:SetContext', { value: 'chrome' });
  return {
    run: async (script, args, limit) => {
      const parameters = {
        script,
        args,
        scriptTimeout: limit,
        sandbox: 'system',
        newSandbox: true,
      };
      const answer = await command('WebDriver:ExecuteAsyncScript', parameters);
      return (answer as { value: unknown }).value;
    },
    readDialog: async () => {
      const answer = await command('WebDriver:GetAlertText', {});
      await command('WebDriver:AcceptAlert', {});
      return (answer as { value: string }).value;
    },
    quit: () => void command('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => undefined),
    close: () => socket.destroy(),
  };
}

function settle(waiting: Map<number, Waiting>, packet: unknown[]): void {
  const [, id, error, result] = packet as [number, number, { message: string } | null, unknown];
  const command = waiting.get(id);
  waiting.delete(id);
  if (error) command?.reject(new Error(`Thunderbird: ${error.message}`));
  else command?.resolve(result);
}

/** Cuts the stream at the lengths it announces; a packet may come in pieces, or several in one. */
function readPackets(socket: Socket, packet: (value: unknown) => void): void {
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const colon = pending.indexOf(':');
      const end = colon + 1 + Number(pending.toString('latin1', 0, Math.max(colon, 0)));
      if (colon < 0 || pending.length < end) return;
      packet(JSON.parse(pending.toString('utf8', colon + 1, end)));
      pending = pending.subarray(end);
    }
  });
}
