/**
 * How the kit's diagrams look: Mermaid's configuration. Whoever changes it runs `npm run uml`, which
 * then draws every picture again.
 *
 * Fonts decide where a line ends, so they are named here and given to the browser by `render.mjs`:
 * a picture is the same whoever draws it. Where a reader's system has no DejaVu, the ones after it are as
 * wide or narrower, so that no text is cut.
 */
const SANS = '"DejaVu Sans", Verdana, sans-serif';
const MONO = '"DejaVu Sans Mono", Menlo, Consolas, monospace';

const INK = '#14213d';
const LINE = '#33415c';
const REFUSED = '#b3261e';

export const look = {
  startOnLoad: false,
  securityLevel: 'strict',
  deterministicIds: true,
  // Text as SVG text: HTML inside a picture is drawn by browsers only.
  htmlLabels: false,
  theme: 'base',
  // A font or size given here would overrule those of `sequence`.
  fontFamily: '',
  fontSize: 0,
  themeVariables: {
    fontFamily: SANS,
    fontSize: '15px',
    background: '#ffffff',
    primaryColor: '#eaf1fb',
    primaryTextColor: INK,
    primaryBorderColor: '#2f5d9b',
    tertiaryColor: '#ffffff',
    lineColor: LINE,
    textColor: INK,
    actorBkg: '#eaf1fb',
    actorBorder: '#2f5d9b',
    actorTextColor: INK,
    actorLineColor: '#9aa8bd',
    signalColor: LINE,
    signalTextColor: INK,
    sequenceNumberColor: '#ffffff',
    noteBkgColor: '#f3f4f6',
    noteBorderColor: '#c3c9d4',
    noteTextColor: LINE,
    transitionColor: LINE,
    transitionLabelColor: INK,
    stateLabelColor: INK,
    stateBkg: '#eaf1fb',
    labelBackgroundColor: '#ffffff',
    edgeLabelBackground: '#ffffff',
  },
  // What is refused stands out, in the arrow and in its text.
  themeCSS: `
    [marker-end*="crosshead"] { stroke: ${REFUSED} !important; stroke-width: 2px !important; }
    [id$="crosshead"] path { stroke: ${REFUSED} !important; fill: ${REFUSED} !important; }
    .messageText:has(+ [marker-end*="crosshead"]) { fill: ${REFUSED} !important; }
    .edgeLabel rect { opacity: 1 !important; }
  `,
  sequence: {
    useMaxWidth: false,
    mirrorActors: true,
    actorFontFamily: SANS,
    actorFontSize: 15,
    actorFontWeight: 700,
    // What goes over the wire is told from what is said about it.
    messageFontFamily: MONO,
    messageFontSize: 14,
    noteFontFamily: SANS,
    noteFontSize: 14,
    width: 160,
    height: 50,
    actorMargin: 60,
    messageMargin: 30,
    noteMargin: 10,
    boxMargin: 16,
    diagramMarginX: 24,
    diagramMarginY: 16,
  },
  state: { useMaxWidth: false, nodeSpacing: 90, rankSpacing: 70 },
};
