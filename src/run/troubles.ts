import type { SystemicReason } from '../core/work.js'

/** Why the system is paused. Source: product.md sections 4 and 8 */
export type PauseCause = SystemicReason | 'broker-down' | 'media-down' | 'flood'

/** Nothing is paused for these: what waits for a commit or a file is held, and its bounds stop the reading. */
export const isWaiting = (cause: PauseCause): cause is 'broker-down' | 'media-down' =>
  cause === 'broker-down' || cause === 'media-down'

/** Whose trouble it is: each begins and ends by itself. */
export type TroubleKind = 'api' | 'registry' | 'flood' | 'media' | 'broker'

export interface Trouble {
  readonly reason: PauseCause
  /** The credential it came with; null when it has nothing to do with one. */
  readonly credential: string | null
  /** Epoch ms: since when, whatever the reason was at first. */
  readonly since: number
  /** The same in monotonic ms. */
  readonly begin: number
}

/** The most telling first: what an operator must mend stands before what mends itself. */
const KINDS: readonly TroubleKind[] = ['api', 'registry', 'flood', 'media', 'broker']

/** All trouble there is now. */
export interface Troubles {
  get(kind: TroubleKind): Trouble | null
  /** Out: true when it begins. The reason of trouble that is there already is renewed; when it began stays. */
  set(kind: TroubleKind, trouble: Trouble): boolean
  /** Out: false when there was none. */
  clear(kind: TroubleKind): boolean
  /** The most telling one. */
  first(): Trouble | null
  /** The most telling first. */
  reasons(): readonly PauseCause[]
}

export function createTroubles(): Troubles {
  const now = new Map<TroubleKind, Trouble>()
  const inOrder = (): Trouble[] => KINDS.flatMap((kind) => now.get(kind) ?? [])
  return {
    get: (kind) => now.get(kind) ?? null,
    set(kind, trouble) {
      const known = now.get(kind)
      now.set(kind, known === undefined ? trouble : { ...trouble, since: known.since, begin: known.begin })
      return known === undefined
    },
    clear: (kind) => now.delete(kind),
    first: () => inOrder()[0] ?? null,
    reasons: () => inOrder().map(({ reason }) => reason),
  }
}

/** While a quota of a day is used up, asking more often tells nothing. */
const DAILY_PROBE_MS = 60_000

/**
 * Ms from the end of a probe to the next one: a tenth of the outage so far, within bounds.
 *
 * Source: product.md section 8
 */
export function probeIntervalMs(
  { reason, begin }: Trouble,
  now: number,
  bounds: { readonly probeMs: number; readonly maxProbeMs: number },
): number {
  const leastMs = reason === 'daily-quota' ? Math.max(DAILY_PROBE_MS, bounds.probeMs) : bounds.probeMs
  return Math.min(Math.max((now - begin) / 10, leastMs), bounds.maxProbeMs)
}
