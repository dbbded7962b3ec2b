/**
 * What the player needs to know of a server under test. Student code runs behind this interface: how
 * it was started, where it is confined and how it is stopped is nobody else's business.
 */
import type { Duplex } from 'node:stream';
import type { Key } from '../catalogue/index.ts';
import type { PortName } from './manifest-schema.ts';

export interface RunningServer {
  /**
   * Opens a connection. Every octet to and from the server goes through here, so that a relay can
   * stand between (a sandbox has a network of its own). Rejects if nobody accepts it.
   */
  connect(port: PortName): Promise<Duplex>;
  /** Does its manifest say anything of this port? Absent: it is taken for granted. */
  isTold?(port: PortName): boolean;
  /**
   * Resolves when the server has taken in all that was sent on this connection (where the system can
   * tell: Linux), or after a pause of a few milliseconds, or at the latest after `limit` milliseconds.
   */
  hasRead(connection: Duplex, limit: number): Promise<void>;
  /**
   * Is the server still busy with what it was sent: octets not yet read, or a process that is
   * running? False where the system cannot tell.
   */
  isBusy(): Promise<boolean>;
  /** Folders to look through for mail: absolute paths. */
  stores: string[];
  /** The folder that is all the server's own: nothing of what a client names may lie outside the stores. */
  around?: string;
  /** How the server ended, if it has: `exit code 1`, `signal SIGSEGV`, with its last lines of output. */
  ended(): Ended | undefined;
}

export interface Ended {
  /** `exited with code 1`, `was killed by SIGSEGV`. */
  how: string;
  /** The last lines it printed, both streams, oldest first. */
  output: string[];
}

/** A server that was started here, and that has to be stopped here. */
export interface ServerUnderTest extends RunningServer {
  /** The ports that it was told, by the names of the placeholders. */
  ports: Readonly<
    Record<'smtp' | 'pop3' | 'imap' | 'smtps' | 'pop3s' | 'imaps' | 'submission', number>
  >;
  /** The fresh folder that it runs in. */
  folder: string;
  /** What its author should know of the way it was started: keys of the catalogue. */
  notes: { key: Key; values: Record<string, string | number> }[];
  /** The last 64 KiB that it printed, both streams. */
  output(): string;
  /** Ends it, all its processes, and removes its folder. */
  stop(): Promise<void>;
}
