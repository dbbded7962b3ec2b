/** A diagram: what it is called, where it lies, its source. And how a picture tells what it shows. */
import { createHash } from 'node:crypto';
import type { Stage } from '../notation/model.ts';

export interface Diagram {
  stage: Stage;
  /** The names of its files: `uml/<stage>/<slug>.mmd` and `.svg`. */
  slug: string;
  title: string;
  /** The scenario that it was recorded from. */
  scenario: string | undefined;
  /** The Mermaid text. */
  source: string;
}

/** What a picture was made from: its source, and how it was drawn. Two SHA-256, in hexadecimal. */
export interface Stamp {
  source: string;
  renderer: string;
}

export function sha256(...texts: string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex');
}

/** The SVG, its stamp written into it as a remark. */
export function withStamp(svg: string, { source, renderer }: Stamp): string {
  return svg.replace(
    /<svg\b[^>]*>/,
    (tag) => `${tag}<!-- source ${source} renderer ${renderer} -->`,
  );
}

/** The stamp of a picture; `undefined` if it has none. */
export function readStamp(svg: string): Stamp | undefined {
  const found = /<!-- source ([0-9a-f]{64}) renderer ([0-9a-f]{64}) -->/.exec(svg);
  return found ? { source: found[1]!, renderer: found[2]! } : undefined;
}

export function isFresh(svg: string | undefined, stamp: Stamp): boolean {
  const found = svg === undefined ? undefined : readStamp(svg);
  return found?.source === stamp.source && found.renderer === stamp.renderer;
}
