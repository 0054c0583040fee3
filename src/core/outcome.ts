import type { Failure, SkipCode } from './failure.js'

/** What a step returns: go on with a value, or one of the ways an event ends. */
export type Step<T> = { readonly kind: 'ok'; readonly value: T } | Ending

export type Ending =
  | { readonly kind: 'skip'; readonly code: SkipCode }
  | { readonly kind: 'dead'; readonly failure: Failure }
  | { readonly kind: 'delay'; readonly failure: Failure; readonly tiers: DelayTiers }

/**
 * Which retry topic an event goes to. `all`: the next one for its attempt, a dead letter after the last. `one`: at most
 * one delay in the chain. `last`: nothing proves that the API works, so the last one, whatever the attempt.
 *
 * Source: product.md sections 4 and 8
 */
export type DelayTiers = 'all' | 'one' | 'last'

/** `outcome` column of attestr.Outcome: product.md section 7. */
export type OutcomeKind = 'VERIFIED' | 'DEAD' | 'SKIPPED' | 'DELAYED'

export const ok = <T>(value: T): Step<T> => ({ kind: 'ok', value })
export const skip = (code: SkipCode): Ending => ({ kind: 'skip', code })
export const dead = (failure: Failure): Ending => ({ kind: 'dead', failure })
export const delay = (failure: Failure, tiers: DelayTiers): Ending => ({ kind: 'delay', failure, tiers })
