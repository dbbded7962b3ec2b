/** What lies in `uml/` is what the references do now. Nothing is drawn here, so no browser is needed. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Diagram, readStamp, sha256 } from '../../src/uml/diagram.ts';
import {
  orphans,
  pictureFile,
  README,
  readIfThere,
  rendererHash,
  sourceFile,
} from '../../src/uml/folder.ts';
import { readme } from '../../src/uml/readme.ts';
import { recordDiagrams } from '../../src/uml/record.ts';

const REMEDY = 'run: npm run uml';

describe('the folder uml', () => {
  let diagrams: Diagram[];
  beforeAll(async () => {
    diagrams = await recordDiagrams();
  }, 60_000);

  it('holds the sources that recording gives now', async () => {
    for (const diagram of diagrams) {
      const file = sourceFile(diagram);
      const message = `uml/${file} is not what the reference does now; ${REMEDY}`;
      expect(await readIfThere(file), message).toBe(diagram.source);
    }
  });

  it('holds a picture of each source, drawn as the pictures are drawn now', async () => {
    const renderer = await rendererHash();
    for (const diagram of diagrams) {
      const file = pictureFile(diagram);
      const stamp = readStamp((await readIfThere(file)) ?? '');
      const message = `uml/${file} does not show its source; ${REMEDY}`;
      expect(stamp, message).toEqual({ source: sha256(diagram.source), renderer });
    }
  });

  it('tells those who cannot see a picture what it shows', async () => {
    for (const diagram of diagrams) {
      const svg = await readIfThere(pictureFile(diagram));
      expect(svg, diagram.slug).toMatch(/<title [^>]*>[^<]+<\/title><desc [^>]*>[^<]+<\/desc>/);
    }
  });

  it('holds nothing else', async () => {
    expect(await orphans(diagrams), REMEDY).toEqual([]);
  });

  it('says in its README what it holds', async () => {
    expect(await readIfThere(README), `uml/${README} is old; ${REMEDY}`).toBe(readme(diagrams));
  });

  it('has the diagrams that the handouts need', () => {
    const files = diagrams.map((diagram) => sourceFile(diagram));
    expect(files).toEqual(
      expect.arrayContaining([
        'v1/one-message.mmd',
        'v1/several-recipients.mmd',
        'v1/error-and-recovery.mmd',
        'v1/interleaved.mmd',
        'v1/states.mmd',
        'v2/ehlo-then-helo.mmd',
        'v2/states.mmd',
        'v2/states-strict.mmd',
      ]),
    );
  });
});
