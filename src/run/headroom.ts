import { onAbort } from '../core/abort.js'
import type { Clock, Metrics } from '../core/ports.js'
import type { Lane } from './lane.js'

/** How long a topic keeps messages, in ms: Infinity for ever, null where it cannot be asked. */
export type RetentionOf = (topic: string) => Promise<number | null>

export interface HeadroomDeps {
  readonly clock: Clock
  readonly metrics: Pick<Metrics, 'set'>
  readonly config: { readonly topics: { readonly events: readonly string[] } }
  readonly retentionOf?: RetentionOf
  readonly signal: AbortSignal
}

/** Somebody may change it while we run. */
const ASK_MS = 600_000

/**
 * Tells how long a pause may last before retention takes events that were not read: over all events topics, what they keep less
 * the age of the oldest message that is not committed.
 *
 * Out:    shows the gauge; `+Inf` where everything is kept, `NaN` where retention cannot be asked
 * Source: product.md section 8; retention by size cannot be told in time
 */
export function createHeadroom({ clock, metrics, config, retentionOf, signal }: HeadroomDeps) {
  const topics = config.topics.events
  const kept = new Map<string, number>()
  let cancel = (): void => undefined
  const ask = async (of: RetentionOf): Promise<void> => {
    for (const topic of topics) {
      const ms = await of(topic).catch(() => kept.get(topic) ?? null)
      if (ms === null) kept.delete(topic)
      else kept.set(topic, ms)
    }
    if (!signal.aborted) cancel = clock.after(ASK_MS, () => void ask(of))
  }
  if (retentionOf !== undefined) {
    onAbort(signal, () => cancel())
    void ask(retentionOf)
  }
  return (lanes: readonly Pick<Lane, 'at' | 'figures'>[]): void => {
    const now = clock.now()
    const left = topics.map((topic) => {
      const ages = lanes.map(({ at, figures }) =>
        at.topic === topic ? now - (figures.oldestTimestamp ?? now) : 0,
      )
      return (kept.get(topic) ?? Number.NaN) - Math.max(0, ...ages)
    })
    metrics.set('attestr_retention_headroom_seconds', Math.min(...left) / 1000)
  }
}
