import { inject } from 'vitest'
import { useStack } from './stack.js'

declare module 'vitest' {
  interface ProvidedContext {
    stack: { brokers: string[]; registryUrl: string }
  }
}

/** Set-up of each file of the project `stack`. */
useStack(inject('stack'))
