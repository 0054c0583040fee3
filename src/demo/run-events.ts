import { pauseFor } from '../core/backoff.js'
import type { Clock } from '../core/ports.js'
import type { Publisher } from '../io/kafka/publisher.js'
import type { Writers } from './cases.js'
import type { ConnectorProcess } from './connector-process.js'
import { DemoFault } from './fault.js'
import type { Plan } from './plan.js'

export interface Progress {
  readonly fed: number
  readonly outcomes: number
  /** Outcomes over the last second or so. */
  readonly perSecond: number
}

export interface RunEventsOptions {
  readonly plan: Plan
  readonly writers: Writers
  readonly publisher: Publisher
  readonly connector: ConnectorProcess
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

const POLL_MS = 250
const RATE_POLLS = 5
const READY_MS = 60_000
const STALLED_MS = 60_000
/** Slow enough to watch, and for every fault to lie among calls that succeed. */
const FEED_STEPS = 25
const FEED_STEP_MS = 200

/**
 * Waits for the connector, feeds the events and waits until it tells of an outcome for each.
 *
 * Out:    ms from the first event to the last outcome
 * Throws: DemoFault when the connector ends or stands still
 */
export async function runEvents(options: RunEventsOptions): Promise<number> {
  const { connector, clock, plan, onProgress } = options
  const opsUrl = await connector.opsUrl
  const ended = connector.ended.then((how) => {
    throw new DemoFault(
      `the connector ended: ${how}`,
      `Its log ends with:\n${indented(connector.lastLines())}`,
    )
  })
  const work = async (): Promise<number> => {
    await untilReady(opsUrl, options)
    const startedAt = clock.monotonic()
    let fed = 0
    const feeding = feed(options, (count) => {
      fed += count
    })
    const rateOf = createRate(clock)
    const watching = watch(opsUrl, options, (outcomes) => {
      onProgress({ fed, outcomes, perSecond: rateOf(outcomes) })
      return outcomes >= plan.events.length
    })
    await Promise.all([feeding, watching])
    return clock.monotonic() - startedAt
  }
  return Promise.race([work(), ended])
}

async function untilReady(opsUrl: string, { clock, signal }: RunEventsOptions): Promise<void> {
  const startedAt = clock.monotonic()
  while (clock.monotonic() - startedAt < READY_MS) {
    const answer = await fetch(`${opsUrl}/readyz`).catch(() => null)
    if (answer?.ok === true) return
    if (!(await pauseFor(clock, POLL_MS, signal))) return
  }
  throw new DemoFault('the connector is not ready after a minute', 'Is this machine very busy? Try again.')
}

async function feed(options: RunEventsOptions, onFed: (count: number) => void): Promise<void> {
  const { plan, writers, publisher, clock, signal } = options
  const step = Math.ceil(plan.events.length / FEED_STEPS)
  for (let at = 0; at < plan.events.length; at += step) {
    const stepEndsAt = clock.monotonic() + FEED_STEP_MS
    const events = plan.events.slice(at, at + step).map(({ handshakeId, kind }) => ({
      key: Buffer.from(handshakeId),
      value: kind.write(handshakeId, writers),
    }))
    await publisher.publish(events)
    onFed(events.length)
    if (!(await pauseFor(clock, Math.max(0, stepEndsAt - clock.monotonic()), signal))) return
  }
}

/** How fast a count grows, over the last few times it was told. */
function createRate(clock: Clock): (count: number) => number {
  const told: { readonly at: number; readonly count: number }[] = []
  return (count) => {
    const now = { at: clock.monotonic(), count }
    told.push(now)
    if (told.length > RATE_POLLS) told.shift()
    const first = told[0] ?? now
    return now.at === first.at ? 0 : ((count - first.count) * 1000) / (now.at - first.at)
  }
}

/** Asks the connector how many outcomes it has committed, until `onCount` says that is enough. */
async function watch(
  opsUrl: string,
  { clock, signal }: RunEventsOptions,
  onCount: (outcomes: number) => boolean,
): Promise<void> {
  let last = -1
  let changedAt = clock.monotonic()
  while (await pauseFor(clock, POLL_MS, signal)) {
    const outcomes = await outcomesOf(opsUrl)
    if (outcomes !== last) changedAt = clock.monotonic()
    last = outcomes
    if (onCount(outcomes)) return
    if (clock.monotonic() - changedAt > STALLED_MS) {
      throw new DemoFault('no outcome for a minute', 'Is this machine very busy? Try again.')
    }
  }
}

async function outcomesOf(opsUrl: string): Promise<number> {
  const text = await fetch(`${opsUrl}/metrics`).then(
    (answer) => answer.text(),
    () => '',
  )
  let sum = 0
  for (const [, value] of text.matchAll(/^attestr_outcomes_total\{[^}]*\} (\S+)$/gm)) sum += Number(value)
  return sum
}

const indented = (lines: readonly string[]): string => lines.map((line) => `    ${line}`).join('\n')
