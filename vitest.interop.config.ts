import { defineConfig } from 'vitest/config';

/** Real mail programs against the reference servers: `npm run test:interop`. */
export default defineConfig({
  test: {
    include: ['tests/interop/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // The tests wait for programs: vitest's own count (cores less one) idles.
    maxWorkers: 3,
    // Names the skipped tests, and why.
    reporters: ['verbose'],
  },
});
