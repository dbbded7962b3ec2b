import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { dialogueLines } from '../../src/check/report-dialogue.ts';
import type { ResultStep } from '../../src/check/result.ts';

const steps = (...lines: string[]): ResultStep[] =>
  lines.map((line) => {
    const [, connection = '', from, text = '', bad] = /^(\S+) (\S) (.*?)( BAD)?$/.exec(line) ?? [];
    return { connection, from: from as 'C', text, ok: bad === undefined };
  });

const letter = [
  'mail - connects',
  'mail S 220 ready',
  'mail C RCPT TO:<bob@example.com>',
  'mail S 250 OK',
  'mail C QUIT',
  'mail S 221 bye',
];
const lines = (...dialogue: string[]) =>
  dialogueLines(steps(...dialogue), 80, pc.createColors(false)).map((line) => line.trim());

describe('a letter that the player sends', () => {
  it('is told in a line, so that the dialogue begins with what the scenario is about', () => {
    expect(lines(...letter, 'bob S +OK ready')).toEqual([
      'mail  ·  sends a message to bob@example.com, and it is taken',
      'bob  S ← +OK ready',
    ]);
  });

  it('is told line by line where it was refused, or never answered', () => {
    const refused = letter.slice(0, 3).concat('mail S 550 no BAD');
    expect(lines(...refused)).toContain('C → RCPT TO:<bob@example.com>');
    expect(lines(...letter.slice(0, 3))).toContain('C → RCPT TO:<bob@example.com>');
  });
});
