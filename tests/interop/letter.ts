/** A stored message, as a mail program sees it. */
export interface Letter {
  /** Header fields by lower-cased name, unfolded; of several with one name, the last. */
  headers: Map<string, string>;
  /** Header and text as they stand, lines ended by LF. */
  whole: string;
  /** What follows the header. */
  text: string;
}

/** @param whole header and text, lines ended by LF */
export function readLetter(whole: string): Letter {
  const endOfHeader = whole.indexOf('\n\n');
  const header = endOfHeader < 0 ? whole : whole.slice(0, endOfHeader);
  const headers = new Map<string, string>();
  for (const field of header.replace(/\n(?=[ \t])/g, '').split('\n')) {
    const colon = field.indexOf(':');
    if (colon > 0) headers.set(field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim());
  }
  return { headers, whole, text: endOfHeader < 0 ? '' : whole.slice(endOfHeader + 2) };
}
