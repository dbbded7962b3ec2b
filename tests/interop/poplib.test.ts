/** Python's poplib does what it is told, so every command of POP3 can be tried with it. */
import { execa } from 'execa';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { messageText, recipient, sender, sendOctets } from './messages.ts';
import { expectSameOctets, hardMessages } from './octets.ts';
import { testWith } from './programs.ts';
import { startStage, type Stage } from './stage.ts';

const prelude = `
import json, os, poplib, smtplib, sys, time

poplib._MAXLINE = 10000  # it gives up at lines of more than 2048 octets

def connect():
    return poplib.POP3("127.0.0.1", int(sys.argv[1]), timeout=20)

def login():
    server = connect()
    server.user("${recipient}")
    server.pass_("secret")
    return server

def error(call, *arguments):
    try:
        return "no error: " + repr(call(*arguments))
    except poplib.error_proto as problem:
        reason = problem.args[0]  # octets from the server, or text of its own
        return reason.decode() if isinstance(reason, bytes) else reason

def save(lines, name):
    with open(os.path.join(sys.argv[2], name), "wb") as file:
        file.writelines(line + b"\\r\\n" for line in lines)
`;

let stage: Stage;
let folder: string;
beforeEach(async () => {
  stage = await startStage('v3-pop3');
  folder = await mkdtemp(path.join(tmpdir(), 'stagepost-poplib-'));
});
afterEach(async () => {
  await stage.close();
  await rm(folder, { recursive: true });
});

/** Runs a Python program, and reads the JSON that it prints. */
async function python(program: string): Promise<unknown> {
  const words = ['-c', prelude + program, String(stage.pop3Port), folder];
  const { stdout } = await execa('python3', words, { timeout: 30_000 });
  return JSON.parse(stdout) as unknown;
}

const saved = (name: string) => readFile(path.join(folder, name));

const first = Buffer.from(messageText('\r\n'));
const second = Buffer.from('Subject: second\r\n\r\nshort\r\n');

// Vitest says of these that they may be anything.
const ok = expect.stringMatching(/^\+OK/) as unknown;
const refused = expect.stringMatching(/^-ERR /) as unknown;
const inUse = expect.stringMatching(/^-ERR \[IN-USE\] /) as unknown;

