/**
 * Looks for what a server has left outside the folders in which it keeps its mail. An address such as
 * `../../x` may have become the name of a file, and then it names a file anywhere.
 */
import fs from 'node:fs';
import path from 'node:path';

/** A folder of programs may be a link to somebody else's. */
const NOT_LOOKED_AT = new Set(['node_modules', '.git']);

/**
 * A file or folder outside the stores whose name holds `word`, as a path from the first store;
 * undefined if there is none. It is looked for in `around`, in all that lies below, and in the folder
 * above: what lies there is removed, since it is not the server's folder that it lies in.
 */
export function leftOutside(word: string, around: string, stores: string[]): string | undefined {
  const above = path.dirname(around);
  const strays = [
    ...namesIn(above).filter((name) => name.toLowerCase().includes(word)),
    ...below(around, '', word, stores).map((name) => path.join(path.basename(around), name)),
  ];
  for (const name of strays) {
    if (path.dirname(name) !== '.') continue;
    fs.rmSync(path.join(above, name), { recursive: true, force: true });
  }
  const [first] = strays;
  if (first === undefined) return undefined;
  return path.relative(stores[0] ?? around, path.join(above, first)).replaceAll(path.sep, '/');
}

function below(folder: string, at: string, word: string, stores: string[]): string[] {
  return namesIn(path.join(folder, at)).flatMap((name) => {
    const here = path.join(at, name);
    const whole = path.join(folder, here);
    if (NOT_LOOKED_AT.has(name) || stores.includes(whole)) return [];
    if (name.toLowerCase().includes(word)) return [here];
    return isFolder(whole) ? below(folder, here, word, stores) : [];
  });
}

function isFolder(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch {
    return []; // Not ours to read, or removed while we look.
  }
}
