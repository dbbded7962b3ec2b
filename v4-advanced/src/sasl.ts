/**
 * Understand who logs in: the two mechanisms of SASL that every mail program knows, for SMTP (RFC 4954)
 * and POP3 (RFC 5034) alike. Both send the password as it is, in base64, which hides nothing: they are
 * offered under TLS only.
 *
 *     PLAIN   one answer: authorization identity NUL name NUL password (RFC 4616)
 *     LOGIN   two answers: the name, then the password (never standardised, and in use everywhere)
 */

export const mechanisms = ['PLAIN', 'LOGIN'] as const;
export type Mechanism = (typeof mechanisms)[number];

export interface Credentials {
  /** On whose behalf; empty: the one who logs in. */
  authorization: string;
  name: string;
  password: string;
}

/** What comes of an answer: another question (in base64), or all that was to be said. */
export type Step =
  | { type: 'challenge'; text: string }
  | { type: 'credentials'; credentials: Credentials }
  /** It is no base64, or no text, or not of the form of the mechanism. */
  | { type: 'malformed' };

const MALFORMED: Step = { type: 'malformed' };

/** One login, question by question. */
export class Exchange {
  private readonly mechanism: Mechanism;
  private name: string | undefined;

  constructor(mechanism: Mechanism) {
    this.mechanism = mechanism;
  }

  /** The first question. A client that does not wait for it gives its answer along with AUTH. */
  start(): Step {
    // RFC 4616: PLAIN asks nothing. LOGIN's questions must be these: clients compare.
    return challenge(this.mechanism === 'PLAIN' ? '' : 'Username:');
  }

  /** The next step, now that the client has answered. @param answer in base64 */
  answer(answer: string): Step {
    const text = fromBase64(answer);
    if (text === undefined) return MALFORMED;
    if (this.mechanism === 'PLAIN') return plain(text);
    if (text.includes('\0')) return MALFORMED;
    if (this.name === undefined) {
      this.name = text;
      return challenge('Password:');
    }
    return credentials('', this.name, text);
  }
}

function plain(text: string): Step {
  const [authorization, name, password, ...more] = text.split('\0');
  if (name === undefined || password === undefined || more.length > 0) return MALFORMED;
  return credentials(authorization!, name, password);
}

function credentials(authorization: string, name: string, password: string): Step {
  if (name === '' || password === '') return MALFORMED;
  return { type: 'credentials', credentials: { authorization, name, password } };
}

function challenge(text: string): Step {
  return { type: 'challenge', text: btoa(text) };
}

/** Text in UTF-8, in base64; `=` alone is the empty text (RFC 4954 §4). `undefined`: it is none. */
function fromBase64(base64: string): string | undefined {
  if (base64 === '=') return '';
  // `atob` forgives blanks and missing `=`; RFC 4648 does not, and neither must a server.
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) {
    return undefined;
  }
  const octets = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined;
  }
}
