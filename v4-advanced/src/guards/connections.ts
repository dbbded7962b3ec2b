/**
 * Second reading: how many clients are served at once, in all and from one address.
 */
import type { Limits } from './limits.ts';

export class Connections {
  private readonly limits: Limits;
  private readonly perAddress = new Map<string, number>();
  private all = 0;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** Counts a connection in, or says no. */
  admit(address: string): boolean {
    const already = this.perAddress.get(address) ?? 0;
    if (this.all >= this.limits.connections) return false;
    // A whole class may share this machine, and so do its tests.
    if (!isLoopback(address) && already >= this.limits.connectionsPerAddress) return false;
    this.all += 1;
    this.perAddress.set(address, already + 1);
    return true;
  }

  leave(address: string): void {
    const left = (this.perAddress.get(address) ?? 1) - 1;
    this.all -= 1;
    if (left > 0) this.perAddress.set(address, left);
    else this.perAddress.delete(address);
  }
}

/** Is it an address of this computer, which no other can reach? */
export function isLoopback(address: string): boolean {
  return (
    address === '::1' || address === 'localhost' || /^(?:::ffff:)?127(?:\.\d+){3}$/.test(address)
  );
}
