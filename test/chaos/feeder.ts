/** Writes the events of a workload while a run goes on. */
import type { NewMessage } from '../support/broker.js'
import { pause } from './proof.js'

export interface Feeder {
  /** So many may have been written from now on. */
  allow(total: number): void
  sent(): number
  /** Everything was written, or `stop` was called. Throws what a write threw. */
  readonly done: Promise<void>
  stop(): Promise<void>
}

export interface FeederOptions {
  readonly total: number
  readonly message: (n: number) => NewMessage
  readonly send: (messages: readonly NewMessage[]) => Promise<void>
  /** Events a second; as fast as allowed if left out. */
  readonly perSecond?: number
}

const BATCH = 200
const IDLE_MS = 20

export function startFeeder({ total, message, send, perSecond }: FeederOptions): Feeder {
  let allowed = perSecond === undefined ? 0 : total
  let sent = 0
  let stopped = false
  const startedAt = performance.now()
  const due = (): number => {
    if (perSecond === undefined) return allowed
    return Math.min(allowed, Math.floor((perSecond * (performance.now() - startedAt)) / 1000))
  }
  async function run(): Promise<void> {
    while (sent < total && !stopped) {
      const count = Math.min(BATCH, due() - sent)
      if (count <= 0) {
        await pause(IDLE_MS)
        continue
      }
      const from = sent
      await send(Array.from({ length: count }, (_, index) => message(from + index)))
      sent += count
    }
  }
  const done = run()
  // Whoever waits for the end hears of it; until then it is nobody's.
  done.catch(() => undefined)
  return {
    allow(upTo) {
      allowed = Math.min(total, Math.max(allowed, Math.ceil(upTo)))
    },
    sent: () => sent,
    done,
    async stop() {
      stopped = true
      await done.catch(() => undefined)
    },
  }
}
