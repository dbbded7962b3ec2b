/**
 * The plain run, `npm test`, is for the developer who waits for it. What takes long and seldom fails it
 * leaves to `STAGEPOST_FULL=1 npm test`: all mutants with all scenarios, all ways of sending, and what
 * earlier stages have in common with the newest. CI does that.
 */
export const FULL = process.env.STAGEPOST_FULL !== undefined;
