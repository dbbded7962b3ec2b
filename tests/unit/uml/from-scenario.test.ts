import { describe, expect, it } from 'vitest';
import type { MailboxBlock, Scenario } from '../../src/notation/model.ts';
import type { PlayedStep } from '../../src/player/model.ts';
import { dialogueOf } from '../../src/uml/from-scenario.ts';

function scenario(blocks: Partial<MailboxBlock>[], variant?: string): Scenario {
  return {
    id: 'v1/x',
    stage: 'v1',
    file: 'x.md',
    title: 'A title',
    step: 1,
    points: 1,
    kind: 'core',
    rfc: undefined,
    hint: undefined,
    needs: [],
    until: undefined,
    diagram: true,
    variant,
    opening: 'stage',
    delivery: 'line',
    lineEnds: 'forgiven',
    hostile: false,
    fresh: false,
    login: undefined,
    prose: '',
    blocks: blocks.map((block) => ({
      type: 'mailbox',
      address: 'bob@example.com',
      token: 'token',
      nothing: false,
      lines: [],
      line: 1,
      ...block,
    })),
  };
}

/** Steps from `alice C TEXT`. */
function played(...lines: string[]): PlayedStep[] {
  return lines.map((line) => {
    const [connection, from, ...words] = line.split(' ');
    return { connection: connection!, from: from as 'C', text: words.join(' '), ok: true };
  });
}

const message = ['smtp C Subject: {token}', 'smtp C .', 'smtp S 250 OK'];

describe('the dialogue of a played scenario', () => {
  it('names the participants: one client plainly, several by their connections', () => {
    const one = dialogueOf(scenario([]), played('smtp S 220 ready'));
    expect(one.participants.map(({ label }) => label)).toEqual(['Client', 'Server v1']);
    const two = dialogueOf(scenario([], 'strict'), played('a S 220 x', 'b S 220 x'));
    expect(two.participants.map(({ label }) => label)).toEqual([
      'Client a',
      'Client b',
      'Server v1\n(strict)',
    ]);
  });

  it('puts the message into its mailboxes before the 250 that promises it', () => {
    const blocks = [{}, { address: 'carol@example.com', lines: [Buffer.from('{token}\t\xe9')] }];
    const { events } = dialogueOf(scenario(blocks), played(...message));
    expect(events.slice(2)).toEqual([
      { type: 'store', from: 'server', to: 'mailbox bob@example.com', lines: [] },
      { type: 'store', from: 'server', to: 'mailbox carol@example.com', lines: ['Hello\\té'] },
      { type: 'line', from: 'server', to: 'smtp', text: '250 OK' },
    ]);
  });

  it('stores nothing before a reply that refuses', () => {
    const { events } = dialogueOf(
      scenario([{}]),
      played('smtp C {token}', 'smtp C .', 'smtp S 554 no', ...message),
    );
    expect(events.map(({ type }) => type)).toEqual([
      'line',
      'line',
      'line',
      'line',
      'line',
      'store',
      'line',
    ]);
  });

  it('shows the word of the player as one that reads well', () => {
    const { events } = dialogueOf(scenario([]), played('smtp C {token} {token.2} {other}'));
    expect(events).toEqual([
      { type: 'line', from: 'smtp', to: 'server', text: 'Hello Hello2 {other}' },
    ]);
  });

  it('says at the end what did not arrive', () => {
    const blocks = [{ nothing: true }, { address: undefined, nothing: true, token: 'token.2' }];
    const { events } = dialogueOf(scenario(blocks), played('smtp - leaves'));
    expect(events).toEqual([
      { type: 'remark', over: ['smtp', 'server'], text: 'the client drops the connection' },
      {
        type: 'remark',
        over: ['mailbox bob@example.com'],
        text: 'no message "Hello" arrives for bob@example.com',
      },
      { type: 'remark', over: ['server'], text: 'no message "Hello2" is stored' },
    ]);
  });

  it.each([
    ['connects', 'the client connects', 'client b connects'],
    ['closes', 'the server closes the connection', 'the server closes the connection of client b'],
    ['leaves', 'the client drops the connection', 'client b drops the connection'],
    ['silence', 'the server says nothing to the client', 'the server says nothing to client b'],
  ])('says what happens without words: %s', (remark, alone, named) => {
    const one = dialogueOf(scenario([]), played(`smtp - ${remark}`));
    expect(one.events).toMatchObject([{ type: 'remark', text: alone }]);
    const two = dialogueOf(scenario([]), played('a S 220 x', `b - ${remark}`));
    expect(two.events[1]).toMatchObject({ type: 'remark', text: named });
  });

  it('shows octets that are no text as escapes', () => {
    const { events } = dialogueOf(scenario([{ lines: [Uint8Array.of(0xe9)] }]), played(...message));
    expect(events[2]).toMatchObject({ type: 'store', lines: ['\\xE9'] });
  });
});

