import { setTimeout as delay } from 'node:timers/promises'
import type { EventForm } from './backlog.js'
import { processCpu, processMemory } from './readings.js'
import type { Rig } from './rig.js'
import { startSubject } from './subjects.js'
import { noteLoad, watch } from './watch.js'

export interface IdleRun {
  readonly load: number
  /** CPU of each minute after the last event, as a share of one core (0 to 1). */
  readonly minutes: readonly number[]
  readonly rss: number
}

const CELL = { concurrency: 64, latencyMs: 50 }
const EVENTS = 3_000
const MINUTE_MS = 60_000

/** What the connector costs when nothing comes: 12 partitions, nothing asks for its metrics. */
export async function runIdle(
  rig: Rig,
  options: { readonly idleMinutes: number; readonly form: EventForm },
): Promise<IdleRun> {
  const simulator = await rig.simulator({ latencyMs: CELL.latencyMs, profile: 'small' })
  const backlog = await rig.backlog({ count: EVENTS, form: options.form, profile: 'small' })
  const load = noteLoad(rig.say, `idle: ${options.idleMinutes} minutes after ${EVENTS} events`)
  const name = rig.name()
  const subject = await startSubject(rig, {
    ...{ subject: 'exactly-once', cell: CELL, eventsTopic: backlog.topic, simulator, name },
  })
  await watch({ rig, subject, simulator }, { count: EVENTS, maxMs: 120_000 })
  const minutes: number[] = []
  const startedAt = performance.now()
  let before = processCpu(subject.child.pid)
  let beforeMs = startedAt
  for (let minute = 1; minute <= Math.ceil(options.idleMinutes); minute += 1) {
    const endMs = startedAt + Math.min(minute, options.idleMinutes) * MINUTE_MS
    await delay(endMs - performance.now())
    const [now, nowMs] = [processCpu(subject.child.pid), performance.now()]
    minutes.push((now - before) / ((nowMs - beforeMs) / 1000))
    before = now
    beforeMs = nowMs
    rig.say(`  minute ${minute}: ${(100 * (minutes.at(-1) ?? 0)).toFixed(2)} % of a core`)
  }
  const { rss } = processMemory(subject.child.pid)
  await subject.stop()
  await rig.deleteTopics(`${name}.`)
  return { load, minutes, rss }
}
