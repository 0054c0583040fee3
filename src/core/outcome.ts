import type { Failure, SkipCode } from './failure.js'

/** What a step returns: go on with a value, or one of the ways an event ends. */
export type Step<T> = { readonly kind: 'ok'; readonly value: T } | Ending

export type Ending =
  | { readonly kind: 'skip'; readonly code: SkipCode }
  | { readonly kind: 'dead'; readonly failure: Failure }
  | { readonly kind: 'delay'; readonly failure: Failure }

/** `outcome` column of attestr.Outcome: product.md section 7. */
export type OutcomeKind = 'VERIFIED' | 'DEAD' | 'SKIPPED' | 'DELAYED'

export const ok = <T>(value: T): Step<T> => ({ kind: 'ok', value })
export const skip = (code: SkipCode): Ending => ({ kind: 'skip', code })
export const dead = (failure: Failure): Ending => ({ kind: 'dead', failure })
export const delay = (failure: Failure): Ending => ({ kind: 'delay', failure })
