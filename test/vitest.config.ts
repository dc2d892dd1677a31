import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const conditions = ['limpid-source', 'module', 'node', 'development|production'];

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  ssr: { resolve: { conditions } },
  test: {
    include: ['sdk/src/**/*.test.ts', 'gateway/src/**/*.test.ts', 'simulators/src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/build-once.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
