/** Python's poplib with stage 4: every command, with TLS, and what is refused without it. */
import path from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { makeHome, type Home } from './home.ts';
import { bob, messageText, recipient, sendOctets } from './messages.ts';
import { testWith } from './programs.ts';
import { startStage, type Stage } from './stage.ts';

const prelude = `
import json, poplib, ssl, sys, time

pop3, pop3s = int(sys.argv[1]), int(sys.argv[2])
context = ssl.create_default_context(cafile=sys.argv[3])
context.verify_flags |= ssl.VERIFY_X509_STRICT  # as newer Pythons do by themselves

def login(server):
    server.user("${bob.user}")
    server.pass_("${bob.password}")
    return server

def secure():
    return poplib.POP3_SSL("localhost", pop3s, context=context, timeout=20)

def error(call, *arguments):
    try:
        return "no error: " + repr(call(*arguments))
    except poplib.error_proto as problem:
        reason = problem.args[0]  # octets from the server, or text of its own
        return reason.decode() if isinstance(reason, bytes) else reason

def decoded(lines):
    return [line.decode() for line in lines]
`;

let stage: Stage;
let home: Home;
beforeEach(async () => {
  stage = await startStage('v4-advanced', { bundled: true, args: ['--login-delay', '10'] });
  home = await makeHome();
});
afterEach(async () => {
  await stage.close();
  await home.remove();
});

/** Runs a Python program, and reads the JSON that it prints. */
async function python(program: string): Promise<unknown> {
  const ports = [stage.ports.pop3, stage.ports.pop3s].map(String);
  const certificate = path.join(stage.data, 'cert.pem');
  const words = ['-c', prelude + program, ...ports, certificate];
  const { stdout, all, exitCode } = await home.run('python3', words);
  expect(exitCode, all).toBe(0);
  return JSON.parse(stdout) as unknown;
}

const first = Buffer.from(messageText('\r\n'));
const second = Buffer.from('Subject: second\r\n\r\none\r\n.two\r\nthree\r\n');

// Vitest says of these that they may be anything.
const ok = expect.stringMatching(/^\+OK/) as unknown;
const refused = expect.stringMatching(/^-ERR /) as unknown;
const uid = expect.stringMatching(/^\d [\x21-\x7e]{1,70}$/) as unknown;

describe("stage 4 and Python's poplib", () => {
  testWith(['python3'], 'change to TLS in the midst of a session', async () => {
    await sendOctets(stage, recipient, [first, second]);
    const said = await python(`
said = {}
server = poplib.POP3("localhost", pop3, timeout=20)
before = server.capa()
said["before"] = ["STLS" in before, "USER" in before, "SASL" in before]
said["password in the clear"] = error(login, server)
said["stls"] = server.stls(context=context).decode()
after = server.capa()
said["after"] = ["STLS" in after, "USER" in after, after["SASL"]]
login(server)
said["stls once more"] = error(server._shortcmd, "STLS")
said["stat"] = server.stat()[0]
said["quit"] = server.quit().decode()
print(json.dumps(said))
`);
    expect(said).toEqual({
      before: [true, false, false],
      'password in the clear': refused,
      stls: ok,
      after: [false, true, ['PLAIN', 'LOGIN']],
      'stls once more': refused,
      stat: 2,
      quit: ok,
    });
  });

  testWith(['python3'], 'agree on UIDL and TOP, and that messages keep their names', async () => {
    await sendOctets(stage, recipient, [first, second]);
    const said = await python(`
said = {}
server = login(secure())
said["uidl"] = decoded(server.uidl()[1])
said["uidl 2"] = server.uidl(2).decode()
said["top"] = decoded(server.top(2, 2)[1])[-4:]
said["top of no lines"] = decoded(server.top(2, 0)[1])[-2:]
said["whole"] = server.top(2, 9999)[1] == server.retr(2)[1]
server.dele(1)
said["uidl deleted"] = error(server.uidl, 1)
said["top deleted"] = error(server.top, 1, 0)
said["top without lines"] = error(server._longcmd, "TOP 2")
server.quit()
server = login(secure())
said["later"] = decoded(server.uidl()[1])
server.quit()
print(json.dumps(said))
`);
    const { uidl } = said as { uidl: [string, string] };
    expect(said).toEqual({
      uidl: [uid, uid],
      'uidl 2': `+OK ${uidl[1]}`,
      top: ['Subject: second', '', 'one', '.two'],
      'top of no lines': ['Subject: second', ''],
      whole: true,
      'uidl deleted': refused,
      'top deleted': refused,
      'top without lines': refused,
      later: [uidl[1].replace(/^2/, '1')],
    });
  });

  testWith(['python3'], 'tell a wrong password from a mailbox in use', async () => {
    await sendOctets(stage, recipient, [first]);
    const said = await python(`
said = {}
server = secure()
server.user("${bob.user}")
said["wrong"] = error(server.pass_, "wrong")
server.user("nobody")
said["nobody"] = error(server.pass_, "wrong")
holder = login(secure())
server.user("${recipient}")
said["in use"] = error(server.pass_, "${bob.password}")
holder.dele(1)
holder.close()  # leaves without QUIT
for attempt in range(50):  # the server hears of it a moment later
    server.user("${recipient}")
    if not error(server.pass_, "${bob.password}").startswith("-ERR [IN-USE]"):
        break
    time.sleep(0.1)
said["nothing deleted"] = server.stat()[0]
server.quit()
print(json.dumps(said))
`);
    const { wrong } = said as { wrong: string };
    expect(said).toEqual({
      wrong: expect.stringMatching(/^-ERR \[AUTH\] /) as unknown,
      nobody: wrong,
      'in use': expect.stringMatching(/^-ERR \[IN-USE\] /) as unknown,
      'nothing deleted': 1,
    });
  });
});
