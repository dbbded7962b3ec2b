/** The mutants of stage 4: see `tests/mutants/promises.ts`. */
import { describeMutants } from '../../mutants/promises.ts';

await describeMutants('v4');
