/**
 * A disk on which something can go wrong at every step: it stands between a stage and Node's file
 * functions, writes down what is done in a folder, and lets a step fail, wait, or be the last one.
 */
import type * as FileSystem from 'node:fs/promises';
import path from 'node:path';

type Real = typeof FileSystem;
type Work<Result> = () => Promise<Result>;

export class Disk {
  private readonly real: Real;
  private folder = '';
  private readonly opened = new Set<FileSystem.FileHandle>();
  private fault: { step: number; code: string } | undefined;
  private end: { step: number; reached: () => void } | undefined;
  private hold: { verb: string; reached: () => void; released: Promise<void> } | undefined;
  private isDead = false;
  /** What was done, in its order: `rename bob/tmp/x bob/reception/x`. */
  readonly steps: string[] = [];

  constructor(real: Real) {
    this.real = real;
  }

  /** Only what is done in this folder counts. */
  start(folder: string): void {
    this.folder = folder;
    this.steps.length = 0;
    this.fault = this.end = this.hold = undefined;
    this.isDead = false;
  }

  /** Closes what a killed server had open. */
  async stop(): Promise<void> {
    await Promise.all(Array.from(this.opened, (file) => file.close()));
    this.opened.clear();
  }

  /** The `nth` step from now fails with this error; the steps after it work again. */
  failAt(nth: number, code: string): void {
    this.fault = { step: this.steps.length + nth, code };
  }

  /** The `nth` step from now is not done, or by half, and none after it. Resolves when it is reached. */
  killAt(nth: number): Promise<void> {
    return new Promise((reached) => {
      this.end = { step: this.steps.length + nth, reached };
    });
  }

  /** The steps of another server are done; those of the killed one never. */
  reboot(): void {
    this.isDead = false;
  }

  /** The next step of this kind waits until it is released. */
  holdAt(verb: string): { reached: Promise<void>; release: () => void } {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const reached = new Promise<void>((resolve) => {
      this.hold = { verb, reached: resolve, released };
    });
    return { reached, release };
  }

  /** Node's functions, with this disk under them. */
  get functions(): Real {
    const { real } = this;
    const step = <Result>(
      verb: string,
      names: unknown[],
      work: Work<Result>,
      half?: Work<unknown>,
    ) => this.step(verb, names.map(String), work, half);
    return {
      ...real,
      mkdir: ((name: string, options: object) =>
        step('mkdir', [name], () => real.mkdir(name, options))) as Real['mkdir'],
      rename: (from, to) => step('rename', [from, to], () => real.rename(from, to)),
      rm: (name, options) => step('rm', [name], () => real.rm(name, options)),
      open: (name, ...how) =>
        step('open', [name], async () => {
          const file = await real.open(name, ...how);
          this.opened.add(file);
          return this.watched(file, String(name));
        }),
    };
  }

  private watched(file: FileSystem.FileHandle, name: string): FileSystem.FileHandle {
    const { opened } = this;
    const watched = {
      appendFile: (octets: Uint8Array) =>
        this.step(
          'append',
          [name],
          () => file.appendFile(octets),
          () => file.appendFile(octets.subarray(0, octets.length / 2)),
        ),
      read: file.read.bind(file),
      sync: () => this.step('sync', [name], () => file.sync()),
      close: async () => {
        await file.close();
        opened.delete(file);
        await this.step('close', [name], async () => {});
      },
    };
    return watched as unknown as FileSystem.FileHandle;
  }

  private async step<Result>(
    verb: string,
    names: string[],
    work: Work<Result>,
    half: Work<unknown> = () => Promise.resolve(),
  ): Promise<Result> {
    if (!names[0]!.startsWith(this.folder)) return work();
    const never = new Promise<never>(() => {});
    if (this.isDead) return never;
    const short = names.map(
      (name) => path.relative(this.folder, name).replaceAll('\\', '/') || '.',
    );
    this.steps.push([verb, ...short].join(' '));
    const { fault, end, hold } = this;
    if (end?.step === this.steps.length) {
      this.isDead = true;
      this.end = undefined;
      await half();
      end.reached();
      return never;
    }
    if (fault?.step === this.steps.length) {
      this.fault = undefined;
      await half();
      throw Object.assign(new Error(`${fault.code} at ${verb}`), { code: fault.code });
    }
    if (hold?.verb === verb) {
      this.hold = undefined;
      hold.reached();
      await hold.released;
    }
    return work();
  }
}
