import { inOneFile, serves } from './server-promises.ts';

serves('v1-smtp', inOneFile);
