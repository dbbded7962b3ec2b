/** The command tables of the stages, as far as a state diagram needs them. */
import * as v1 from '../../../v1-smtp/src/commands.ts';
import * as v2 from '../../../v2-helo/src/commands.ts';
import { strictProtocol } from '../../../v2-helo/src/strict.ts';
import type { Stage } from '../notation/model.ts';
import type { StateRow, StateTable } from './states.ts';

export interface StageTable extends StateTable {
  stage: Stage;
  /** `states` for the plain server, `states-<variant>` for another. */
  slug: string;
}

type Commands = ReadonlyMap<string, Omit<StateRow, 'event'>>;

/** In the order of the stages; a stage's plain server first. */
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
  ];
}

function rows(commands: Commands, endOfText: Omit<StateRow, 'event'>): StateRow[] {
  const ofCommands = [...commands].map(([event, { allowed, next }]) => ({ event, allowed, next }));
  return [...ofCommands, { event: 'a lone dot', ...endOfText }];
}
