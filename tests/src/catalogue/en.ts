/**
 * Every sentence that a student meets, in English. Words in braces are filled in by `say`.
 *
 * Style: a teacher's voice, simple English, one or two sentences: what happened, then what the rule
 * is. Never a guess at who is to blame, never the solution itself.
 */
import { enPop3 } from './en-pop3.ts';
import { enReport } from './en-report.ts';
import { enTls } from './en-tls.ts';

export const en = {
  ...enReport,
  ...enPop3,
  ...enTls,

  // What a command is called in a sentence, where its own text would not do
  anEmptyLine: 'an empty line',
  theConnection: 'a new connection',
  theEndOfTheMessage: 'the end of the message',

  // The connection
  nobodyAccepts: 'Nobody accepts a connection on the port of the server.',
  noGreeting:
    'The server accepted the connection, but sent no greeting within {seconds} s. In SMTP the server speaks first.',
  wrongGreeting: 'The greeting should be {expected}, but the server said {got}.',
  extraGreeting:
    'The server sent more than a greeting: after {first} came {got}, although nothing had been asked.',
  closedBeforeGreeting: 'The server closed the connection before it had sent a greeting.',
  closedInstead: 'The server closed the connection instead of answering {command}.',
  closedInsteadAfterText:
    'The server closed the connection instead of answering the end of the message (the line with a lone dot).',
  closedInText:
    'The server closed the connection in the middle of the text of the message. After 354 nothing ends the text but a line with a lone dot.',
  staysOpenAfterQuit:
    'The server answered QUIT, but left the connection open. After 221 the server closes it.',
  staysOpen: 'The server should close the connection here, but left it open.',

  // No reply
  noReply:
    'The server did not answer {command} within {seconds} s. Every command gets exactly one reply.',
  noReplyAfterText:
    'The server did not answer the end of the message (the line with a lone dot) within {seconds} s.',
  noReplyToTextInOnePacket:
    'The text of the message came in one packet, its lone dot included, and the server did not answer within {seconds} s. Look for the lone dot in everything received so far: it need not come alone.',
  noReplyPipelined:
    '{commands} commands came in one packet, and the server answered {replies} of them. What arrives in one piece may hold several lines.',
  noReplyBytes:
    '{command} came one octet at a time, and the server did not answer within {seconds} s. A line is complete when its CR LF has come, in however many pieces.',
  noReplyToTextInBytes:
    'The text of the message came one octet at a time, and the server did not answer its end within {seconds} s. A line is complete when its CR LF has come, in however many pieces.',

  // The wrong reply
  wrongCode: '{command} should be answered with {expected}, but the server said {got}.',
  wrongCodePipelined:
    '{commands} commands came in one packet. {command} should be answered with {expected}, but the server said {got}. What arrives in one piece may hold several lines.',
  wrongCodeAfterText:
    'The end of the message should be answered with {expected}, but the server said {got}.',
  wrongText: 'The reply to {command} should be {expected}, but the server said {got}.',
  missingLine: 'The reply to {command} should have a line {expected}, but it has none.',

  // Replies that are not well formed
  replyLfOnly:
    'The reply to {command} ends in LF alone (\\n). In SMTP every line ends in CR LF (\\r\\n).',
  replyNul:
    'There are NUL octets (\\0) in or after the reply to {command}. Send only the octets of the text, not the whole buffer that it lies in.',
  replyNoEnd:
    'The reply to {command} is {got}, and its line has no end. Every reply ends in CR LF (\\r\\n).',
  replyUnfinished:
    'The reply to {command} never ends: {got} says that another line follows. In the last line of a reply a blank follows the code.',
  replyCodesDiffer:
    'The lines of one reply to {command} have different codes: {first}, then {got}.',
  replyMalformed:
    'The server answered {command} with {got}. A reply begins with a code of three digits, then a blank.',

  // Too many replies
  extraReply:
    'The server answered {command} more than once: after {first} it also said {got}. Every command gets exactly one reply.',
  extraReplyAfterText:
    'The server answered the end of the message more than once: after {first} it also said {got}.',
  moreReplies:
    'The server sent more replies than it got commands. {command} should be answered with {expected}, but the next reply was {got}.',
  replyInText:
    'The server said {got} in the middle of the text of the message. After 354 no line is a command, until a line with a lone dot.',
  replyTooEarly:
    'The server said {got} before {command} was complete. A command is complete when its CR LF has come, not when a packet has.',
  replyUnasked: 'The server said {got}, although nothing had been asked.',

  // The server's end
  serverDied: 'The server {how} when it got {command}.',
  serverDiedSaying: 'The server {how} when it got {command}. Its last words: {lastWords}',
  serverGone: 'The server {how}.',
  serverGoneSaying: 'The server {how}. Its last words: {lastWords}',
  notServedAfter:
    'After this a new connection gets no greeting within {seconds} s. What one client does must not stop the server for others.',

  // Mail: where it is
  mailNotFound:
    'The server accepted the message, but no mailbox of {address} holds it. 250 after the text is a promise: the message is stored.',
  mailOnlyFirst:
    'The message had {recipients} recipients, and only the first of them ({other}) has it. {address} was promised it too.',
  mailOnlyLast:
    'The message had {recipients} recipients, and only the last of them ({other}) has it. {address} was promised it too.',
  mailInOther: 'The message for {address} is in the mailbox of {other} ({file}).',
  mailInSender:
    'The message for {address} is in the mailbox of {other}, who sent it ({file}). RCPT says whom a message is for.',
  mailForNobody:
    'The message is in {file}, but neither the name of the file nor what stands beside the message says that it is for {address}.',
  mailTwice: 'The message is {count} times in the mailbox of {address}. It was sent once.',
  mailUnexpected: 'The mailbox of {address} holds a message that must not be there ({file}).',
  mailUnexpectedAnywhere: 'A message was stored that must not be there ({file}).',
  mailOutside:
    'A file was made outside the folder in which the server keeps its mail: {file}. Its name came from the client. Whoever may choose an address must not choose a file.',
  mailHalf:
    'The client left before the lone dot, but its half message was stored ({file}). Only a message that is complete may be delivered.',

  // Mail: what it says
  mailDotsKept:
    'The message of {address} has a dot too many: the line “{expected}” was stored as “{got}”. The client puts a dot before a line that begins with one, and the server takes it away again.',
  mailDotsLost:
    'The message of {address} has lost a dot: the line “{expected}” was stored as “{got}”. Of the dots that a line begins with, the server takes away the first and no other.',
  mailEndDotsLost:
    'The message of {address} has lost a dot at the end of a line: “{expected}” was stored as “{got}”.',
  mailLeadingBlanksLost:
    'The message of {address} has lost the blanks that a line begins with: “{expected}” was stored as “{got}”.',
  mailTrailingBlanksLost:
    'The message of {address} has lost the blanks that a line ends with: “{expected}” was stored as “{got}”.',
  mailEightBit:
    'The message of {address} has other octets than were sent: “{expected}” was stored as “{got}”. A server stores octets as they come, whatever letters they stand for.',
  mailLineEndsDoubled:
    'In the message of {address} every line end was stored twice. A line ends in one CR LF, or one LF.',
  mailLineEndsLost:
    'In the message of {address} the line ends are lost: “{expected}” runs together with the next line.',
  mailEmptyLinesLost: 'The message of {address} has lost its empty lines.',
  mailCaseChanged:
    'The message of {address} has changed its letters from large to small, or the other way: “{expected}” was stored as “{got}”.',
  mailFirstLineLost: 'The message of {address} has lost a line at the beginning: “{expected}”.',
  mailLastLineLost: 'The message of {address} has lost its last line: “{expected}”.',
  mailLineChanged:
    'The message of {address} is not what was sent: the line should be “{expected}”, but it is “{got}”.',
  mailLineLost: 'The message of {address} is there, but without the line “{expected}”.',
} as const;
