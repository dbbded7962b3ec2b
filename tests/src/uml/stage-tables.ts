/** The command tables of the stages, as far as a state diagram needs them. */
import * as v1 from '../../../v1-smtp/src/commands.ts';
import * as v2 from '../../../v2-helo/src/commands.ts';
import { strictProtocol } from '../../../v2-helo/src/strict.ts';
import * as pop3 from '../../../v3-pop3/src/pop3/commands.ts';
import type { Stage } from '../notation/model.ts';
import type { StateRow, StateTable } from './states.ts';

export interface StageTable extends StateTable {
  stage: Stage;
  /** `states` for the plain server, `states-<variant>` for another, `states-pop3` for another protocol. */
  slug: string;
}

type Commands = ReadonlyMap<string, Omit<StateRow, 'event'>>;

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
        ...[...pop3.commands].flatMap(([verb, { moves, otherwise }]) => [
          ...moveRows(verb, moves),
          ...Object.keys(otherwise === undefined ? {} : moves).map((from): StateRow => {
            return { event: `${verb} refused`, allowed: [from], next: otherwise! };
          }),
        ]),
        ...moveRows('what was marked is deleted', pop3.endOfUpdate.moves),
      ],
    },
  ];
}

/** A row for each state that the command is allowed in. */
function moveRows(event: string, moves: pop3.Command['moves']): StateRow[] {
  return Object.entries(moves).map(([from, to]) => ({ event, allowed: [from], next: to }));
}

function rows(commands: Commands, endOfText: Omit<StateRow, 'event'>): StateRow[] {
  const ofCommands = [...commands].map(([event, { allowed, next }]) => ({ event, allowed, next }));
  return [...ofCommands, { event: 'a lone dot', ...endOfText }];
}