describe("stage 3 and Python's poplib", () => {
  testWith(['python3'], 'do a whole session', async () => {
    await sendOctets(stage, recipient, [first, second]);
    const said = await python(`
said = {}
server = connect()
said["greeting"] = server.getwelcome().decode()
said["user"] = server.user("${recipient}").decode()
said["pass"] = server.pass_("secret").decode()
said["stat"] = server.stat()
said["list"] = [line.decode() for line in server.list()[1]]
said["list 2"] = server.list(2).decode()
for number in 1, 2:
    reply, lines, octets = server.retr(number)
    save(lines, str(number))
    said["octets of " + str(number)] = octets
said["noop"] = server.noop().decode()
said["dele"] = server.dele(1).decode()
said["stat after dele"] = server.stat()
said["list after dele"] = [line.decode() for line in server.list()[1]]
said["rset"] = server.rset().decode()
said["stat after rset"] = server.stat()
server.dele(2)
said["quit"] = server.quit().decode()
server = login()
said["stat next time"] = server.stat()
server.quit()
print(json.dumps(said))
`);
    const [size1, size2] = [(await saved('1')).length, (await saved('2')).length];
    expect(said).toEqual({
      greeting: ok,
      user: ok,
      pass: ok,
      stat: [2, size1 + size2],
      list: [`1 ${size1}`, `2 ${size2}`],
      'list 2': `+OK 2 ${size2}`,
      'octets of 1': size1,
      'octets of 2': size2,
      noop: ok,
      dele: ok,
      'stat after dele': [1, size2],
      'list after dele': [`2 ${size2}`],
      rset: ok,
      'stat after rset': [2, size1 + size2],
      quit: ok,
      'stat next time': [1, size1],
    });
    expectSameOctets(await saved('1'), first);
    expectSameOctets(await saved('2'), second);
  });

  testWith(['python3'], 'agree on what is an error, and go on after each of them', async () => {
    await sendOctets(stage, recipient, [first, second]);
    const errors = await python(`
server = connect()
errors = {
    "stat too early": error(server.stat),
    "pass too early": error(server.pass_, "secret"),
    "capa": error(server.capa),
}
server.user("${recipient}")
server.pass_("secret")
server.dele(1)
errors.update({
    "retr deleted": error(server.retr, 1),
    "dele deleted": error(server.dele, 1),
    "list deleted": error(server.list, 1),
    "retr 3": error(server.retr, 3),
    "retr 0": error(server.retr, 0),
    "retr abc": error(server.retr, "abc"),
    "retr of twenty digits": error(server.retr, "99999999999999999999"),
    "top": error(server.top, 2, 1),
    "uidl": error(server.uidl),
    "login twice": error(server.user, "${recipient}"),
})
assert server.stat()[0] == 1
server.quit()
print(json.dumps(errors))
`);
    const later = '-ERR Command not implemented';
    expect(errors).toEqual({
      'stat too early': refused,
      'pass too early': refused,
      capa: '-ERR CAPA not supported by server',
      'retr deleted': refused,
      'dele deleted': refused,
      'list deleted': refused,
      'retr 3': refused,
      'retr 0': refused,
      'retr abc': refused,
      'retr of twenty digits': refused,
      top: later,
      uidl: later,
      'login twice': refused,
    });
    expect(await stage.mailbox(recipient)).toHaveLength(1);
  });

  testWith(['python3'], 'let in one reader at a time', async () => {
    await sendOctets(stage, recipient, [first, second]);
    const said = await python(`
holder = login()
holder.dele(1)
other = connect()
other.user("${recipient}")
said = {"in use": error(other.pass_, "secret")}
holder.close()  # leaves without QUIT
for attempt in range(15):  # the server hears of it a moment later
    other.user("${recipient}")
    if not error(other.pass_, "secret").startswith("-ERR [IN-USE]"):
        break
    time.sleep(0.1)
said["nothing deleted"] = other.stat()[0]
other.quit()
print(json.dumps(said))
`);
    expect(said).toEqual({
      'in use': inUse,
      'nothing deleted': 2,
    });
  });

  for (const [what, make] of hardMessages) {
    testWith(['python3'], `carry ${what}, which smtplib sends`, async () => {
      const sent = make();
      await writeFile(path.join(folder, 'sent'), sent);
      const sizes = (await python(`
with smtplib.SMTP("127.0.0.1", ${stage.port}) as sending:
    with open(os.path.join(sys.argv[2], "sent"), "rb") as file:
        sending.sendmail("${sender}", ["${recipient}"], file.read())
server = login()
reply, lines, octets = server.retr(1)
save(lines, "fetched")
print(json.dumps([octets, server.stat()[1]]))
server.quit()
`)) as number[];
      const fetched = await saved('fetched');
      expect(sizes).toEqual([fetched.length, fetched.length]);
      expectSameOctets(fetched, sent);
    });
  }

  testWith(['python3'], 'empty a mailbox of a thousand messages', async () => {
    const numbers = Array.from({ length: 1000 }, (_, index) => index + 1);
    // As a copy of an old mailbox: sending so many takes ten seconds.
    const reception = path.join(stage.mailboxes, recipient, 'reception');
    await mkdir(reception, { recursive: true });
    for (const n of numbers) {
      const name = `${String(n).padStart(4, '0')}.eml`;
      await writeFile(path.join(reception, name), `Subject: ${n}\r\n\r\nNumber ${n}.\r\n`);
    }
    const said = await python(`
server = login()
count, size = server.stat()
listed = [int(line.split()[0]) for line in server.list()[1]]
last_lines = []
for number in listed:
    last_lines.append(server.retr(number)[1][-1].decode())
    server.dele(number)
server.quit()
print(json.dumps({"count": count, "listed": listed, "last lines": last_lines}))
`);
    const lastLines = numbers.map((n) => `Number ${n}.`);
    expect(said).toEqual({ count: 1000, listed: numbers, 'last lines': lastLines });
    expect(await stage.mailbox(recipient)).toEqual([]);
  });
});
