import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts', 'uml/**/*.test.ts', 'docs/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'tests/interop/**'],
    testTimeout: 30_000,
    // Most of these tests start a server and wait for it: vitest's own count (cores less one) idles.
    maxWorkers: 3,
  },
});
