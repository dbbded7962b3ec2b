import { describe, expect, it } from 'vitest';
import { type DialogueEvent, type Participant, sequenceDiagram } from '../../src/uml/sequence.ts';

const client: Participant = { id: 'smtp', label: 'Client', role: 'client' };
const server: Participant = { id: 'server', label: 'Server', role: 'server' };
const mailbox: Participant = { id: 'bob', label: 'Mailbox of\nbob', role: 'mailbox' };

/** Events from lines `C: …`, `S: …`, `-: …` on one connection. */
function talk(...lines: string[]): DialogueEvent[] {
  return lines.map((line) => {
    const text = line.slice(3);
    if (line.startsWith('-')) return { type: 'remark', over: ['smtp', 'server'], text };
    return line.startsWith('C')
      ? { type: 'line', from: 'smtp', to: 'server', text }
      : { type: 'line', from: 'server', to: 'smtp', text };
  });
}

function draw(events: DialogueEvent[], participants = [client, server]): string {
  return sequenceDiagram({ title: 'A title', participants, events });
}

/** The arrows and remarks of a diagram, without its head. */
function arrows(events: DialogueEvent[], participants = [client, server]): string[] {
  const lines = draw(events, participants).trimEnd().split('\n');
  return lines.map((line) => line.trim()).filter((line) => /^(P\d+(->>|-->>|--x)|Note)/.test(line));
}

function description(events: DialogueEvent[], participants = [client, server]): string {
  return /accDescr: (.*)/.exec(draw(events, participants))![1]!;
}

describe('a sequence diagram', () => {
  it('draws a dialogue with a delivery whole', () => {
    const events = [
      ...talk('-: the client connects', 'S: 220 ready', 'C: DATA', 'S: 354 go'),
      ...talk('C: ..', 'C: .'),
      { type: 'store', from: 'server', to: 'bob', lines: ['.'] } as const,
      ...talk('S: 250 stored', 'C: QUIT', 'S: 221 bye', '-: the server closes the connection'),
    ];
    expect(draw(events, [client, server, mailbox])).toMatchInlineSnapshot(`
      "sequenceDiagram
          accTitle: A title
          accDescr: The client connects. Server says 220 to Client. Client sends DATA (354) and the text of a message (250). Server puts the message into the mailbox of bob. Client sends QUIT (221). The server closes the connection.
          autonumber
          participant P1 as Client
          participant P2 as Server
          participant P3 as Mailbox of<br/>bob
          Note over P1,P2: the client connects
          P2-->>P1: 220 ready
          P1->>P2: DATA
          P2-->>P1: 354 go
          P1->>P2: ..
          P1->>P2: . (a lone dot)
          P2->>P3: .
          P2-->>P1: 250 stored
          P1->>P2: QUIT
          P2-->>P1: 221 bye
          Note over P1,P2: the server closes the connection
      "
    `);
  });

  it('gives the same octets for the same events', () => {
    const events = talk('C: NOOP', 'S: 250 OK');
    expect(draw(events)).toBe(draw(events));
  });

  it.each([
    ['550 Address unknown', 'P2--xP1: 550 Address unknown (refused)'],
    ['452 Too many', 'P2--xP1: 452 Too many (refused for now)'],
    ['421 goodbye', 'P2--xP1: 421 goodbye (the server gives up)'],
    ['-ERR no such message', 'P2--xP1: -ERR no such message (refused)'],
    ['a1 NO not found', 'P2--xP1: a1 NO not found (refused)'],
    ['250 5 messages', 'P2-->>P1: 250 5 messages'],
    ['+OK 500 octets', 'P2-->>P1: +OK 500 octets'],
  ])('marks what %j says by the arrow and in a word', (reply, arrow) => {
    expect(arrows(talk('C: x', `S: ${reply}`))[1]).toBe(arrow);
  });

  it('draws a reply of several lines as one arrow, and two replies as two', () => {
    const drawn = arrows(talk('C: EHLO a', 'S: 250-here', 'S: 250 HELP', 'S: 250 more'));
    expect(drawn).toHaveLength(3);
    expect(drawn[1]).toContain('250-here<br/>250 HELP');
  });

  it('draws what a POP3 server lists as one arrow, and its lone dot as another', () => {
    const drawn = arrows(talk('C: LIST', 'S: +OK', 'S: 1 120', 'S: 250 300', 'S: .', 'C: QUIT'));
    expect(drawn.slice(1, 3)).toEqual([
      expect.stringContaining('<br/>250 300') as string,
      'P2-->>P1: . (a lone dot)',
    ]);
  });

  it('draws pipelined commands as one arrow, and each reply as its own', () => {
    const drawn = arrows(talk('C: MAIL', 'C: RCPT', 'S: 250 a', 'S: 550 b'));
    expect(drawn).toEqual([
      'P1->>P2: MAIL<br/>RCPT\u200b',
      'P2-->>P1: 250 a',
      'P2--xP1: 550 b (refused)',
    ]);
  });

  it('counts exchanges that come again and again instead of drawing them all', () => {
    const many = Array.from({ length: 100 }, (_, n) => [`C: RCPT TO:<b${n}>`, 'S: 250 OK']).flat();
    const drawn = arrows(talk(...many, 'C: DATA', 'S: 354 go'));
    expect(drawn).toHaveLength(9);
    expect(drawn[4]).toBe('Note over P1,P2: 97 more exchanges like these');
    expect(drawn[5]).toBe('P1->>P2: RCPT TO:<b99>');
  });

  it('keeps the words of clients who talk in turns apart', () => {
    const carol: Participant = { id: 'carol', label: 'Client carol', role: 'client' };
    const events: DialogueEvent[] = [
      { type: 'line', from: 'smtp', to: 'server', text: 'one' },
      { type: 'line', from: 'carol', to: 'server', text: 'two' },
      { type: 'line', from: 'smtp', to: 'server', text: 'three' },
    ];
    expect(arrows(events, [client, carol, server])).toEqual([
      'P1->>P3: one',
      'P2->>P3: two',
      'P1->>P3: three',
    ]);
  });

  it('lets nobody speak who does not take part', () => {
    const stranger: DialogueEvent = { type: 'line', from: 'x', to: 'server', text: 'y' };
    expect(() => draw([stranger])).toThrow('"x", who does not take part');
  });
});

