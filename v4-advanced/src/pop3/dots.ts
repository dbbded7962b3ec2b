/**
 * Send a message: a line that begins with a dot gets one more, and a lone dot ends the whole
 * (RFC 1939 §3). It is what an SMTP client does with its text, and undone in the same way.
 */

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

/** Stuffs a message that comes piece by piece, cut anywhere. */
export class DotStuffer {
  /** The last octets, as far as they matter: nothing but a whole CR LF begins a line. */
  private seen: 'line start' | 'CR' | 'text' = 'line start';

  /** The next piece, as it goes over the wire. */
  stuff(octets: Uint8Array): Uint8Array {
    const stuffed = new Uint8Array(octets.length * 2);
    let length = 0;
    for (const octet of octets) {
      if (octet === DOT && this.seen === 'line start') stuffed[length++] = DOT;
      stuffed[length++] = octet;
      if (octet === CR) this.seen = 'CR';
      else this.seen = octet === LF && this.seen === 'CR' ? 'line start' : 'text';
    }
    return stuffed.subarray(0, length);
  }

  /** What ends the message. The dot must stand on a line of its own, whatever came before. */
  end(): string {
    return this.seen === 'line start' ? '.\r\n' : '\r\n.\r\n';
  }
}
