import { checkOrigin } from './check-origin.js'
import type { Facts } from './facts.js'
import { createJudge } from './judge.js'
import { createOriginStore, ORIGIN_LIMITS, type OriginLimits } from './origins.js'
import { createReach } from './reach.js'
import type { Scope } from './scope.js'
import { type Counts, createTally, type Unprovable, type Violation } from './tally.js'

/** What was found. Valid until `close`. */
export interface Findings {
  readonly counts: Counts
  readonly unprovable: readonly Unprovable[]
  /** In the order of their places when they are at most 1,000. */
  violations(): Iterable<Violation>
}

/** Takes rows in any order, then judges them. Memory is bounded whatever their number. */
export interface Proof {
  add(facts: Facts): void
  /** A message on a topic of ours that is not what belongs there. */
  unreadable(at: Facts['at']): void
  conclude(): Findings
  close(): void
}

/**
 * Makes the part of the proof that needs no broker.
 *
 * In:     scope   what was read, and which messages must be done
 * Throws: errors of the file system; see createChunkStore
 */
export function createProof(scope: Scope, limits: OriginLimits = ORIGIN_LIMITS): Proof {
  const store = createOriginStore(limits)
  const reach = createReach(scope)
  const tally = createTally()
  const unreadable: Proof['unreadable'] = (at) =>
    tally.found({ kind: 'row-unreadable', at, origin: null, detail: '' })
  return {
    unreadable,
    add(facts) {
      count(tally.counts, facts, scope)
      reach.saw(facts.at, facts.seconds)
      if (!store.add(facts)) unreadable(facts.at)
    },
    conclude() {
      reach.settle(store.rows)
      for (const entry of store.origins()) {
        if (entry.kind === 'origin') {
          checkOrigin(entry.rows, createJudge(scope, reach, tally, entry.rows.origin))
        } else {
          const { origin } = entry
          tally.found({
            kind: 'origin-overgrown',
            at: origin,
            origin,
            detail: `${entry.rows} rows, not checked`,
          })
        }
      }
      return { counts: tally.counts, unprovable: tally.unprovable(), violations: tally.violations }
    },
    close() {
      store.close()
      tally.close()
    },
  }
}

type Mutable = { -readonly [Name in keyof Counts]: Counts[Name] }

const OUTCOME_COUNTS = {
  VERIFIED: 'verified',
  DEAD: 'dead',
  SKIPPED: 'skipped',
  DELAYED: 'delayed',
} as const satisfies Record<string, keyof Counts>

const INPUT_COUNTS = {
  event: 'events',
  retry: 'retries',
  replay: 'replays',
} as const satisfies Record<string, keyof Counts>

function count(counts: Mutable, facts: Facts, scope: Scope): void {
  switch (facts.kind) {
    case 'message': {
      const kind = scope.inputs.get(facts.at.topic)?.kind
      counts.messages += 1
      if (kind !== undefined) counts[INPUT_COUNTS[kind]] += 1
      break
    }
    case 'outcome':
      counts[OUTCOME_COUNTS[facts.outcome]] += 1
      break
    case 'record':
      counts.records += 1
      break
    case 'deadLetter':
      counts.deadLetters += 1
  }
}
