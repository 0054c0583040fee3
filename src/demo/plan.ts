import type { FaultScript } from '../simulator/faults.js'
import { handshakeIdFor } from '../simulator/ids.js'
import { hash32 } from '../simulator/random.js'
import { type DemoCase, type DemoEnd, PLAIN, SPECIAL } from './cases.js'

export interface PlannedEvent {
  readonly handshakeId: string
  readonly kind: DemoCase
}

export interface Plan {
  readonly events: readonly PlannedEvent[]
  readonly script: FaultScript
  /** How many events must end in each way, by `endName`. */
  readonly expected: ReadonlyMap<string, number>
}

const SHARE_OF_A_KIND = 0.004
/** The last events are plain: with calls that succeed around them, those that fail show that they alone are at fault. */
const SPECIAL_UNTIL = 0.7

/** One name for an outcome and its code. */
export const endName = ({
  outcome,
  code,
}: {
  readonly outcome: string
  readonly code: string | null
}): string => (code === null ? outcome : `${outcome} ${code}`)

/**
 * Plans the events of a demo: mostly plain ones of all forms, and every special kind spread among them.
 *
 * In:   count  within the bounds of bounds.ts
 *       seed   of the simulator
 * Out:  the same plan for the same numbers; each event but a repeated one has a handshake of its own
 */
export function createPlan(count: number, seed: number): Plan {
  const kinds = spread(specials(count), count)
  const handshakes: Record<string, DemoCase['rules']> = {}
  const expected = new Map<string, number>()
  let lastPlain = 0
  const events = kinds.map((kind, n): PlannedEvent => {
    const handshakeId = handshakeIdFor(seed, kind.repeats === true ? lastPlain : n)
    if (kind.rules.length > 0) handshakes[handshakeId] = kind.rules
    if (PLAIN.includes(kind)) lastPlain = n
    const name = endName(kind.end satisfies DemoEnd)
    expected.set(name, (expected.get(name) ?? 0) + 1)
    return { handshakeId, kind }
  })
  return { events, script: { handshakes }, expected }
}

/** Every special kind as often as it is wanted, mixed. */
function specials(count: number): DemoCase[] {
  const share = Math.max(1, Math.floor(count * SHARE_OF_A_KIND))
  return SPECIAL.flatMap((kind) =>
    Array.from({ length: Math.min(share, kind.fixed ?? share) }, (_, round) => ({
      kind,
      order: hash32(`${kind.name} ${round}`, 1),
    })),
  )
    .sort((a, b) => a.order - b.order)
    .map(({ kind }) => kind)
}

/** Places them at even distances, never first; plain kinds take turns in between. */
function spread(wanted: readonly DemoCase[], count: number): DemoCase[] {
  const places = new Map(
    wanted.map((kind, n) => [Math.floor(((n + 1) * count * SPECIAL_UNTIL) / wanted.length), kind]),
  )
  let turn = 0
  return Array.from({ length: count }, (_, n) => places.get(n) ?? (PLAIN[turn++ % PLAIN.length] as DemoCase))
}
