/** The mutants of stage 1: see `tests/mutants/promises.ts`. */
import { describeMutants } from '../../mutants/promises.ts';

await describeMutants('v1');
