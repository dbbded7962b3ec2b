import { kills, survivesKills } from './kills.ts';
import { readMailboxFiles, readMessageFiles } from './store.ts';

survivesKills({
  promise: 'stage 1',
  stage: 'v1-smtp',
  args: [],
  kills,
  read: readMailboxFiles,
});

// Stage 2 stores as stage 1 does, so it gets a tenth of the kills.
const fewer = Math.max(1, Math.round(kills / 10));

survivesKills({
  promise: 'stage 2',
  stage: 'v2-helo',
  args: [],
  kills: fewer,
  read: readMailboxFiles,
});

survivesKills({
  promise: 'stage 2 filing by sender',
  stage: 'v2-helo',
  args: ['--file-by', 'sender'],
  kills: fewer,
  read: readMessageFiles,
});
