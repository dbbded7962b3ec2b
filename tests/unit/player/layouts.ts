/**
 * Layouts in which student servers keep their mail: whatever was found in 41 of them, and what is close
 * to it. Each is right.
 */
import { keep } from './server-in-test.ts';
import { lf, local, perRecipient, type Store } from './storing-server.ts';

/** What the layout is, and how it is written. */
export const LAYOUTS: [string, Store][] = [
  [
    'a text file for each recipient',
    perRecipient(
      (to) => `${to}.txt`,
      ({ text }) => text,
    ),
  ],
  [
    'a file without an ending',
    perRecipient(
      (to) => `mail/${local(to)}`,
      ({ text }) => lf(text),
    ),
  ],
  [
    'an mbox file',
    perRecipient(
      (to) => `${to}.mbox`,
      ({ text }) => `From a b\n${lf(text)}\n`,
    ),
  ],
  [
    'a name in capitals',
    perRecipient(
      (to) => `${to.toUpperCase()}.TXT`,
      ({ text }) => text,
    ),
  ],
  [
    'a name with %40',
    perRecipient(
      (to) => to.replace('@', '%40'),
      ({ text }) => text,
    ),
  ],
  [
    'a name with _at_',
    perRecipient(
      (to) => to.replace('@', '_at_').replace('.', '_'),
      ({ text }) => text,
    ),
  ],
  [
    'a folder for each recipient',
    perRecipient(
      (to) => `${to}/inbox/1.eml`,
      ({ text }) => text,
    ),
  ],
  [
    'Maildir',
    perRecipient(
      (to) => `${local(to)}/new/1763600000.M1P2.host`,
      ({ text }) => text,
    ),
  ],
  [
    'a domain folder',
    perRecipient(
      (to) => `example.com/${local(to)}/1`,
      ({ text }) => text,
    ),
  ],
  [
    'a name with the sender in it',
    perRecipient(
      (to) => `to_${local(to)}_from_alice.txt`,
      ({ text }) => text,
    ),
  ],
  [
    'the sender’s copy beside it',
    (mail, { folder }) => {
      keep(folder, `alice/sent/to_bob.txt`, mail.text);
      for (const to of mail.recipients) keep(folder, `${local(to)}/inbox/1.txt`, mail.text);
    },
  ],
  [
    'a log beside it that tells everything',
    (mail, { folder }) => {
      keep(
        folder,
        'server.log',
        `RCPT TO:<bob@example.com>\nRCPT TO:<carol@example.com>\n${mail.text}`,
      );
      for (const to of mail.recipients) keep(folder, `${to}.txt`, mail.text);
    },
  ],
  [
    'an index beside it',
    (mail, { folder }) => {
      keep(folder, 'index.txt', `bob@example.com ${mail.text.split('\r\n')[0]!}\n`);
      for (const to of mail.recipients) keep(folder, `${to}.txt`, mail.text);
    },
  ],
  [
    'a head with the subject above the text',
    perRecipient(
      (to) => `${to}.txt`,
      ({ text }) => `New mail!\n${text.split('\r\n')[0]!}\n----\n${text}`,
    ),
  ],
  [
    'one file for all, whom it is for above the text',
    perRecipient(
      () => 'all.txt',
      ({ sender, text }, to) => `From: ${sender}\nTo: ${to}\n\n${text}\n=====\n`,
    ),
  ],
  [
    'one file for all, one entry for several recipients',
    ({ recipients, text }, { folder }) =>
      keep(
        folder,
        'all.txt',
        `MAIL FROM:<alice@example.com> RCPT TO: ${recipients.join(', ')}\n${text}`,
      ),
  ],
  [
    'one file for all, whom it is for below the text, as a name',
    perRecipient(
      () => 'all.txt',
      ({ text }, to) => `${text}\nrecipient: ${local(to)}\n`,
    ),
  ],
  [
    'numbered files with a trace line',
    perRecipient(
      (to) => `${to.length}.eml`,
      ({ text }, to) => `Delivered-To: ${to}\r\n${text}`,
    ),
  ],
  [
    'JSON for each recipient',
    perRecipient(
      (to) => `${to}.json`,
      ({ text }) => JSON.stringify([{ text }]),
    ),
  ],
  [
    'JSON of lines',
    perRecipient(
      (to) => `${to}.json`,
      ({ text }) => JSON.stringify({ from: 'x', lines: text.split('\r\n') }, null, 2),
    ),
  ],
  [
    'JSON of headers and body',
    perRecipient(
      (to) => `${to}.json`,
      ({ text }) => {
        const [headers, ...body] = text.split('\r\n\r\n');
        const [name, value] = headers!.split(': ') as [string, string];
        return JSON.stringify([{ headers: { [name]: value }, body: body.join('\n\n') }]);
      },
    ),
  ],
  [
    'JSON lists of all mail',
    ({ sender, recipients, text }, { folder }) =>
      keep(
        folder,
        'mails.json',
        JSON.stringify([
          { from: 'bob@example.com', to: ['alice@example.com'], data: 'old' },
          { from: sender, to: recipients, data: text },
        ]),
      ),
  ],
  [
    'JSON by recipient',
    ({ sender, recipients, text }, { folder }) =>
      keep(
        folder,
        'db.json',
        JSON.stringify(
          Object.fromEntries(recipients.map((to) => [to, [{ from: sender, text: lf(text) }]])),
        ),
      ),
  ],
  [
    'JSON by recipient, strings only',
    ({ recipients, text }, { folder }) =>
      keep(
        folder,
        'db.json',
        JSON.stringify({ users: Object.fromEntries(recipients.map((to) => [local(to), [text]])) }),
      ),
  ],
  [
    'JSON of mailboxes with an owner',
    ({ recipients, text }, { folder }) =>
      keep(
        folder,
        'db.json',
        JSON.stringify(
          recipients.map((owner) => ({
            owner,
            mail: [{ text, headers: { Subject: text.slice(9, 23) } }],
          })),
        ),
      ),
  ],
  [
    'JSON, a value a line',
    perRecipient(
      () => 'mail.jsonl',
      ({ text }, to) => `${JSON.stringify({ to, text })}\n`,
    ),
  ],
  [
    'Python’s repr',
    perRecipient(
      (to) => `${to}.py`,
      ({ text }) => `{'data': '${text.replaceAll('\r\n', '\\r\\n')}'}`,
    ),
  ],
  [
    'SQLite, where pages that are no longer used stay behind',
    ({ sender, recipients, text }, { folder }) => {
      const rows = recipients.map((to) => `${sender}${to}${text}`).join('\0\x01\x02');
      keep(folder, 'mail.db', `SQLite format 3\0\0\0${rows}`);
      keep(folder, 'mail.db-wal', `7\x7f\x06\x82${rows}`);
    },
  ],
  [
    'SQLite, where the sender is told behind the recipient',
    ({ sender, recipients, text }, { folder }) => {
      const schema = 'CREATE TABLE mail (rcpt text, sender text, body blob)';
      const rows = recipients.map((to) => `${to}${sender}${text}`).join('\0\x01\x02');
      keep(folder, 'mail.db', `SQLite format 3\0\0\0${schema}\0\0${rows}`);
    },
  ],
];
