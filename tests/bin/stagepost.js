#!/usr/bin/env node
/*
 * The command `stagepost`. Plain JavaScript, and old JavaScript at that: it has to run on a Node that
 * is too old for the rest, to say so. The rest is TypeScript, loaded by tsx.
 */
const needed = [20, 19];
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(
    `stagepost needs Node ${needed.join('.')} or newer, and this is ${process.versions.node}. Get one from https://nodejs.org.`,
  );
  process.exitCode = 2;
} else {
  import('tsx/esm/api').then(
    (tsx) => {
      tsx.register();
      return import('../src/cli/main.ts');
    },
    () => {
      console.error('stagepost is not installed yet. Run `npm ci` in the folder of the kit.');
      process.exitCode = 2;
    },
  );
}
