import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScenarioError } from '../../src/notation/error.ts';
import { parseScenario } from '../../src/notation/parse-scenario.ts';
import { HEAD, parse, scenarioText, text } from './sample.ts';

const DOCUMENT = new URL('../../../docs/notation.md', import.meta.url);
const BODY = '```smtp\nC: QUIT\n```';

describe('the sample in docs/notation.md', () => {
  it('is read as the page says', async () => {
    const page = await readFile(DOCUMENT, 'utf8');
    const sample = /^````markdown\r?\n(---\r?\n.*?)^````/ms.exec(page)?.[1];
    expect(sample).toBeDefined();
    const scenario = parseScenario(sample!, 'docs/notation.md', 'v1/dot-stuffing');
    expect(scenario).toMatchObject({
      id: 'v1/dot-stuffing',
      stage: 'v1',
      title: 'A line that begins with a dot arrives as it was written',
      step: 130,
      points: 2,
      kind: 'extra',
      rfc: '5321 §4.5.2',
      hint: 'What does a client do to a line that begins with a dot, and who undoes it?',
      diagram: true,
      needs: [],
      until: undefined,
      variant: undefined,
      opening: 'stage',
      delivery: 'line',
      lineEnds: 'forgiven',
      hostile: false,
      fresh: false,
      login: undefined,
      blocks: [{ type: 'dialogue', connection: 'smtp' }, { type: 'mailbox' }],
    });
    const [dialogue, mailbox] = scenario.blocks;
    expect(dialogue?.type === 'dialogue' && dialogue.steps).toHaveLength(14);
    expect(mailbox?.type === 'mailbox' && mailbox.lines.map(text)).toEqual([
      '.a line that began with one dot',
      '..and one that began with two',
    ]);
    expect(scenario.prose).toMatch(/^A lone dot ends a message\.[^`]*away again\.$/);
  });
});

describe('the head of a scenario', () => {
  it('may say everything', () => {
    const head = [
      ...HEAD,
      'rfc: 5321',
      'hint: "Who: him?"',
      'needs: [v1/b, v1/c]',
      'until: v3',
      'variant: file-by-sender',
      'opening: none',
      'delivery: bytes',
      'hostile: true',
      'fresh: true',
      'login: user-pass',
      '# a remark',
    ];
    expect(parse(BODY, head)).toMatchObject({
      rfc: '5321',
      hint: 'Who: him?',
      needs: ['v1/b', 'v1/c'],
      until: 'v3',
      variant: 'file-by-sender',
      opening: 'none',
      delivery: 'bytes',
      hostile: true,
      fresh: true,
      login: 'user-pass',
    });
    expect(parse(BODY, [...HEAD, 'needs: v1/b']).needs).toEqual(['v1/b']);
  });

  it.each<[string, string[], number, RegExp]>([
    ['an unknown key', [...HEAD, 'Hint: x?'], 6, /no key `Hint`; the keys are title/],
    ['a missing key', HEAD.slice(0, 3), 1, /no `kind`/],
    ['an empty title', ['title:', ...HEAD.slice(1)], 2, /`title` is wrong; it takes a sentence/],
    ['a title of blanks', ['title: "  "', ...HEAD.slice(1)], 2, /`title` is wrong/],
    ['a title that is a number', ['title: 250', ...HEAD.slice(1)], 2, /between quotes/],
    ['a value cut off', ['title: The #1 rule', ...HEAD.slice(1)], 2, /cut off before `#`/],
    ['a key twice', [...HEAD, 'step: 3'], 6, /not YAML/],
    ['a colon in a title', ['title: Well: no', ...HEAD.slice(1)], 2, /between quotes/],
    ['a step in words', [...HEAD.slice(2), 'title: x', 'step: ten'], 5, /a number from 0/],
    ['half points', [...HEAD.slice(0, 2), 'kind: core', 'points: 1.5'], 5, /a whole number/],
    ['an unknown kind', [...HEAD.slice(0, 3), 'kind: bonus'], 5, /core or extra/],
    ['a delivery that is none', [...HEAD, 'delivery: packet'], 6, /line or text or pipelined/],
    ['an opening that is none', [...HEAD, 'opening: helo'], 6, /stage or none/],
    ['a flag in words', [...HEAD, 'hostile: yes'], 6, /true or false/],
    ['an unknown stage', [...HEAD, 'until: v9'], 6, /v1 or v2/],
    ['another way to log in', [...HEAD, 'login: apop'], 6, /`login` is wrong; it takes user-pass/],
    ['an RFC by its name', [...HEAD, 'rfc: RFC 5321'], 6, /as in 5321 §4\.5\.2/],
    ['needs that are no id', [...HEAD, 'needs:', '  - v1/b', '  - dots'], 8, /ids of scenarios/],
    ['needs twice', [...HEAD, 'needs: [v1/b, v1/b]'], 6, /each id once/],
    ['a value that is a list', [...HEAD, 'hint: [a?]'], 6, /`hint` is wrong/],
    ['a variant with a blank', [...HEAD, 'variant: by sender'], 6, /name of a variant/],
    ['no keys', ['nothing at all'], 2, /holds no keys/],
    ['nothing', [], 2, /holds no keys/],
  ])('is refused with its line: %s', (_, head, line, sentence) => {
    expect(() => parse(BODY, head)).toThrow(new RegExp(`^a\\.md:${line}: .*${sentence.source}`));
  });

  it('is refused if it is missing, does not end, or ends too early a stage', () => {
    expect(() => parseScenario('# A title', 'a.md', 'v1/a')).toThrow(
      /^a\.md:1: the head is missing/,
    );
    expect(() => parseScenario('', 'a.md', 'v1/a')).toThrow(/^a\.md:1: the head is missing/);
    expect(() => parseScenario('---\ntitle: x\n', 'a.md', 'v1/a')).toThrow(/the head does not end/);
    const early = scenarioText(BODY, [...HEAD, 'until: v1']);
    expect(() => parseScenario(early, 'a.md', 'v2/a')).toThrow(/^a\.md:6: .*begins with v2/);
    expect(() => parseScenario(early, 'a.md', 'v2/A')).toThrow(/lower-case words/);
    expect(() => parseScenario(early, 'a.md', 'v5/a')).toThrow(/v1, v2, v3 or v4/);
  });
});

describe('the body of a scenario', () => {
  it('keeps the prose and the fences that are not played', () => {
    const fences = '````markdown\n```smtp\nnot played\n```\n````\n\n```text\nS: 250\n```';
    expect(parse(`Before.\n\n${BODY}\nAfter.\n\n${fences}\n`).prose).toBe(
      `Before.\n\n\n\n\nAfter.\n\n${fences}`,
    );
  });

  it('goes on with a connection of the same name', () => {
    const body = '```smtp alice\nC: a\n```\n```smtp bob\nC: b\n```\n```smtp alice\nS: 250\n```';
    expect(parse(body).blocks).toMatchObject([
      { connection: 'alice', line: 7 },
      { connection: 'bob', line: 10 },
      { connection: 'alice', line: 13, steps: [{ line: 14 }] },
    ]);
  });

  it('is the same with the line ends of Windows and a BOM', () => {
    const lines = scenarioText(`Prose.\n\n${BODY}\n`);
    const there = parseScenario(`\uFEFF${lines.replaceAll('\n', '\r\n')}`, 'a.md', 'v1/a');
    expect(there).toEqual(parseScenario(lines, 'a.md', 'v1/a'));
  });

  it.each<[string, string, number, RegExp]>([
    ['no dialogue', 'Prose alone.', 1, /no dialogue/],
    ['a fence that does not end', '```smtp\nC: x\n', 7, /the block does not end/],
    ['a fence in a fence', '```smtp\nC: x\n```mailbox bob\n```', 9, /a fence begins inside/],
    ['a fence in a list', '- a\n\n  ```smtp\n  C: x\n  ```', 9, /left margin/],
    ['an indented fence', '  ```smtp\n  C: x\n  ```', 7, /left margin/],
    ['a language in capitals', '```SMTP\nC: x\n```', 7, /write `smtp`/],
    ['a protocol to come', '```imap\nC: x\n```', 7, /no dialogues in IMAP/],
    ['a name of two words', '```smtp one two\nC: x\n```', 7, /name of a connection/],
    ['a name for two protocols', '```smtp a\nC: x\n```\n```pop3 a\nC: x\n```', 10, /already/],
    ['a line after the end, in another block', '```smtp\ncloses\n```\n```smtp\nC: x\n```', 11, /8/],
  ])('is refused with its line: %s', (_, body, line, sentence) => {
    expect(() => parse(body)).toThrow(new RegExp(`^a\\.md:${line}: .*${sentence.source}`));
  });
});

describe('the parser', () => {
  /** Lines that come close to scenarios, in any order, and lines that come from nowhere. */
  const line = fc.oneof(
    fc.constantFrom(
      ...['---', '```smtp', '```mailbox bob', '```mailbox * nothing', '```', '````', '- ```smtp'],
      ...[...HEAD, 'needs: *a', 'needs: &a [*a]', 'title: !x y', '<<: {a: b}', '? [a]', 'rfc: {'],
      ...['C: {token}', 'C raw: \\', 'S: 250', 'S: 250-A', 'S: 250 /(/', 'S: 250 /(?<a>.)/'],
      ...['```pop3', '```pop3 bob@example.com', '```mail bob@example.com', '```mail bob raw'],
      ...['S: +OK', 'S: -ERR', 'S: +OK {a}', 'S: …', 'S: .', 'S: ..', 'S: /(?<a>.)/', 'S raw: \\'],
      ...['octets 3', 'octets {a}', 'C: USER {user.bob}', 'S: +OK 1 {token}', '.', '..', '\\x2E'],
      ...['C: {a}', 'C: {"a" * 3}', 'C: {n}', 'repeat 3', 'end', 'closes', 'leaves', 'silence', ''],
    ),
    fc.string(),
    fc.string({ unit: 'binary' }),
  );
  const lines = fc.array(line, { maxLength: 30 }).map((all) => all.join('\n'));

  function parsesOrRefuses(whole: string): void {
    try {
      parseScenario(whole, 'a.md', 'v1/a');
    } catch (error) {
      expect(error).toBeInstanceOf(ScenarioError);
      expect((error as ScenarioError).line).toBeGreaterThanOrEqual(1);
      expect((error as ScenarioError).line).toBeLessThanOrEqual(whole.split(/\r\n?|\n/).length);
    }
  }

  it('refuses what it cannot read by a ScenarioError with a line of the file, and nothing else', () => {
    fc.assert(fc.property(lines, parsesOrRefuses), { numRuns: 500 });
    fc.assert(
      fc.property(lines, (head) => parsesOrRefuses(`---\n${head}\n---\n`)),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(lines, (body) => parsesOrRefuses(scenarioText(body))),
      { numRuns: 1000 },
    );
  });
});
