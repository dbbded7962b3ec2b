/** Sample servers for the client of stage 4: of ESMTP and of POP3, with TLS and a login. */
import { selfSigned } from '../cli/self-signed.ts';
import {
  sampleServer,
  type Good,
  type SampleServer,
  type Script,
  type Tls,
} from './sample-server.ts';

export const CERTIFICATE = selfSigned();
export const LOGIN = { user: 'alice', password: 'wonderland' };
/** RFC 4616: nobody, `alice`, `wonderland`, in base64. */
export const SECRET = 'AGFsaWNlAHdvbmRlcmxhbmQ=';

const ESMTP: Good = [
  [/^$/, '220 ready\r\n'],
  [
    /^EHLO ./,
    '250-sample\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n',
  ],
  [/^STARTTLS$/, '220 go ahead\r\n'],
  [/^AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=$/, '235 welcome\r\n'],
  [/^AUTH LOGIN$/, '334 VXNlcm5hbWU6\r\n'],
  [/^YWxpY2U=$/, '334 UGFzc3dvcmQ6\r\n'],
  [/^d29uZGVybGFuZA==$/, '235 welcome\r\n'],
  [/^DATA$/, '354 go on\r\n'],
  [/^QUIT$/, '221 bye\r\n'],
  [/^(HELO .|MAIL FROM:<|RCPT TO:<|\.$|\*$)/, '250 ok\r\n'],
  [/./, '500 what?\r\n'],
];

/** A mailbox with two messages. */
const POP3: Good = [
  [/^$/, '+OK ready\r\n'],
  [/^CAPA$/, '+OK\r\nSTLS\r\nTOP\r\nUIDL\r\nUSER\r\nSASL PLAIN\r\n.\r\n'],
  [/^STLS$/, '+OK go ahead\r\n'],
  [/^AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=$|^USER alice$|^PASS wonderland$/, '+OK welcome\r\n'],
  [/^DELE [12]$|^RSET$|^QUIT$/, '+OK\r\n'],
  [/^LIST$/, '+OK\r\n1 52\r\n2 200000\r\n.\r\n'],
  [/^UIDL$/, '+OK\r\n1 one\r\n2 two\r\n.\r\n'],
  [
    /^(TOP 1 0|RETR 1)$/,
    '+OK\r\nFrom: alice\r\nSubject: =?utf-8?Q?Caf=C3=A9?=\r\n\r\n..é\r\n.\r\n',
  ],
  [/^(TOP 2 0|RETR 2)$/, '+OK\r\nSubject: long\r\n\r\n.\r\n'],
  [/./, '-ERR no\r\n'],
];

type Server = (script?: Script, tls?: Tls) => Promise<SampleServer>;

export const smtpServer: Server = (script, tls = CERTIFICATE) => sampleServer(script, ESMTP, tls);
export const pop3Server: Server = (script, tls = CERTIFICATE) => sampleServer(script, POP3, tls);

export const on =
  (command: string, answer: ReturnType<Script>): Script =>
  (heard) =>
    heard === command ? answer : undefined;

/** What EHLO answers: capabilities, one a line. */
export const offers =
  (...lines: string[]): Script =>
  (heard) => {
    if (!heard.startsWith('EHLO')) return undefined;
    return ['sample', ...lines]
      .map((line, index) => `250${index < lines.length ? '-' : ' '}${line}\r\n`)
      .join('');
  };
