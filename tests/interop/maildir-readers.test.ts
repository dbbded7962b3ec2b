/**
 * Programs that open a mailbox of stage 4 itself, which is a Maildir: they see its messages and which of
 * them are read; and what they do there, the server takes in, and its journal tells.
 */
import { chmod, chown, mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { makeHome, type Home } from './home.ts';
import { bob, bodyLines, messageText, recipient, sendOctets, subject } from './messages.ts';
import { openWithMutt, readWithMutt } from './mutt.ts';
import { testWith } from './programs.ts';
import { startStage, type Stage } from './stage.ts';

const letters = [
  messageText('\r\n'),
  'Subject: short\r\n\r\nshort\r\n',
  'Subject: third\r\n\r\n.a dot\r\n\r\n\r\nthe end\r\n',
];
const subjects = [subject, 'short', 'third'];

let stage: Stage;
let home: Home;
let maildir: string;
beforeEach(async () => {
  stage = await startStage('v4-advanced', { bundled: true });
  home = await makeHome();
  maildir = path.join(stage.mailboxes, bob.user);
  await sendOctets(
    stage,
    recipient,
    letters.map((each) => Buffer.from(each)),
  );
});
afterEach(async () => {
  await stage.close();
  await home.remove();
});

/** Does something by POP3, as bob. Everything that is printed is JSON. */
async function visit(conversation: string): Promise<unknown> {
  const program = `
import json, poplib, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
server = poplib.POP3_SSL("localhost", int(sys.argv[1]), context=context)
server.user("${bob.user}")
server.pass_("${bob.password}")
${conversation}
server.quit()
`;
  const certificate = path.join(stage.data, 'cert.pem');
  const words = ['-c', program, String(stage.ports.pop3s), certificate];
  const { stdout, all, exitCode } = await home.run('python3', words);
  expect(exitCode, all).toBe(0);
  return stdout === '' ? undefined : JSON.parse(stdout);
}

/** What the journal tells of other programs: the event, and the number of the message. */
async function doneOutside(): Promise<string[]> {
  const lines = (await readFile(path.join(stage.data, 'journal.jsonl'), 'utf8')).trim().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as Record<string, string>);
  const ids = entries.filter(({ event }) => event === 'received').map(({ message }) => message);
  return entries
    .filter(({ session }) => session === 'outside')
    .map(({ event, message }) => `${event} ${ids.indexOf(message) + 1}`);
}

describe("Python's mailbox.Maildir", () => {
  /** What it sees: folder, flags, subject and text of each message, in order of arrival. */
  const see = async () => {
    const program = `
import json, mailbox, sys
box = mailbox.Maildir(sys.argv[1], create=False)
seen = []
for key in sorted(box.keys()):
    message = box[key]
    text = message.get_payload(decode=True).decode()
    seen.append([message.get_subdir(), message.get_flags(), message["Subject"], text])
print(json.dumps(seen))
`;
    const { stdout, all } = await home.run('python3', ['-c', program, maildir]);
    expect(all).toBe(stdout);
    return JSON.parse(stdout) as [string, string, string, string][];
  };

  testWith(['python3'], 'sees what is new, what is not, and what has been read', async () => {
    const before = await see();
    expect(before.map(([folder, flags]) => folder + flags)).toEqual(['new', 'new', 'new']);
    expect(before.map(([, , each]) => each)).toEqual(subjects);
    const texts = letters.map((each) => each.slice(each.indexOf('\r\n\r\n') + 4));
    expect(before.map(([, , , text]) => text.replace(/\r?\n/g, '\r\n'))).toEqual(texts);

    await visit('server.retr(2)');
    expect((await see()).map(([folder, flags]) => folder + flags)).toEqual(['cur', 'curS', 'cur']);
  });

  testWith(
    ['python3'],
    'adds, marks and removes messages, and POP3 and the journal agree',
    async () => {
      await visit('server.retr(2)');
      const program = `
import mailbox, sys
box = mailbox.Maildir(sys.argv[1], create=False)
first, second, third = sorted(box.keys())
message = box[first]
message.set_flags("FS")
box[first] = message
message = box[second]
message.set_flags("")
box[second] = message
box.remove(third)
box.add(b"Subject: added\\n\\nlines that end in LF\\n")
`;
      const { all } = await home.run('python3', ['-c', program, maildir]);
      expect(all).toBe('');
      const listed = await visit(`
numbers = range(1, 1 + server.stat()[0])
texts = [b"\\n".join(server.retr(n)[1]).decode() for n in numbers]
sizes = [int(server.list(n).split()[2]) for n in numbers]
print(json.dumps([[text, size] for text, size in zip(texts, sizes)]))
`);
      const fetched = listed as [string, number][];
      expect(fetched.map(([text]) => /^Subject: (.*)$/m.exec(text)?.[1])).toEqual([
        subject,
        'short',
        'added',
      ]);
      const [text, size] = fetched[2]!;
      expect(text).toBe('Subject: added\n\nlines that end in LF');
      expect(size).toBe('Subject: added\r\n\r\nlines that end in LF\r\n'.length);
      // The last one is the message that came without the server; 0 stands for it.
      expect((await doneOutside()).sort()).toEqual([
        'deleted 3',
        'delivered 0',
        'read 1',
        'unread 2',
      ]);
    },
  );
});

