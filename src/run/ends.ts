import { sleep } from '../core/abort.js'
import type { Clock } from '../core/ports.js'
import type { Lane } from './lane.js'

/** The end of each partition of a topic. Throws when the cluster cannot be asked. */
export type EndsOf = (topic: string) => Promise<ReadonlyMap<number, number>>

export interface EndsDeps {
  readonly clock: Clock
  readonly lanes: () => readonly Pick<Lane, 'at' | 'state' | 'position' | 'pauses' | 'seeEnd'>[]
  readonly endsOf?: EndsOf
  readonly signal: AbortSignal
}

const ASK_MS = 10_000

/** It knows what is committed. */
const hasBegun = ({ state, position }: Pick<Lane, 'state' | 'position'>): boolean =>
  state === 'running' || state === 'lost' || (state === 'idle' && position >= 0)

/**
 * Tells lanes that are paused where their partitions end: they are not read, and their lag would stand still.
 *
 * Source: product.md section 11, lag
 */
export function watchEnds({ clock, lanes, endsOf, signal }: EndsDeps): void {
  if (endsOf !== undefined) void watch(endsOf)

  async function watch(ask: EndsOf): Promise<void> {
    while (await sleep(clock, ASK_MS, signal)) {
      const paused = lanes().filter((lane) => hasBegun(lane) && lane.pauses.reasons().length > 0)
      for (const topic of new Set(paused.map(({ at }) => at.topic))) {
        const ends = await ask(topic).catch(() => null)
        if (signal.aborted) return
        for (const lane of paused) {
          const end = lane.at.topic === topic ? ends?.get(lane.at.partition) : undefined
          if (end !== undefined) lane.seeEnd(end)
        }
      }
    }
  }
}
