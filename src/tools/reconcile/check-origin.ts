import { checkDeadLetters } from './check-dead-letters.js'
import { checkDelays } from './check-delays.js'
import { checkMessages } from './check-messages.js'
import { checkRecords } from './check-records.js'
import type { OriginFacts } from './facts.js'
import type { Judge } from './judge.js'
import { unitsOf } from './units.js'

/**
 * Checks everything about one first event: each consumed message of its chains has one outcome, each delay is continued by
 * one retry message, so that each chain ends once, and what the outcomes tell of is there, whole and once.
 *
 * Source: product.md P1, P2 and section 7, Outcome
 */
export function checkOrigin(rows: OriginFacts, judge: Judge): void {
  const units = unitsOf(rows)
  checkMessages(rows, judge)
  for (const unit of units.values()) checkRecords(rows.origin, unit, judge)
  checkDelays(units, judge)
  checkDeadLetters(rows, judge)
}
