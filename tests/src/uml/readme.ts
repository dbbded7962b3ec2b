/** `uml/README.md`: what lies in the folder, how it is made, and every diagram with its title. */
import { STAGES } from '../notation/model.ts';
import type { Diagram } from './diagram.ts';
import { pictureFile, sourceFile } from './folder.ts';

const STAGE_TITLES = { v1: 'Stage 1', v2: 'Stage 2', v3: 'Stage 3', v4: 'Stage 4' } as const;

const INTRODUCTION = `# Diagrams

<!-- Made by \`npm run uml\`; the next run writes over what is changed here. -->

Every diagram here is made, none is drawn by hand:

- **Dialogues** are recorded: the stage's own server plays a scenario of \`tests/golden/\` that says
  \`diagram: true\`, and what went over the wire is drawn. The word that the player makes up for each message is always
  \`Hello\` here, so that recording twice gives the same.
- **States** come out of the command table in the stage's \`src/commands.ts\` (for POP3
  \`src/pop3/commands.ts\`; SMTP's states in stage 3 are those of stage 2). A command that no arrow shows is
  refused in that state. Below its name a state lists the commands that leave it as it is. (Where a refused RCPT leads in the
  strict order is the session's doing; these two arrows are added to the table's.)

How to read a dialogue: a solid arrow is what a client sends, a dotted one is a reply. A reply that
refuses (4xx, 5xx) ends in a cross and says so in a word. Lines of a message's text share an arrow; the lone dot that ends it
has its own. An arrow into a mailbox stands where the message is stored: before the 250 that promises it, and says
what the player then found there. In POP3 an arrow from the mailbox is the message that RETR sends, and one into it says what QUIT
deletes. The letter that a reader finds is sent by the player, by SMTP: where that is not the subject, it is one remark.
Text in parentheses and in grey boxes is a remark; nobody sent it.

\`npm run uml\` makes them again. It needs an installed Chromium, Chrome or Edge, and on its first run it
installs Mermaid in this folder (about 500 MB, not part of the root \`npm ci\`). It draws only what has changed: every \`.svg\`
carries the hash of its \`.mmd\`, and \`npm test\` compares these, without a browser. \`look.mjs\` is how the
diagrams look, \`render.mjs\` draws them.
`;

export function readme(diagrams: readonly Diagram[]): string {
  const sections = STAGES.flatMap((stage) => {
    const ofStage = diagrams.filter((diagram) => diagram.stage === stage);
    return ofStage.length > 0 ? [`## ${STAGE_TITLES[stage]}\n`, ...ofStage.map(entry)] : [];
  });
  return [INTRODUCTION, ...sections].join('\n');
}

function entry(diagram: Diagram): string {
  const { title, scenario } = diagram;
  const origin =
    scenario === undefined
      ? `from the command table`
      : `recorded from [\`${scenario}\`](../tests/golden/${scenario}.md)`;
  return `### ${title}

![${altText(title)}](${pictureFile(diagram)})

[Source](${sourceFile(diagram)}), ${origin}.
`;
}

/** Brackets would end the alternative text early. */
function altText(title: string): string {
  return title.replaceAll(/[[\]]/g, '\\$&');
}
