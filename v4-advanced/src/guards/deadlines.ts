/**
 * Second reading: until when the server waits for the client. A session knows no clock: it is told
 * the time, and says when it wants to be woken.
 */
import type { Limits } from './limits.ts';

export class Deadlines {
  private readonly limits: Limits;
  private endOfMessage = Infinity;
  /** When all is over, as the server stops: whatever the client says till then, it is not put off. */
  private end = Infinity;
  /** When the client's time is up, in milliseconds since 1970. */
  at = Infinity;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** The whole line must come in time: single octets do not put the deadline off. */
  waitForCommand(now: number): void {
    this.at = Math.min(now + this.limits.commandSeconds * 1000, this.end);
  }

  /** A message may take long, but not for ever. */
  startText(now: number): void {
    this.endOfMessage = now + this.limits.messageSeconds * 1000;
    this.waitForText(now);
  }

  waitForText(now: number): void {
    this.at = Math.min(now + this.limits.textSeconds * 1000, this.endOfMessage, this.end);
  }

  /** It is the server's turn; the client cannot be late. */
  none(): void {
    this.at = Infinity;
  }

  /** Brings the deadline forward, and all that follow it. */
  atMost(time: number): void {
    this.at = Math.min(this.at, time);
    this.end = Math.min(this.end, time);
  }
}
