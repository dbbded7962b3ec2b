import path from 'node:path';
import { kills, stage, survivesKills } from './kills.ts';
import { recipients } from './load.ts';
import { readReceptions } from './store.ts';

survivesKills({
  promise: 'stage 3',
  start: stage('v3-pop3'),
  kills,
  read: readReceptions,
  writtenTo: recipients.map((recipient) => path.join(recipient, 'tmp')),
  isNeverTorn: true,
});
