import type { Failure, SkipCode } from './failure.js'

/** What a step returns: go on with a value, or one of the ways an event ends. */
export type Step<T> = { readonly kind: 'ok'; readonly value: T } | Ending

export type Ending =
  | { readonly kind: 'skip'; readonly code: SkipCode }
  | { readonly kind: 'dead'; readonly failure: Failure }
  | { readonly kind: 'delay'; readonly failure: Failure; readonly tiers: DelayTiers }

/**
 * Which retry topics an event may take. `all`: the one of its attempt, the dead letter after the last. `one`: a single delay
 * in its chain. `last`: nothing proves that the API works, so after the last one the last one again.
 */
export type DelayTiers = 'all' | 'one' | 'last'

/** `outcome` column of attestr.Outcome: product.md section 7. */
export type OutcomeKind = 'VERIFIED' | 'DEAD' | 'SKIPPED' | 'DELAYED'

export const ok = <T>(value: T): Step<T> => ({ kind: 'ok', value })
export const skip = (code: SkipCode): Ending => ({ kind: 'skip', code })
export const dead = (failure: Failure): Ending => ({ kind: 'dead', failure })
export const delay = (failure: Failure, tiers: DelayTiers): Ending => ({ kind: 'delay', failure, tiers })
