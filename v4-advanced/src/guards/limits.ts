/**
 * Second reading: how much a client may ask for. A server without limits is at the mercy of the first
 * client that has none. Each limit is an option of the command line.
 */

export interface Limits {
  commandLine: number;
  textLine: number;
  message: number;
  recipients: number;
  badCommands: number;
  wrongPasswords: number;
  connections: number;
  connectionsPerAddress: number;
  commandSeconds: number;
  textSeconds: number;
  messageSeconds: number;
  pop3Seconds: number;
  handshakeSeconds: number;
  loginDelay: number;
}

/** The option that sets each limit, its default, and what it limits. */
export const limitOptions: Record<keyof Limits, { option: string; value: number; about: string }> =
  {
    commandLine: { option: 'max-command-line', value: 2048, about: 'octets of a command line' },
    textLine: { option: 'max-text-line', value: 8192, about: 'octets of a line of text' },
    message: { option: 'max-message', value: 32 * 1024 * 1024, about: 'octets of a message' },
    recipients: { option: 'max-recipients', value: 1000, about: 'recipients of a message' },
    badCommands: { option: 'max-bad-commands', value: 20, about: 'bad commands of a session' },
    wrongPasswords: { option: 'max-wrong-passwords', value: 5, about: 'wrong logins of a session' },
    connections: { option: 'max-connections', value: 1000, about: 'connections at once' },
    connectionsPerAddress: {
      option: 'max-connections-per-address',
      value: 50,
      about: 'of them from one address',
    },
    // RFC 5321 §4.5.3.2: 5 minutes for a command, 3 for a piece of text. Both can be stretched for
    // ever by a client that sends an octet now and then, so a message has a deadline as a whole.
    commandSeconds: { option: 'command-timeout', value: 300, about: 'seconds to send a command' },
    // A client that reads has the same time to take a message (POP3) as one that sends it.
    textSeconds: { option: 'text-timeout', value: 180, about: 'seconds between pieces of text' },
    messageSeconds: { option: 'message-timeout', value: 1800, about: 'seconds to send a message' },
    // RFC 1939 §3: at least ten minutes.
    pop3Seconds: { option: 'pop3-timeout', value: 600, about: 'seconds between POP3 commands' },
    handshakeSeconds: { option: 'tls-timeout', value: 30, about: 'seconds for a TLS handshake' },
    // Times the wrong passwords that came from one address of late, so that guessing takes long.
    loginDelay: { option: 'login-delay', value: 250, about: 'ms to wait after a wrong password' },
  };

export const defaultLimits = Object.fromEntries(
  Object.entries(limitOptions).map(([name, { value }]) => [name, value]),
) as unknown as Limits;
