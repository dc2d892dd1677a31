import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const conditions = ['limpid-source', 'module', 'node', 'development|production'];

/** Benches, one after the other, apart from the tests: `npx vitest run --config test/bench/vitest.config.ts`. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/bench/**/*.bench.ts'],
    globalSetup: ['test/support/build-once.ts'],
    fileParallelism: false,
    disableConsoleIntercept: true,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});
