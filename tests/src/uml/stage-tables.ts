/** The command tables of the stages, as far as a state diagram needs them. */
import * as v1 from '../../../v1-smtp/src/commands.ts';
import * as v2 from '../../../v2-helo/src/commands.ts';
import { strictProtocol } from '../../../v2-helo/src/strict.ts';
import * as pop3 from '../../../v3-pop3/src/pop3/commands.ts';
import { protocol as v4 } from '../../../v4-advanced/src/commands.ts';
import * as securePop3 from '../../../v4-advanced/src/pop3/commands.ts';
import type { Stage } from '../notation/model.ts';
import type { StateRow, StateTable } from './states.ts';

export interface StageTable extends StateTable {
  stage: Stage;
  /** `states` for the plain server, `states-<variant>` for another, `states-pop3` for another protocol. */
  slug: string;
}

type Commands = ReadonlyMap<string, Omit<StateRow, 'event'>>;

/** In POP3 a command leads from each state to one of its own. */
interface Moves {
  moves: Partial<Record<string, string>>;
  /** The state that follows if it fails. */
  otherwise?: string;
}

/** RFC 3207 §4.2, RFC 2595 §4: nothing that was said before counts any more. */
const HANDSHAKE = 'the handshake of TLS\n(all is forgotten)';

/** In the order of the stages; a stage's plain server first. SMTP in stage 3 is that of stage 2. */
export function stageTables(): StageTable[] {
  return [
    {
      stage: 'v1',
      slug: 'states',
      title: 'The states of a session, stage 1',
      initial: 'ready',
      final: 'closed',
      rows: rows(v1.commands, v1.endOfText),
    },
    {
      stage: 'v2',
      slug: 'states',
      title: 'The states of a session, stage 2',
      initial: v2.protocol.start,
      final: 'closed',
      rows: rows(v2.protocol.commands, v2.protocol.endOfText),
    },
    {
      stage: 'v2',
      slug: 'states-strict',
      title: 'The states of a session in the strict order, stage 2',
      initial: strictProtocol.start,
      final: 'closed',
      rows: [
        ...rows(strictProtocol.commands, strictProtocol.endOfText),
        // A 550 goes back to where MAIL came from; the session does that, not the table.
        { event: 'RCPT refused\n(no message sent)', allowed: ['mail'], next: 'ready' },
        { event: 'RCPT refused\n(message sent)', allowed: ['mail'], next: 'sent' },
      ],
    },
    {
      stage: 'v3',
      slug: 'states-pop3',
      title: 'The states of a POP3 session, stage 3',
      initial: pop3.start,
      final: 'closed',
      rows: [
        ...moveRows(pop3.commands),
        ...movesOf('what was marked is deleted', pop3.endOfUpdate),
      ],
    },
    {
      stage: 'v4',
      slug: 'states',
      title: 'The states of a session, stage 4',
      initial: v4.start,
      final: 'closed',
      rows: [
        ...commandRows(v4.commands),
        ...v4.endOfText.allowed.map((from): StateRow => {
          const event = from === 'chunks' ? 'the last chunk' : LONE_DOT;
          return { event, allowed: [from], next: v4.endOfText.next };
        }),
        { event: 'the login is over', ...v4.endOfLogin },
        { event: HANDSHAKE, allowed: ['tls'], next: v4.start },
      ],
    },
    {
      stage: 'v4',
      slug: 'states-pop3',
      title: 'The states of a POP3 session, stage 4',
      initial: securePop3.start,
      final: 'closed',
      rows: [
        ...moveRows(securePop3.commands),
        ...movesOf('the login', securePop3.endOfLogin),
        ...movesOf('what was marked is deleted', securePop3.endOfUpdate),
        { event: HANDSHAKE, allowed: ['tls'], next: securePop3.start },
      ],
    },
  ];
}

function moveRows(commands: ReadonlyMap<string, Moves>): StateRow[] {
  return [...commands].flatMap(([verb, moves]) => movesOf(verb, moves));
}

/** A row for each state that the command is allowed in, and for where it leads if it is refused. */
function movesOf(event: string, { moves, otherwise }: Moves): StateRow[] {
  const states = Object.entries(moves);
  const refused = otherwise === undefined ? [] : states;
  return [
    ...states.map(([from, to]) => ({ event, allowed: [from], next: to! })),
    ...refused.map(([from]) => ({ event: `${event} refused`, allowed: [from], next: otherwise! })),
  ];
}

const LONE_DOT = 'a lone dot';

function rows(commands: Commands, endOfText: Omit<StateRow, 'event'>): StateRow[] {
  return [...commandRows(commands), { event: LONE_DOT, ...endOfText }];
}

function commandRows(commands: Commands): StateRow[] {
  return [...commands].map(([event, { allowed, next }]) => ({ event, allowed, next }));
}
