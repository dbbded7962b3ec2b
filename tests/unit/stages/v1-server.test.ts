import { describe } from 'vitest';
import { FULL } from '../../full.ts';
import { inOneFile, serves } from './server-promises.ts';

// Its shell between network and session is that of stage 2, to the octet.
describe.runIf(FULL)('in full', () => serves('v1-smtp', inOneFile));
