import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleText } from '../../src/cli/visible.ts';

function shown(...chunks: (string | number[])[]): string {
  const visible = visibleText();
  return chunks.map((chunk) => visible(Buffer.from(chunk as string))).join('');
}

describe('what a server says', () => {
  it('is shown as it is where it is text', () => {
    expect(shown('220 é € 😀\tx\r\n250 ok\r\n')).toBe('220 é € 😀\tx\n250 ok\n');
  });

  it('shows line ends that are none', () => {
    expect(shown('a\nb\rc\r\r\n')).toBe('a\\n\nb\\rc\\r\n');
  });

  it('shows control octets, and octets that are no text', () => {
    expect(shown('\0\x07\x1b[2J\x7f\u0085\u202e')).toBe(
      '\\0\\x07\\x1B[2J\\x7F\\xC2\\x85\\xE2\\x80\\xAE',
    );
    expect(shown([0xe9, 0x20, 0xc3, 0x28, 0xff, 0xc0, 0xaf])).toBe('\\xE9 \\xC3(\\xFF\\xC0\\xAF');
  });

  it('comes at once, but for what the next octet decides', () => {
    const visible = visibleText();
    expect(visible(Buffer.from('220 '))).toBe('220 ');
    expect(visible(Buffer.from('\r'))).toBe('');
    expect(visible(Buffer.from('\n'))).toBe('\n');
    expect(visible(Buffer.from([0xc3]))).toBe('');
    expect(visible(Buffer.from([0xa9]))).toBe('é');
  });

  it('is the same however it is cut', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.uint8Array(),
        fc.constantFrom('\r', '\n', 'é', '😀').map((s) => Buffer.from(s)),
      ),
    );
    fc.assert(
      fc.property(pieces, (chunks) => {
        const cut = visibleText();
        const whole = visibleText();
        expect(chunks.map((chunk) => cut(chunk)).join('')).toBe(whole(Buffer.concat(chunks)));
      }),
    );
  });

  it('never reaches the terminal as a control character but tab and line end', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (octets) => {
        expect(visibleText()(octets)).not.toMatch(/(?![\t\n])\p{C}/u);
      }),
    );
  });
});
