/** What the load sends: messages of the size that is named, and conversations in the order of the RFC. */
import { describe, expect, it } from 'vitest';
import { conversation, type Speaker, type Step } from '../../bench/conversation.ts';
import { messageText, recipientOf, storedText, workloads } from '../../bench/workloads.ts';

const keptOpen = workloads[0]!;

describe('a message to measure with', () => {
  it.each([100, 1024, 1025, 1095, 1096, 102_400])('is %i octets long, to the octet', (octets) => {
    const text = messageText(octets);
    expect(text.endsWith('\r\n.\r\n')).toBe(true);
    expect(text.length - '.\r\n'.length).toBe(octets);
  });

  it('has no line that is longer than a mail server must take', () => {
    for (const octets of [1024, 1090, 102_400]) {
      for (const line of messageText(octets).split('\r\n')) {
        expect(line.length).toBeLessThanOrEqual(998);
      }
    }
  });

  it('is stored without its CRs', () => {
    const stored = messageText(keptOpen.octets).slice(0, -'.\r\n'.length).replaceAll('\r\n', '\n');
    expect(storedText(keptOpen)).toBe(stored.length);
  });
});

describe('recipients', () => {
  it.each(workloads.filter(({ recipients }) => recipients > 1))(
    'of two clients are never the same ($id)',
    (workload) => {
      const clientOf = new Map<string, number>();
      for (let nth = 0; nth < workload.recipients; nth += 1) {
        for (let client = 0; client < workload.connections; client += 1) {
          const recipient = recipientOf(workload, client, nth);
          expect(clientOf.get(recipient) ?? client).toBe(client);
          clientOf.set(recipient, client);
        }
      }
      expect(clientOf.size).toBe(workload.recipients);
    },
  );

  it('are one and the same where that is measured', () => {
    const workload = workloads.find(({ id }) => id === 'one-recipient')!;
    expect(recipientOf(workload, 3, 14)).toBe(recipientOf(workload, 0, 0));
  });
});

describe('a conversation', () => {
  it('waits for the reply to each command', () => {
    expect(said({ messages: 1 })).toEqual([
      '',
      'HELO bench.example.com',
      'MAIL FROM:<alice@example.com>',
      'RCPT TO:<user0@example.com>',
      'DATA',
      'text',
      'QUIT',
    ]);
  });

  it('says no HELO to a server that has none', () => {
    expect(said({ messages: 1, hello: false })[1]).toBe('MAIL FROM:<alice@example.com>');
  });

  it('ends after one message where that is measured', () => {
    const workload = { ...keptOpen, perConnection: 1 };
    expect(said({ messages: 5, workload }).filter((line) => line === 'text')).toHaveLength(1);
  });

  it('sends the next envelope behind a text, if it pipelines, and DATA at the end of a group', () => {
    const workload = { ...keptOpen, pipelined: true };
    expect(said({ messages: 2, workload, hello: false })).toEqual([
      '',
      'MAIL FROM:<alice@example.com>|RCPT TO:<user0@example.com>|DATA',
      'text|MAIL FROM:<alice@example.com>|RCPT TO:<user10@example.com>|DATA',
      'text',
      'QUIT',
    ]);
  });

  it.each([true, false])('counts each message once (pipelined: %s)', (pipelined) => {
    const steps = stepsOf({ messages: 3, workload: { ...keptOpen, pipelined } });
    expect(
      steps.flatMap(({ replies }) => replies).filter((reply) => reply === 'stored'),
    ).toHaveLength(3);
  });

  it.each([true, false])(
    'says only QUIT when it is to end at once (pipelined: %s)',
    (pipelined) => {
      const speaker = { messages: 0, hello: false, workload: { ...keptOpen, pipelined } };
      expect(said(speaker)).toEqual(['', 'QUIT']);
    },
  );
});

function stepsOf(speaker: Partial<Speaker> & { messages: number }): Step[] {
  let left = speaker.messages;
  const goOn = (): boolean => (left -= 1) >= 0;
  return [
    ...conversation({ workload: keptOpen, hello: true, client: 0, already: 0, goOn, ...speaker }),
  ];
}

/** The lines of each step, with a word for the text of a message. */
function said(speaker: Partial<Speaker> & { messages: number }): string[] {
  const text = messageText((speaker.workload ?? keptOpen).octets);
  return stepsOf(speaker).map(({ send }) =>
    send.replace(text, 'text\r\n').replace(/\r\n$/, '').replaceAll('\r\n', '|'),
  );
}