for (const program of ['mutt', 'neomutt'] as const) {
  describe(program, () => {
    testWith([program, 'python3'], 'shows the messages, and which of them are read', async () => {
      const shown = await readWithMutt(program, home, maildir);
      const found = shown.map((each) => /^Subject: (.*?)\r?$/m.exec(each)?.[1]);
      expect(found.sort()).toEqual([...subjects].sort());
      const letter = shown.find((each) => each.includes(subject));
      expect(letter).toContain(`\n\n${bodyLines.join('\n')}\n`);

      await visit('server.retr(2)');
      const unread = '<tag-pattern>!~R<enter><tag-prefix><pipe-message>cat >> unread<enter><quit>';
      const terminal = await openWithMutt(program, home, maildir, unread);
      const printed = await readFile(home.file('unread'), 'utf8');
      expect(printed.match(/^Subject: [^\r\n]*/gm)?.sort(), terminal).toEqual([
        `Subject: ${subject}`,
        'Subject: third',
      ]);
    });

    testWith(
      [program, 'python3'],
      'marks and deletes, and POP3 and the journal agree',
      async () => {
        const keys = '<limit>~s third<enter><display-message><exit><limit>all<enter>';
        const remove = '<delete-pattern>~s short<enter><sync-mailbox><quit>';
        const terminal = await openWithMutt(program, home, maildir, keys + remove);
        expect(await visit('print(json.dumps(server.stat()[0]))'), terminal).toBe(2);
        const left = await stage.mailbox(recipient);
        expect(left.map(({ headers }) => headers.get('subject'))).toEqual([subject, 'third']);
        expect((await doneOutside()).sort()).toEqual(['deleted 2', 'read 3']);
      },
    );
  });
}

describe('Dovecot', () => {
  /** Where Debian keeps its IMAP server. */
  const imapServer = '/usr/lib/dovecot/imap';
  /** "nobody", as whom it runs where the tests run as root: it refuses to be root. */
  const nobody = 65_534;

  /** Lets Dovecot serve the Maildir to imaplib, which begins with a login already made. */
  async function imap(conversation: string): Promise<unknown> {
    const isRoot = process.getuid!() === 0;
    const own = home.file('dovecot');
    await mkdir(own);
    const settings = await home.writeSecret('dovecot.conf', [
      'protocols = imap',
      'ssl = no',
      `base_dir = ${own}/run`,
      `state_dir = ${own}/state`,
      // What it has to remember besides, it does not write into the Maildir.
      `mail_location = maildir:${maildir}:CONTROL=${own}/control:INDEX=${own}/index`,
      `mail_uid = ${isRoot ? nobody : process.getuid!()}`,
      `mail_gid = ${isRoot ? nobody : process.getgid!()}`,
      'first_valid_uid = 1',
      'first_valid_gid = 1',
    ]);
    const words = ['env', `USER=${bob.user}`, `HOME=${own}`, imapServer, '-c', settings];
    if (isRoot) {
      words.unshift('setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups');
      for (const folder of [home.file('.'), stage.mailboxes]) await chmod(folder, 0o755);
      await give(own);
      await give(settings);
      await give(maildir);
    }
    const program = `
import imaplib, json, sys
server = imaplib.IMAP4_stream(sys.argv[1])
server.select("INBOX")
${conversation}
server.logout()
`;
    const { stdout, all, exitCode } = await home.run('python3', ['-c', program, words.join(' ')]);
    expect(exitCode, all).toBe(0);
    return JSON.parse(stdout) as unknown;
  }

  /** Makes "nobody" the owner of a file, or of a folder and all in it. */
  async function give(file: string): Promise<void> {
    await chown(file, nobody, nobody);
    for (const below of await readdir(file).catch(() => [])) await give(path.join(file, below));
  }

  const program = 'doveadm'; // which anybody has on PATH, where Dovecot is installed
  testWith(
    [program, 'python3'],
    'serves the mailbox by IMAP, to the octet and with its flags',
    async () => {
      await visit('server.retr(2)');
      const seen = await imap(String.raw`
seen = []
for number in "1", "2", "3":
    flags = imaplib.ParseFlags(server.fetch(number, "(FLAGS)")[1][0])
    size = server.fetch(number, "(RFC822.SIZE)")[1][0].split()[-1].rstrip(b")")
    text = server.fetch(number, "(BODY.PEEK[])")[1][0][1]
    seen.append([rb"\Seen" in flags, int(size), text.decode()])
print(json.dumps(seen))
`);
      const messages = seen as [boolean, number, string][];
      expect(messages.map(([isRead]) => isRead)).toEqual([false, true, false]);
      for (const [index, [, size, text]] of messages.entries()) {
        expect(size).toBe(Buffer.byteLength(text));
        expect(text.endsWith(letters[index]!)).toBe(true);
      }
    },
  );

  testWith(
    [program, 'python3'],
    'marks, deletes and adds messages, and POP3 and the journal agree',
    async () => {
      await visit('server.retr(2)');
      const result = await imap(String.raw`
server.store("1", "+FLAGS", r"(\Seen \Flagged)")
server.store("2", "-FLAGS", r"(\Seen)")
server.store("3", "+FLAGS", r"(\Deleted)")
server.expunge()
added = b"Subject: added\r\n\r\nby IMAP\r\n"
print(json.dumps(server.append("INBOX", r"(\Seen)", None, added)[0]))
`);
      expect(result).toBe('OK');
      const texts = await visit(`
numbers = range(1, 1 + server.stat()[0])
print(json.dumps([b"\\n".join(server.top(n, 9)[1]).decode() for n in numbers]))
`);
      expect((texts as string[]).map((text) => /^Subject: (.*)$/m.exec(text)?.[1])).toEqual([
        subject,
        'short',
        'added',
      ]);
      expect((await doneOutside()).sort()).toEqual([
        'deleted 3',
        'delivered 0',
        'read 0',
        'read 1',
        'unread 2',
      ]);
    },
  );
});
