import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    stack: { brokers: string[]; registryUrl: string }
  }
}

/** The broker and the registry that were started once for the whole test run. */
export function stack(): { readonly brokers: string[]; readonly registryUrl: string } {
  return inject('stack')
}
