import { kills, stage, survivesKills } from './kills.ts';
import { readMailboxFiles, readMessageFiles } from './store.ts';

survivesKills({
  promise: 'stage 1',
  start: stage('v1-smtp'),
  kills,
  read: readMailboxFiles,
});

// Stage 2 stores as stage 1 does, so it gets a tenth of the kills.
const fewer = Math.max(1, Math.round(kills / 10));

survivesKills({
  promise: 'stage 2',
  start: stage('v2-helo'),
  kills: fewer,
  read: readMailboxFiles,
});

survivesKills({
  promise: 'stage 2 filing by sender',
  start: stage('v2-helo', '--file-by', 'sender'),
  kills: fewer,
  read: readMessageFiles,
});
