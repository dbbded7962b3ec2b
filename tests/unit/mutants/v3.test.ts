/** The mutants of stage 3: see `tests/mutants/promises.ts`. */
import { describeMutants } from '../../mutants/promises.ts';

await describeMutants('v3');
