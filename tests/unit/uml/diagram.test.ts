import { describe, expect, it } from 'vitest';
import { isFresh, readStamp, sha256, withStamp } from '../../src/uml/diagram.ts';

const stamp = { source: sha256('sequenceDiagram'), renderer: sha256('look') };

describe('the stamp of a picture', () => {
  it('is written right behind the tag, and can be read again', () => {
    const svg = withStamp('<svg id="a" width="1"><g/></svg>', stamp);
    expect(svg).toBe(
      `<svg id="a" width="1"><!-- source ${stamp.source} renderer ${stamp.renderer} --><g/></svg>`,
    );
    expect(readStamp(svg)).toEqual(stamp);
  });

  it('tells a picture of this source, drawn this way, from all others', () => {
    const svg = withStamp('<svg></svg>', stamp);
    expect(isFresh(svg, stamp)).toBe(true);
    expect(isFresh(svg, { ...stamp, source: sha256('other') })).toBe(false);
    expect(isFresh(svg, { ...stamp, renderer: sha256('other') })).toBe(false);
    expect(isFresh('<svg></svg>', stamp)).toBe(false);
    expect(isFresh(undefined, stamp)).toBe(false);
  });
});
