import { defineConfig } from 'vitest/config';

// Config files are the one place where a default export is the interface.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/harness/global.ts'],
    setupFiles: ['test/harness/seed.ts', 'test/harness/checked.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // All processors: by default one is left idle, and there may be only two.
    maxWorkers: '100%',
    coverage: { provider: 'v8', include: ['isa/**/*.ts', 'compiler/**/*.ts', 'sim/**/*.ts', 'src/**/*.ts'] },
  },
});
