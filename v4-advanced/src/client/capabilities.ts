/**
 * What the server says that it can do: the lines of its answer to EHLO, or to CAPA.
 * Role: understand. RFC 5321 §4.1.1.1 (EHLO), RFC 2449 §5 (CAPA).
 */

/** Each keyword in capitals with its arguments, in capitals too: `AUTH` with `PLAIN` and `LOGIN`. */
export type Capabilities = ReadonlyMap<string, readonly string[]>;

export function readCapabilities(lines: readonly string[]): Capabilities {
  const capabilities = new Map<string, string[]>();
  for (const line of lines) {
    // RFC 5321 §2.4: keywords in any case. Some servers still say AUTH=PLAIN, as old clients wanted.
    const [, keyword, values] = /^([A-Z\d][A-Z\d-]*)(?:[ =](.*))?$/.exec(line.toUpperCase()) ?? [];
    if (keyword === undefined) continue;
    const known = capabilities.get(keyword) ?? [];
    capabilities.set(keyword, known.concat(values?.split(/\s+/).filter(Boolean) ?? []));
  }
  return capabilities;
}
