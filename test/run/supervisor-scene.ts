/** A supervisor on a virtual clock, its lanes by hand, and events that ask it for permits. */
import type { SystemicDetail, SystemicReason } from '../../src/core/work.js'
import { createVirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryLog } from '../../src/io/memory/log.js'
import { createMemoryMetrics } from '../../src/io/memory/metrics.js'
import { createSupervisor } from '../../src/run/supervisor.js'
import type { PausedLanes } from '../../src/run/system-pauses.js'

export const START = 5000
export const ANSWER_MS = 15_000

export const detailOf = (handshakeId: string, more: Partial<SystemicDetail> = {}): SystemicDetail => ({
  ...{ handshakeId, credentialId: 'main', httpStatus: 401, attestrCode: 4016 },
  ...more,
})

export interface SceneOptions {
  readonly exits?: boolean
  /** True: it has not started yet. */
  readonly starts?: boolean
  readonly concurrency?: number
}

export function createScene(options: SceneOptions = {}) {
  const clock = createVirtualClock({ start: START })
  const log = createMemoryLog()
  const metrics = createMemoryMetrics()
  const exits: SystemicReason[] = []
  const notes: string[] = []
  let admits = (): boolean => false
  let openAt = 0
  const heads = new Set<AbortSignal>()
  const lanes: PausedLanes = {
    pauseAll: (reason) => void notes.push(`pause ${reason}`),
    resumeAll: (reason) => void notes.push(`resume ${reason}`),
    admitOne(waiting) {
      notes.push(`admit ${waiting}`)
      return admits()
    },
    heads: () => heads,
  }
  const supervisor = createSupervisor({
    ...{ clock, log, metrics, lanes: () => lanes, heldMs: () => Math.max(0, openAt - clock.monotonic()) },
    bounds: {
      ...{ probeMs: 1000, maxProbeMs: 60_000 },
      ...{ breakerFailures: 10, concurrency: options.concurrency ?? 8, answerMs: ANSWER_MS },
    },
    ...(options.exits === true ? { onExit: (reason: SystemicReason) => void exits.push(reason) } : {}),
  })
  if (options.starts !== true) supervisor.enter('running')

  const permits: string[] = []
  const controllers = new Map<string, AbortController>()
  /** An event asks. Out: null, or a promise of its permit; permits that were given are noted in order. */
  const ask = (name: string): Promise<boolean> | null => {
    const controller = controllers.get(name) ?? new AbortController()
    controllers.set(name, controller)
    const permit = supervisor.waitUntilRunning(controller.signal)
    void permit?.then((given) => given && permits.push(name))
    return permit
  }
  return {
    ...{ clock, log, metrics, exits, notes, heads, supervisor, permits, controllers, ask },
    /** Until then no call may go out at all. */
    holdUntil: (at: number) => {
      openAt = at
    },
    onAdmit: (admit: () => boolean) => {
      admits = admit
    },
    /** Whether calls are allowed to all. */
    isOpen: (): boolean => supervisor.waitUntilRunning(AbortSignal.abort()) === null,
    /** Permits given since the last look. */
    given: (): string[] => permits.splice(0),
    changes: (): string[] =>
      log
        .of('state-changed')
        .map(({ fields }) => `${fields['from']} ${fields['to']} ${fields['reason'] ?? ''}`),
  }
}

export type Scene = ReturnType<typeof createScene>
