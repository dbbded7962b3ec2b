import { describe, expect, it } from 'vitest';
import {
  accessibleText,
  blockLabel,
  escapeLabel,
  shortenBlock,
  shortenLine,
} from '../../src/uml/mermaid-text.ts';

describe('text in a Mermaid source', () => {
  it.each([
    ['354 Go; end with <CRLF>.<CRLF>', '354 Go#59; end with <CRLF>.<CRLF>'],
    ['RCPT TO:<#bob@example.com>', 'RCPT TO:<#35;bob@example.com>'],
    ['#59;', '#35;59#59;'],
    ['a<br>b<BR/>c', 'a#60;br>b#60;BR/>c'],
    ['%%{init}%% 100 %', '#37;#37;{init}#37;% 100 %'],
    ['$$x$$', '#36;$x#36;$'],
    ['wrap: all', '#119;rap: all'],
    ['NoWrap: all', '#78;oWrap: all'],
    ['MAIL FROM:<alice@example.com>', 'MAIL FROM:<alice@example.com>'],
  ])('writes %j so that it is nothing but text', (text, label) => {
    expect(escapeLabel(text)).toBe(label);
  });

  it('fills the lines of a block up to one length, so that they begin below each other', () => {
    expect(blockLabel(['one', '', 'three'])).toBe('one\u00a0\u00a0<br/><br/>three\u200b');
  });

  it('counts characters, not octets, nor escapes', () => {
    expect(blockLabel(['é;', 'four'])).toBe('é#59;\u00a0\u00a0<br/>four\u200b');
  });

  it('leaves a block of one line as it is', () => {
    expect(blockLabel(['250 OK'])).toBe('250 OK');
  });

  it('gives titles and descriptions in one line without what Mermaid cannot say there', () => {
    expect(accessibleText('  Say <a>; then\n#1 & %%{x} ')).toBe('Say a, then number 1 and %x');
  });

  it('shortens a long line and says how long it was', () => {
    expect(shortenLine('é'.repeat(30), 20)).toBe('ééééééé… (60 octets)');
    expect(shortenLine('x'.repeat(20), 20)).toBe('x'.repeat(20));
  });

  it('shortens a long text and keeps its last line', () => {
    const lines = Array.from({ length: 8 }, (_, index) => `line ${index + 1}`);
    expect(shortenBlock(lines, 5)).toEqual([
      'line 1',
      'line 2',
      'line 3',
      '… 4 lines more …',
      'line 8',
    ]);
    expect(shortenBlock(lines, 8)).toEqual(lines);
  });
});
