import path from 'node:path';
import { kills, survivesKills } from './kills.ts';
import { recipients } from './load.ts';
import { readReceptions } from './store.ts';

survivesKills({
  promise: 'stage 3',
  stage: 'v3-pop3',
  args: [],
  kills,
  read: readReceptions,
  writtenTo: recipients.map((recipient) => path.join(recipient, 'tmp')),
  isNeverTorn: true,
});
