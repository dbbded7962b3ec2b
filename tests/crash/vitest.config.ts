import { defineConfig } from 'vitest/config';

/** `npm run test:crash`: the crash tests at full length. `KILLS=20 SEED=7 npm run test:crash` replays. */
export default defineConfig({
  test: {
    include: ['tests/crash/**/*.test.ts'],
    env: { KILLS: process.env.KILLS ?? '100' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // They mostly wait: for a server to start, and for the disk.
    maxWorkers: 3,
    reporters: ['verbose'],
  },
});