describe('the description of a sequence diagram', () => {
  it('takes no line of a text for a command, even if it comes in pieces', () => {
    const carol: Participant = { id: 'carol', label: 'Carol', role: 'client' };
    const events: DialogueEvent[] = [
      ...talk('C: DATA', 'S: 354 go', 'C: QUIT'),
      { type: 'line', from: 'carol', to: 'server', text: 'NOOP' },
      { type: 'line', from: 'server', to: 'carol', text: '250 OK' },
      ...talk('C: RSET', 'C: .', 'S: 250 OK'),
    ];
    expect(description(events, [client, carol, server])).toBe(
      'Client sends DATA (354). Carol sends NOOP (250). Client sends the text of a message (250).',
    );
  });

  it('says so if a text is left unfinished', () => {
    const events = talk('C: DATA', 'S: 354 go', 'C: Subject: x', '-: the client leaves');
    expect(description(events)).toBe(
      'Client sends DATA (354) and a part of a text. The client leaves.',
    );
  });

  it('takes what a login goes on with for no command', () => {
    const smtp = talk('C: AUTH LOGIN', 'S: 334 VXNlcm5hbWU6', 'C: Ym9i', 'S: 334 UGFzc3dvcmQ6');
    const events = [...smtp, ...talk('C: c2VjcmV0', 'S: 235 welcome', 'C: NOOP', 'S: 250 OK')];
    expect(description(events)).toBe(
      'Client sends AUTH (334), the next line of the login (334), the next line of the login (235) and NOOP (250).',
    );
    expect(description(talk('C: AUTH PLAIN', 'S: +', 'C: AGJvYgB4', 'S: +OK'))).toBe(
      'Client sends AUTH (+) and the next line of the login (+OK).',
    );
  });

  it('names no verb where there is none', () => {
    expect(description(talk('C: ', 'S: 500 what'))).toBe(
      'Client sends something that is no command (500).',
    );
  });
});
