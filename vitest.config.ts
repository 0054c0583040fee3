import { defineConfig } from 'vitest/config'

/** Folders of tests that speak to the real broker and registry; all others speak to nothing outside their process. */
const withStack = ['stack', 'contract', 'kafka', 'journey'].map((tier) => `test/${tier}/**/*.test.ts`)
/** The short form of the long proofs; some need a quiet machine, or take long. */
const chaos = ['test/chaos/**/*.test.ts']
const quiet = ['test/chaos/quiet.test.ts', 'test/chaos/planted.test.ts']

const onStack = {
  globalSetup: ['test/support/start-stack.ts'],
  setupFiles: ['test/support/inject-stack.ts'],
  fileParallelism: false,
  testTimeout: 180_000,
  hookTimeout: 180_000,
}

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
      // After the fast tests, which take every core.
      { test: { ...onStack, name: 'stack', include: withStack, sequence: { groupOrder: 1 } } },
      { test: { ...onStack, name: 'chaos', include: chaos, exclude: quiet, sequence: { groupOrder: 2 } } },
      { test: { ...onStack, name: 'quiet', include: quiet, sequence: { groupOrder: 3 } } },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
    },
  },
})
