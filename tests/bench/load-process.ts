/** The process that the load runs in: takes a `Load` from its parent, answers with what it measured. */
import { putLoad, type Load, type Measured } from './load.ts';

export type LoadReply = { measured: Measured } | { error: string };

process.on('message', (load: Load) => {
  const reply = (message: LoadReply): void => void process.send?.(message);
  putLoad(load).then(
    (measured) => reply({ measured }),
    (error: unknown) => reply({ error: error instanceof Error ? error.message : String(error) }),
  );
});
// A parent that has gone wants no figures.
process.on('disconnect', () => process.exit());
