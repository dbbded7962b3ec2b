/**
 * The sentences around the findings, in English: why a check could not begin, and the words of its
 * report. Same style as `en.ts`, of which they are a part.
 */
export const enReport = {
  // The manifest
  manifestMissing: 'There is no {file}. It says how to start the server that is checked.',
  manifestSample: 'A start, to copy to {file} and to change:',
  manifestUnreadable: '{file} cannot be read: {reason}',
  manifestNotJson: '{file} is not JSON: {reason}',
  manifestNotObject: '{file} should hold an object: { "start": "…" }.',
  manifestUnknownKey: '{file}: there is no key "{key}". Allowed here: {allowed}.',
  manifestNearKey: '{file}: there is no key "{key}". Is it "{near}"? Allowed here: {allowed}.',
  manifestMissingKey: '{file}: the key "{key}" is missing.',
  manifestExpectsStart:
    '{file}: "{key}" should be a command line in quotes, { "command": "…", "cwd": "…", "stdin": "…" }, or a list of these; it is {found}.',
  manifestExpectsText: '{file}: "{key}" should be a text in quotes; it is {found}.',
  manifestExpectsList: '{file}: "{key}" should be a list of texts: ["…", "…"]; it is {found}.',
  manifestExpectsObject: '{file}: "{key}" should be an object: { … }; it is {found}.',
  manifestExpectsStage: '{file}: "{key}" should be "v1", "v2", "v3" or "v4"; it is {found}.',
  manifestExpectsPorts: '{file}: "{key}" should be an object: { "smtp": 2525 }; it is {found}.',
  manifestExpectsPort:
    '{file}: "{key}" should be a number from 1 to 65535, without quotes; it is {found}.',
  manifestExpectsAccounts:
    '{file}: "{key}" should be a list of { "address": "…", "user": "…", "password": "…" }; it is {found}.',
  manifestUnknownWord: '{file}: in "{key}" nothing is known of {word}. There are: {allowed}.',
  manifestExpectsVariant:
    '{file}: the name of a variant has small letters, digits and hyphens: "strict", "file-by-sender".',

  // Command lines
  commandEmpty: 'A command line in the manifest is empty.',
  commandOpenQuote: 'In the command line  {command}  a quote {quote} is opened and never closed.',
  commandUnknownPlaceholder:
    'In the command line  {command}  nothing is known of {placeholder}. There are: {allowed}.',
  commandNearPlaceholder:
    'In the command line  {command}  nothing is known of {placeholder}. Is it {near}?',

  // Starting the server
  startNoFolder: 'There is no folder {dir}.',
  startNoVariant: '{file} does not say how to start the variant "{variant}".',
  startNoPython:
    'Python 3 was not found on this machine. Install it, or write its path for {python}.',
  startNoProgram: 'The program of the server {how}. Is it installed, and is it spelt so?',
  startEnded: 'The server {how} before it listened on port {port}. The last lines that it printed:',
  startEndedSilently:
    'The server {how} before it listened on port {port}, and printed nothing. Does the program wait for connections after it has been started?',
  startNotListening:
    'The server was started, but after {seconds} s it does not listen on port {port}, which it was given.',
  startListensElsewhere:
    'The server listens on {others}, not on {port} which it was given. Let it take the port from the command line ({smtp} in the manifest), or declare its port: "ports": { "smtp": {others} }.',
  startListensByUdp:
    'The server opened a UDP socket. SMTP runs over TCP: what kind of socket does the program ask for?',
  startPortTaken:
    'The server {how}, since its port {port} was taken. The last lines that it printed:',
  startPortForbidden:
    'The server {how}, since it may not have its port. Ports below 1024 belong to the administrator. The last lines that it printed:',
  startFixedPortTaken:
    'Port {port} is taken by another program, and {file} says that the server cannot be told another ("ports"). Is it still running in another window?',
  startStepFailed: 'The step "{step}" failed: {command}  {how}. The last lines that it printed:',
  startStepTooSlow: 'The step "{step}" was not done after {seconds} s: {command}',

  // What is told beside the points
  noteWantsHelo:
    'This server wants {verb} before MAIL. Stage 1 has no {verb}, so it need not ask for it. The check said {verb} each time, and no points were lost.',
  noteNoReuseAddress:
    'After a restart the port could only be had again a minute later, since connections of the run before were still remembered. Which socket option lets a server be restarted at once?',
  noteOneConnection:
    'This server ends after its first connection. It was started again each time, so that the rest could be checked.',

  // Choosing what to check
  checkUnknownScenario: 'There is no scenario {id} for {stage}. --list shows them all.',
  checkNearScenario: 'There is no scenario {id} for {stage}. Is it {near}? --list shows them all.',
  checkVariantUndeclared:
    'The scenario {id} needs the server as "{variant}", and {file} does not say how to start it so ("variants").',
  checkLoginUndeclared:
    'The scenario {id} is about USER and PASS, and in {file} the lines of "login" are others.',
  checkLoginOfNobody:
    'The scenario {id} is about the mailboxes of several people, and in {file} the lines of "login" do not say whose is opened.',
  checkNoReference: 'The kit has no reference of {stage} yet. Give the folder of a server.',
  checkBroken: 'The scenario could not be played to its end: {reason}',
  checkSkipped: 'Not played, since {because} failed.',

  // The report
  reportHeader: 'Checking {submission} on {stage}',
  reportFailed: 'Failed: {id} ({kind}, {points} points)',
  reportFailedOnePoint: 'Failed: {id} ({kind}, 1 point)',
  reportDialogue: 'The dialogue',
  reportOmitted: '… {count} more lines …',
  reportExpected: 'expected',
  reportGot: 'got',
  reportNothingMore: 'nothing more',
  reportDiffers: 'What differs',
  reportRule: 'The rule',
  reportHint: 'A question',
  reportReplay: 'Play it again:',
  reportByHand: 'Or by hand, with the server started on port {port}:',
  reportByHandPop3: 'Or by hand, with the server started on port {pop3Port} for POP3:',
  reportByHandBoth: 'Or by hand, with the server started on port {port}, and {pop3Port} for POP3:',
  reportByHandPort: 'Or by hand, with the server started on port {number} for {port}:',
  reportByHandPorts: 'Or by hand; the ports are {ports}:',
  reportHangUp: '(close the window without QUIT)',
  reportByHandPackets: 'Not by hand: what matters here is how octets are cut into packets.',
  reportByHandOctets: 'Not by hand: the scenario sends octets that a keyboard does not have.',
  reportByHandLong: 'Not by hand: the dialogue is too long to type.',
  reportOthersCore: 'Also not passed yet, of what decides the stage:',
  reportOthersExtra: 'Not passed yet, for more points:',
  reportExtrasLater:
    '{count} scenarios for more points are not passed yet. They are shown once the stage is passed; --all shows them now.',
  reportSkipped: '{count} not played, since {because} failed.',
  reportNote: 'Note',
  reportErrors: 'Could not be played: {count} of {all} scenarios',
  reportPoints: '{score} of {maxScore} points; core {corePassed} of {core}',
  reportNotPassed: '; not passed yet: {ids}',
  reportAndMore: '{ids} and {count} more',
  reportStagePassed: 'Stage {stage} is passed.',
  reportStageNotPassed: 'Stage {stage} is not passed yet.',
  reportAllPassed: 'Every scenario of {stage} is passed: {count} of {count}, {maxScore} points.',
  reportChoicePassed: 'Passed: {count} of {count} scenarios.',
  reportChoiceNotPassed: 'Passed: {passed} of {count} scenarios.',

  // What happens on a connection beside lines
  remarkConnects: 'the client connects',
  remarkLetter: 'sends a message to {address}, and it is taken',
  remarkRefused: 'nobody accepts the client',
  remarkCloses: 'the server closes the connection',
  remarkLeaves: 'the client leaves without a word',
  remarkSilence: 'the server says nothing',
  remarkDied: 'the server has ended',
  remarkOctets: 'a text of {count} octets',

  // The list of scenarios
  listHead: '{count} scenarios, {points} points',
} as const;
