import { defineConfig } from 'vitest/config';

/** `npm run test:load`: the load tests at full length. `SECONDS=120 npm run test:load` takes longer. */
export default defineConfig({
  test: {
    include: ['tests/load/**/*.test.ts'],
    // A shell has a SECONDS of its own, which it does not hand on unless it is told to.
    env: { SECONDS: process.env.SECONDS ?? '30' },
    // Each has the machine for itself.
    fileParallelism: false,
    hookTimeout: 60_000,
    reporters: ['verbose'],
  },
});
