import { describe, expect, it } from 'vitest';
import { stageTables } from '../../src/uml/stage-tables.ts';
import { stateDiagram } from '../../src/uml/states.ts';

describe('a state diagram', () => {
  it('shows what the table allows, ends first, then ways back, then ways on', () => {
    const diagram = stateDiagram({
      title: 'States',
      initial: 'ready',
      final: 'closed',
      rows: [
        { event: 'MAIL', allowed: ['ready'], next: 'mail' },
        { event: 'RSET', allowed: ['ready', 'mail'], next: 'ready' },
        { event: 'NOOP', allowed: ['ready', 'mail'], next: 'same' },
        { event: 'QUIT', allowed: ['ready', 'mail'], next: 'closed' },
        { event: 'LOST', allowed: ['nowhere'], next: 'ready' },
      ],
    });
    expect(diagram).toMatchInlineSnapshot(`
      "stateDiagram-v2
          accTitle: States
          accDescr: A session begins in state ready. In state ready, MAIL leads to mail, RSET or NOOP changes nothing, QUIT ends the session. In state mail, RSET leads to ready, NOOP changes nothing, QUIT ends the session.
          state "ready" as ready
          ready: RSET, NOOP
          state "mail" as mail
          mail: NOOP
          [*] --> ready: the client connects
          ready --> [*]: QUIT
          mail --> [*]: QUIT
          mail --> ready: RSET
          ready --> mail: MAIL
      "
    `);
  });

  it.each(stageTables().map((table) => [`${table.stage}/${table.slug}`, table] as const))(
    'has every command of the table: %s',
    (_, table) => {
      const diagram = stateDiagram(table);
      for (const { event } of table.rows) expect(diagram).toContain(event.replace('\n', '<br/>'));
    },
  );
});
