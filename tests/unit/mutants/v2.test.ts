/** The mutants of stage 2: see `tests/mutants/promises.ts`. */
import { describeMutants } from '../../mutants/promises.ts';

await describeMutants('v2');
