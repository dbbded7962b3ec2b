/**
 * What students meet of POP3, in English. Same style as `en.ts`, of which these sentences are a part.
 */
export const enPop3 = {
  // The connection
  nobodyAcceptsPop3: 'Nobody accepts a connection on the POP3 port of the server.',
  nobodyAcceptsPop3Untold:
    'Nobody accepts a connection on the POP3 port. The manifest says how the server is told of that port ({placeholder} in its command line), or which port it has: {ports}.',
  noGreetingPop3:
    'The server accepted the connection on its POP3 port, but sent no greeting within {seconds} s. In POP3 the server speaks first.',
  staysOpenAfterQuitPop3:
    'The server answered QUIT, but left the connection open. After its reply to QUIT the server closes it.',
  notServedAfterPop3:
    'After this a new POP3 connection gets no greeting within {seconds} s. What one client does must not stop the server for others.',

  // Replies that are not well formed
  replyLfOnlyPop3:
    'In the reply to {command} a line ends in LF alone (\\n). In POP3 every line ends in CR LF (\\r\\n).',
  replyMalformedPop3:
    'The server answered {command} with {got}. In POP3 a reply begins with +OK or -ERR, in capitals; a blank parts it from its text.',
  replyNoLoneDot:
    'The reply to {command} never ends: the last line that came is {got}. Lines that follow +OK end with a line that is a lone dot.',
  replyNoLines:
    'The server answered {command} with {got}, and nothing followed. Behind this +OK come lines, and the last of them is a lone dot.',
  closedInReply:
    'The server closed the connection before its reply to {command} was complete: the last line that came is {got}. Lines that follow +OK end with a line that is a lone dot.',
  replyDotInLine:
    'The reply to {command} never ends: the dot should be a line of its own, but it stands at the end of {got}.',
  replyLastLineNoEnd:
    'The last line of the reply to {command} is {got}, and it has no end. Every line ends in CR LF (\\r\\n).',

  // Lines too many
  linesAfterReply: 'The reply to {command} is one line, but after {first} the server sent {got}.',
  linesAfterErr:
    'After {first} for {command} the server sent {got}. Behind -ERR no line follows, not even a dot.',
  linesAfterDot:
    'After the lone dot that ends the reply to {command} the server sent {got}. What a client asks next is answered only when it asks.',

  // The lines of a reply
  contentChanged:
    'The reply to {command} is not what it should be: instead of {expected} came {got}.',
  contentDotMissing:
    'In the reply to {command} instead of {expected} came {got}: a dot is missing. Before each line of the text that begins with a dot the server puts one more, and the client takes it away again.',
  contentDotEnds:
    'The reply to {command} ends in the middle of the text: a line of it that is a lone dot was sent as it is. Before each line that begins with a dot the server puts one more.',
  contentDotTooMany:
    'In the reply to {command} instead of {expected} came {got}, with a dot too many. Before a line of the text that begins with a dot the server puts one more, and no others.',
  contentEnds: 'The reply to {command} ends too early: {expected} is missing.',
  contentMissing: 'The reply to {command} is without one of its lines: {expected}.',
  contentTooMany: 'The reply to {command} has a line too many: {got}.',
  contentEndsDoubled:
    'In the reply to {command} every line end came twice. A line ends in one CR LF.',
  contentEndsLost:
    'In the reply to {command} the line ends are lost: {expected} runs together with the next line.',
  contentNone:
    'The reply to {command} holds another text: {expected} is not in it, and its last line is {got}.',

  // Sizes
  octetsWrong:
    'The text that came for {command} should have {announced} octets, but it has {octets}.',
  octetsDiffer:
    'The server said {announced} octets, but the text that came for {command} has {octets}. What counts is the text as the client gets it: every line with its CR LF.',
  octetsLineEnds:
    'The server said {announced} octets, but the text that came for {command} has {octets}: for each of its {lines} lines one octet was not counted. A line ends in CR LF, and these are two.',
  octetsCharacters:
    'The server said {announced} octets, but the text that came for {command} has {octets}: it has {announced} characters. In UTF-8 a letter such as é is more than one octet.',
  octetsStuffing:
    'The server said {announced} octets, but the text that came for {command} has {octets}: the dots that were put before {lines} of its lines were counted too. The client takes them away again, so they are no part of the text.',
  octetsLoneDot:
    'The server said {announced} octets, but the text that came for {command} has {octets}: the lone dot was counted too, with its CR LF. It is the end of the reply and no part of the text.',
} as const;
