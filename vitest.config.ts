import { defineConfig } from 'vitest/config'

/** Folders of tests that speak to the real broker and registry; all others speak to nothing outside their process. */
const withStack = ['stack', 'contract', 'kafka', 'journey'].map((tier) => `test/${tier}/**/*.test.ts`)
/** The short form of the long proofs. */
const chaos = ['test/chaos/**/*.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [...withStack, ...chaos],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'stack',
          include: withStack,
          globalSetup: ['test/support/start-stack.ts'],
          setupFiles: ['test/support/inject-stack.ts'],
          fileParallelism: false,
          // After the fast tests, which take every core.
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'chaos',
          include: chaos,
          globalSetup: ['test/support/start-stack.ts'],
          setupFiles: ['test/support/inject-stack.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
    },
  },
})
