/** Small scenarios for the tests of the notation. */
import { parseScenario } from '../../src/notation/parse-scenario.ts';
import type { DialogueBlock, MailboxBlock, Scenario, Step } from '../../src/notation/model.ts';

export const HEAD = ['title: A message arrives', 'step: 10', 'points: 1', 'kind: core'];

/** A scenario's text: line 1 is the fence of the head, the body begins behind its last line. */
export function scenarioText(body: string, head: string[] = HEAD): string {
  return ['---', ...head, '---', body].join('\n');
}

export function parse(body: string, head: string[] = HEAD): Scenario {
  return parseScenario(scenarioText(body, head), 'a.md', 'v1/a');
}

/** A scenario whose one dialogue holds these lines; the first is line 8 of the file. */
export function dialogue(lines: string[], head: string[] = HEAD): Step[] {
  const { blocks } = parse(['```smtp', ...lines, '```'].join('\n'), head);
  return (blocks[0] as DialogueBlock).steps;
}

/** A scenario whose one dialogue is in POP3 and holds these lines; the first is line 8 of the file. */
export function pop3(lines: string[], words = '', head: string[] = HEAD): Step[] {
  const { blocks } = parse([`\`\`\`pop3 ${words}`, ...lines, '```'].join('\n'), head);
  return (blocks[0] as DialogueBlock).steps;
}

/** A scenario whose one block is this message; its fence is line 7 of the file. */
export function mail(lines: string[], words = 'bob@example.com'): DialogueBlock {
  const { blocks } = parse([`\`\`\`mail ${words}`, ...lines, '```'].join('\n'));
  return blocks[0] as DialogueBlock;
}

/** A scenario whose second block is this mailbox; its fence is line 10 of the file. */
export function mailbox(fence: string, lines: string[] = []): MailboxBlock {
  const body = ['```smtp', 'C: {token} {token.2}', '```', `\`\`\`${fence}`, ...lines, '```'];
  return parse(body.join('\n')).blocks[1] as MailboxBlock;
}

export function text(octets: Uint8Array): string {
  return Buffer.from(octets).toString('utf8');
}