describe('the dialogue of a scenario that reads what was sent', () => {
  const line = { type: 'dialogue' as const, steps: [], line: 1 };
  const road: Scenario = {
    ...scenario([{}]),
    blocks: [
      { ...line, protocol: 'smtp', port: 'smtp', connection: 'alice' },
      { ...line, protocol: 'pop3', port: 'pop3', connection: 'bob', login: 'bob@example.com' },
      ...scenario([{}]).blocks,
    ],
  };

  it('says what each client speaks', () => {
    const { participants } = dialogueOf(road, played('alice S 220 x', 'bob S +OK x'));
    expect(participants.map(({ label }) => label)).toEqual([
      'Client alice\n(SMTP)',
      'Server v1',
      'Client bob\n(POP3)',
      'Mailbox of\nbob@example.com',
    ]);
  });

  it('reads the message from its mailbox before it is sent, and makes its date neutral', () => {
    const steps = played(
      'bob C RETR 1',
      'bob S +OK 80 octets',
      'bob S for <bob@example.com>; Sat, 21 Nov 2026 10:11:12 +0000',
      'bob S .',
    );
    const { events } = dialogueOf(road, steps);
    expect(events.slice(1, 4)).toEqual([
      {
        type: 'act',
        from: 'mailbox bob@example.com',
        to: 'server',
        text: 'message 1',
        told: 'Server reads message 1 from the mailbox of bob@example.com',
      },
      { type: 'line', from: 'server', to: 'bob', text: '+OK 80 octets' },
      {
        type: 'line',
        from: 'server',
        to: 'bob',
        text: 'for <bob@example.com>; Fri, 20 Nov 2026 08:49:40 +0000',
      },
    ]);
  });

  it('counts the names of messages, which are new each time', () => {
    const steps = played(
      'bob C UIDL',
      'bob S +OK 2 messages',
      'bob S 1 1795190609.M551Q000001R2342db61.stagepost',
      'bob S 2 1795190610.M002Q000007R2342db61.stagepost',
      'bob S .',
      'bob C UIDL 1',
      'bob S +OK 1 1795190609.M551Q000001R2342db61.stagepost',
    );
    const { events } = dialogueOf(road, steps);
    const texts = events.flatMap((event) => (event.type === 'line' ? [event.text] : []));
    expect(texts.filter((text) => text.includes('stagepost'))).toEqual([
      '1 1795164580.M123Q000001Re6403606.stagepost',
      '2 1795164580.M123Q000002Re6403606.stagepost',
      '+OK 1 1795164580.M123Q000001Re6403606.stagepost',
    ]);
  });

  it('reads nothing for a reply that refuses', () => {
    const { events } = dialogueOf(road, played('bob C RETR 2', 'bob S -ERR no such message'));
    expect(events.some(({ type }) => type === 'act')).toBe(false);
  });

  it('deletes at QUIT what DELE has marked and RSET has not taken back', () => {
    const session = (...lines: string[]) =>
      dialogueOf(road, played(...lines.map((line) => `bob ${line}`))).events.flatMap((event) =>
        event.type === 'act' ? event.text : event.type === 'line' ? event.text.slice(0, 4) : [],
      );
    expect(
      session('C DELE 1', 'S +OK', 'C RSET', 'S +OK', 'C DELE 2', 'S +OK', 'C QUIT', 'S +OK'),
    ).toEqual(['DELE', '+OK', 'RSET', '+OK', 'DELE', '+OK', 'QUIT', 'delete message 2', '+OK']);
    expect(session('C DELE 1', 'S -ERR', 'C QUIT', 'S +OK')).toEqual(
      expect.not.arrayContaining(['delete message 1']),
    );
  });

  it('says of the player’s own letter only that it came, and what it says', () => {
    const blocks = road.blocks.map((block) =>
      block.type === 'dialogue' && block.protocol === 'smtp'
        ? { ...block, connection: 'mail', mail: true as const }
        : block,
    );
    const steps = played(
      'mail - connects',
      'mail C RCPT TO:<bob@example.com>',
      'mail S 250 OK',
      'mail C DATA',
      'mail S 354 go on',
      'mail C Subject: {token}',
      'mail C ..dot',
      'mail C .',
      'mail S 250 OK',
      'bob - connects',
    );
    const drawn = dialogueOf({ ...road, blocks: blocks.slice(0, 2) }, steps);
    expect(drawn.participants.map(({ label }) => label)).toEqual([
      'Client',
      'Server v1',
      'Mailbox of\nbob@example.com',
    ]);
    expect(drawn.events).toEqual([
      { type: 'remark', over: ['server'], text: 'a message comes by SMTP' },
      {
        type: 'store',
        from: 'server',
        to: 'mailbox bob@example.com',
        lines: ['Subject: Hello', '.dot'],
      },
      { type: 'remark', over: ['bob', 'server'], text: 'the client connects' },
    ]);
  });

  it('says where TLS begins, over both, and with whom', () => {
    const { events } = dialogueOf(road, played('alice S 220 x', 'bob C STLS', 'bob - tls'));
    expect(events[2]).toEqual({
      type: 'remark',
      over: ['bob', 'server'],
      text: 'TLS begins: all that client bob says and hears is encrypted',
    });
    const alone = dialogueOf(scenario([]), played('smtp - tls', 'smtp - tls fails'));
    expect(alone.events).toMatchObject([
      { text: 'TLS begins: all that follows is encrypted' },
      { text: 'the handshake of TLS fails' },
    ]);
  });

  it('knows the reader by AUTH too, in one line or two', () => {
    const blocks = road.blocks.map((block) => {
      return block.type === 'dialogue' ? { ...block, login: undefined } : block;
    }) as Scenario['blocks'];
    const auth = Buffer.from('\0bob@example.com\0secret').toString('base64');
    for (const login of [[`C AUTH PLAIN ${auth}`], ['C AUTH PLAIN', 'S +', `C ${auth}`]]) {
      const lines = [...login, 'S +OK', 'C RETR 1', 'S +OK'].map((line) => `bob ${line}`);
      const { events } = dialogueOf({ ...road, blocks }, played(...lines));
      expect(events.find(({ type }) => type === 'act')).toMatchObject({
        from: 'mailbox bob@example.com',
      });
    }
  });
});

describe('a message in chunks', () => {
  it('is stored with its last one', () => {
    const chunk = ['smtp C BDAT 9', 'smtp C {token}', 'smtp S 250 OK'];
    const last = ['smtp C BDAT 2 LAST', 'smtp C x', 'smtp S 250 OK'];
    const { events } = dialogueOf(scenario([{}]), played(...chunk, ...last));
    expect(events.map(({ type }) => type)).toEqual([
      ...['line', 'line', 'line', 'line', 'line'],
      'store',
      'line',
    ]);
  });
});
