import type { TestProject } from 'vitest/node'
import { startStack } from '../../src/stack/stack.js'
import type {} from './inject-stack.js'

/** Global set-up of the project `stack`: one broker and one registry for all its files. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await startStack({ env: process.env, say: (line) => console.error(`stack: ${line}`) })
  project.provide('stack', { brokers: [...stack.brokers], registryUrl: stack.registryUrl })
  return stack.stop
}
