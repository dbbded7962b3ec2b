/**
 * What students meet of TLS, logins and the ports of stage 4, in English. Same style as `en.ts`, of
 * which these sentences are a part.
 */
export const enTls = {
  theHandshake: 'the handshake of TLS',

  // The connection
  nobodyAcceptsPort: 'Nobody accepts a connection on the port for {port} of the server.',
  nobodyAcceptsPortUntold:
    'Nobody accepts a connection for {port}: the manifest names no port for it. It says how the server is told of that port ({placeholder} in its command line), or which port it has: {ports}.',
  notServedAfterPort:
    'After this a new connection on the port for {port} gets no greeting within {seconds} s. What one client does must not stop the server for others.',

  // The handshake
  tlsInClear:
    'Here the handshake of TLS begins, but the server went on in plain text: {got}. After {first} it says nothing more in clear, and what has come with the command is forgotten.',
  tlsInClearAtOnce:
    'On the port for {port} TLS begins with the first octet, but the server spoke in plain text: {got}.',
  tlsClosed:
    'The server closed the connection during the handshake of TLS. What does its log say of it?',
  tlsRefused: 'The handshake of TLS failed: {reason}.',
  tlsSilence:
    'The server did not answer the handshake of TLS within {seconds} s. What comes from here on is no text: it belongs to the TLS library.',
  tlsSucceeded: 'The handshake of TLS must not succeed here, but it did.',
  extraReplyInTls:
    'After the handshake of TLS the server said {got}, although nothing had been asked there. What came in clear before the handshake is forgotten, and gets no reply.',
  stlsRefused:
    'The server answered STLS with {got}, and the manifest names no port for pop3s. From stage 4 on the check sends passwords through TLS alone.',

  // Replies
  unwantedLine: 'The reply to {command} must have no line {line} here, but it has: {got}.',

  // What happens on a connection beside lines
  remarkTls: 'TLS begins: all that follows is encrypted',
  remarkTlsFails: 'the handshake of TLS fails',
} as const;
