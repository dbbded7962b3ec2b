/**
 * Draws Mermaid sources as SVG, in a browser that is installed already. One browser and one page
 * serve for all of them: loading Mermaid takes a second, a diagram some 20 ms.
 *
 * The kit loads this file when it has something to draw (`tests/src/uml/draw.ts`); it is the only
 * one that needs the packages of this folder.
 */
/* global document, mermaid, DOMParser, XMLSerializer */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import puppeteer from 'puppeteer';
import { look } from './look.mjs';

const require = createRequire(import.meta.url);
/** Mermaid as a script: the very version that mermaid-cli brings. */
const MERMAID = path.join(path.dirname(require.resolve('mermaid')), 'mermaid.min.js');
const FONTS = [
  { family: 'DejaVu Sans', weight: 400, file: 'DejaVuSans.ttf' },
  { family: 'DejaVu Sans', weight: 700, file: 'DejaVuSans-Bold.ttf' },
  { family: 'DejaVu Sans Mono', weight: 400, file: 'DejaVuSansMono.ttf' },
];

/**
 * Draws the sources in their order, each handed to `drawn` as soon as it is done.
 *
 * @param {readonly string[]} sources Mermaid texts
 * @param {{ browser: string, png?: boolean }} options the browser's path; `png`: pictures of dots too
 * @param {(index: number, svg: string, png: Uint8Array | undefined) => Promise<void>} drawn
 */
export async function render(sources, options, drawn) {
  const browser = await launch(options.browser);
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: 1600, height: 1200, deviceScaleFactor: 2 });
    await page.setContent(await emptyPage());
    await page.evaluate(prepare, await readFile(MERMAID, 'utf8'));
    for (const [index, source] of sources.entries()) {
      const svg = await page.evaluate(draw, source, look);
      const picture = options.png ? await photograph(page, svg) : undefined;
      await drawn(index, `${svg}\n`, picture);
    }
  } finally {
    await browser.close();
  }
}

async function launch(executablePath) {
  const args = ['--no-first-run', '--disable-background-networking', ...sandboxArguments()];
  try {
    return await puppeteer.launch({ executablePath, args });
  } catch (error) {
    const reason = error.message.split('\n', 1)[0].replaceAll(/\s+/g, ' ');
    throw new Error(`The browser ${executablePath} does not start: ${reason}`, { cause: error });
  }
}

/** Chromium's own sandbox does not work for root. */
function sandboxArguments() {
  return process.getuid?.() === 0 ? ['--no-sandbox'] : [];
}

async function emptyPage() {
  const faces = await Promise.all(
    FONTS.map(async ({ family, weight, file }) => {
      const font = await readFile(require.resolve(`dejavu-fonts-ttf/ttf/${file}`));
      const source = `url(data:font/ttf;base64,${font.toString('base64')})`;
      return `@font-face { font-family: "${family}"; font-weight: ${weight}; src: ${source}; }`;
    }),
  );
  return `<!doctype html><meta charset="utf-8"><style>${faces.join('\n')}</style><body></body>`;
}

/** In the page: Mermaid is at hand, and fonts are loaded before anything is measured. */
async function prepare(script) {
  globalThis.mermaidScript = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  await Promise.all([...document.fonts].map((font) => font.load()));
}

/**
 * In the page: a source becomes SVG that is well-formed XML, on white, whatever page it lies on.
 * Mermaid counts on from diagram to diagram and writes the count into ids, so each gets a new Mermaid:
 * a picture does not depend on what was drawn before it.
 */
async function draw(source, look) {
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    Object.assign(script, { src: globalThis.mermaidScript, onload: resolve, onerror: reject });
    document.head.replaceChildren(...document.head.querySelectorAll('meta, style'), script);
  });
  mermaid.initialize(look);
  const { svg: text } = await mermaid.render('diagram', source);
  const svg = new DOMParser().parseFromString(text, 'text/html').querySelector('svg');
  const paper = ({ x, y, width, height }) => {
    const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    for (const [name, value] of Object.entries({ x, y, width, height, fill: '#ffffff' })) {
      rect.setAttribute(name, value);
    }
    return rect;
  };
  const described = svg.querySelectorAll(':scope > title, :scope > desc');
  if (described.length > 0) described[described.length - 1].after(paper(svg.viewBox.baseVal));
  else svg.prepend(paper(svg.viewBox.baseVal));

  // A message that passes a participant's line is not crossed out by it.
  document.body.append(svg);
  const lifelines = Array.from(
    svg.querySelectorAll('.actor-line'),
    (line) => line.x1.baseVal.value,
  );
  for (const message of svg.querySelectorAll('.messageText')) {
    const box = message.getBBox();
    const crossed = lifelines.some((x) => box.x - 2 < x && x < box.x + box.width + 2);
    if (crossed) message.before(paper(box));
  }
  svg.remove();
  return new XMLSerializer().serializeToString(svg);
}

async function photograph(page, svg) {
  await page.evaluate((text) => {
    document.body.innerHTML = text;
  }, svg);
  const element = await page.$('svg');
  const picture = await element.screenshot({ type: 'png' });
  await page.evaluate(() => {
    document.body.innerHTML = '';
  });
  return picture;
}
