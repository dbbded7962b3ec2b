/**
 * Second reading: until when the server waits for the client. A session knows no clock: it is told
 * the time, and says when it wants to be woken.
 */
import type { Limits } from './limits.ts';

export class Deadlines {
  private readonly limits: Limits;
  private endOfMessage = Infinity;
  /** When the client's time is up, in milliseconds since 1970. */
  at = Infinity;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** The whole line must come in time: single octets do not put the deadline off. */
  waitForCommand(now: number): void {
    this.at = now + this.limits.commandSeconds * 1000;
  }

  /** A message may take long, but not for ever. */
  startText(now: number): void {
    this.endOfMessage = now + this.limits.messageSeconds * 1000;
    this.waitForText(now);
  }

  waitForText(now: number): void {
    this.at = Math.min(now + this.limits.textSeconds * 1000, this.endOfMessage);
  }

  /** It is the server's turn; the client cannot be late. */
  none(): void {
    this.at = Infinity;
  }

  /** Brings the deadline forward. */
  atMost(time: number): void {
    this.at = Math.min(this.at, time);
    this.endOfMessage = Math.min(this.endOfMessage, time);
  }
}
