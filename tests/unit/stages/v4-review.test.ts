/** Faults that a review of stage 4 found, each with a test, so that it does not come back. */
import { describe, expect, it } from 'vitest';
import { latin1, pop3Session, smtpSession } from './v4-sessions.ts';

describe('A line of a login as long as the operator allows', () => {
  // A call with an argument for each octet overflows the stack, and the server ends.
  const limits = { commandLine: 1_000_000 };
  const answer = latin1(`${'A'.repeat(900_000)}!\r\n`);

  it('is an answer like any other, in SMTP', () => {
    const session = smtpSession({ limits, isSecure: true });
    session.receive(latin1('EHLO x\r\nAUTH PLAIN\r\n'), 0);
    expect(session.receive(answer, 0)).toEqual([
      { type: 'send', text: expect.stringMatching(/^501 5\.5\.2 /) },
    ]);
  });

  it('is an answer like any other, in POP3', () => {
    const session = pop3Session({ limits });
    session.receive(latin1('AUTH PLAIN\r\n'), 0);
    expect(session.receive(answer, 0)).toEqual([
      { type: 'send', text: expect.stringMatching(/^-ERR /) },
    ]);
  });
});
