import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { outputTail } from '../../src/server/output-tail.ts';
import { saysPortIsTaken } from '../../src/server/ports.ts';
import {
  listeningSockets,
  openTcpSockets,
  parseNetstat,
  parseSocketTable,
} from '../../src/server/sockets.ts';
import { suggest } from '../../src/server/suggest.ts';
import { submission } from './submission.ts';

describe('sockets seen from outside', () => {
  it('are read from /proc/net/tcp, IPv4 and IPv4 in IPv6', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:09DD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0',
      '   1: 0000000000000000FFFF00000100007F:09DD 0000000000000000FFFF00000100007F:C001 01 00000000:0000000B 00:00000000 00000000 0 0 4712 1 0',
      '   2: 0100007F:09DD 0100007F:C002 06 00000000:00000000 03:00000A1B 00000000     0        0 0 3 0',
    ].join('\n');
    expect(parseSocketTable(table)).toEqual([
      { localPort: 2525, remotePort: 0, state: 'listen', unread: 0, inode: '4711' },
      { localPort: 2525, remotePort: 49153, state: 'established', unread: 11, inode: '4712' },
      { localPort: 2525, remotePort: 49154, state: 'time-wait', unread: 0, inode: '0' },
    ]);
  });

  describe('often', () => {
    const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when …\n';
    /** `port` in hex, `state` as the kernel writes it. */
    const line = (port: string, state: string, inode: number) =>
      `   0: 0100007F:${port} 0100007F:C001 ${state} 00000000:00000002 00:00000000 00000000     0        0 ${inode} 1\n`;
    const many = Array.from({ length: 900 }, (_, n) => line('09DD', n % 2 ? '06' : '01', n + 10));
    const tables = {
      tcp: [HEAD, line('0001', '0A', 1), line('0002', '0A', 2), ...many].join(''),
      tcp6: HEAD + line('0003', '0A', 3) + line('0003', '01', 4),
    };
    const inodes = (sockets: Iterable<{ inode: string }> | undefined) =>
      Array.from(sockets ?? [], ({ inode }) => Number(inode));

    it('are those that listen, or those that are open', async () => {
      const dir = await submission({ ...tables, sockstat6: 'TCP6: inuse 2\nUDP6: inuse 0\n' });
      expect(inodes(listeningSockets(dir))).toEqual([1, 2, 3]);
      const open = Array.from({ length: 450 }, (_, n) => 2 * n + 10);
      expect(inodes(openTcpSockets(dir))).toEqual([1, 2, ...open, 3, 4]);
    });

    it('are looked for in IPv6 only where it has one', async () => {
      const dir = await submission({ ...tables, sockstat6: 'TCP6: inuse 0\nUDP6: inuse 1\n' });
      expect(inodes(listeningSockets(dir))).toEqual([1, 2]);
      const unsaid = await submission({ ...tables, tcp: HEAD });
      expect(inodes(listeningSockets(unsaid))).toEqual([3]);
      expect(inodes(openTcpSockets(unsaid))).toEqual([3, 4]);
    });

    it('are not known where the system does not tell', async () => {
      const dir = path.join(await submission({}), 'nothing');
      expect(listeningSockets(dir)).toBeUndefined();
      expect(openTcpSockets(dir)).toBeUndefined();
    });
  });

  it('are read from the netstat of macOS', () => {
    const table = [
      'Active Internet connections (including servers)',
      'Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)',
      'tcp4       0      0  127.0.0.1.2525         *.*                    LISTEN',
      'tcp46      0      0  *.8080                 *.*                    LISTEN',
      'tcp4       0      0  127.0.0.1.50000        127.0.0.1.2525         ESTABLISHED',
      'udp4       0      0  *.5353                 *.*',
    ].join('\n');
    expect([...parseNetstat(table)]).toEqual([2525, 8080]);
  });

  it('are read from the netstat of Windows in any language', () => {
    const table = [
      'Aktive Verbindungen',
      '  Proto  Lokale Adresse         Remoteadresse          Status',
      '  TCP    127.0.0.1:2525         0.0.0.0:0              ABHÖREN',
      '  TCP    [::]:8080              [::]:0                 ABHÖREN',
      '  TCP    127.0.0.1:50000        127.0.0.1:2525         HERGESTELLT',
      '  UDP    0.0.0.0:5353           *:*',
    ].join('\r\n');
    expect([...parseNetstat(table)]).toEqual([2525, 8080]);
  });
});

describe('output', () => {
  it('is kept from its end, however much there is', () => {
    const tail = outputTail(100);
    for (let n = 0; n < 1_000; n++) tail.add(Buffer.from(`line ${n}\n`));
    expect(tail.text().length).toBeLessThanOrEqual(200);
    expect(tail.lines(2)).toEqual(['line 998', 'line 999']);
  });

  it.each([
    'OSError: [Errno 98] Address already in use',
    'OSError: [Errno 48] Address already in use',
    'Error: listen EADDRINUSE: address already in use 127.0.0.1:2525',
    'java.net.BindException: Address already in use (Bind failed)',
    'OSError: [WinError 10048] Only one usage of each socket address',
    'bind: Address already in use',
    'Port 2525 is taken. Is the server running already?',
  ])('tells that a port is taken: %s', (line) => {
    expect(saysPortIsTaken(line)).toBe(true);
  });
});

describe('did you mean', () => {
  it.each([
    ['strat', 'start'],
    ['varients', 'variants'],
    ['mailbox', 'mailboxes'],
    ['Start', 'start'],
    ['zzz', undefined],
  ])('%s: %s', (word, near) => {
    expect(suggest(word, ['start', 'variants', 'mailboxes', 'env'])).toBe(near);
  });
});
