import { topicsRead } from '../../src/config/topics-read.js'
import type { LogLine } from '../../src/io/memory/log.js'
import { describeViolations, judge, type Violation } from '../support/judge.js'
import { type Crew, createCrew } from './crew.js'
import type { Doubles } from './instance.js'
import { drawPlan, type Plan } from './plan.js'
import { createWorld, type World } from './world.js'

export interface Report {
  readonly seed: number
  readonly plan: Plan
  readonly violations: readonly Violation[]
  /** The run itself did not end as it must: something hangs. */
  readonly problems: readonly string[]
  /** What was done to the processes, and when. */
  readonly journal: readonly string[]
  readonly virtualMs: number
  readonly calls: number
  /** Messages on retry topics. */
  readonly delays: number
  readonly assignments: number
  /** What the connectors warned of, and how often. */
  readonly warnings: readonly string[]
}

/** Long enough for sessions, transactions, back-off and delays to run out one after another, and no connector needs it. */
const END_LIMIT_MS = 1_200_000
/** For processes that woke up late to do their worst. */
const AFTERMATH_MS = 12_000
const STOP_LIMIT_MS = 60_000
/** After it even the time-out of a lost request is over. */
const QUIET_MS = 20_000

/**
 * Lets a seed's world run to its end and judges what it has left.
 *
 * In:     doubles   faults of the connector, planted to see the judge find them
 */
export async function runSeed(seed: number, doubles: Doubles = {}): Promise<Report> {
  const plan = drawPlan(seed)
  const world = createWorld(plan, doubles)
  const crew = createCrew(world)
  const problems: string[] = []
  for (let i = 0; i < plan.processes; i += 1) crew.start()
  // A calm world has its group together before the first event: an assignment that changes costs calls.
  if (plan.calm) await world.clock.advance(5000)
  schedule(world, crew)
  await world.clock.advance(plan.chaosMs)
  world.calmDown()
  crew.thawAll()
  if (!(await world.clock.runUntil(() => world.consumed(), END_LIMIT_MS))) problems.push(stuck(world, crew))
  await world.clock.advance(AFTERMATH_MS)
  // At least once, a late writer may have doubled a delay.
  if (!(await world.clock.runUntil(() => world.consumed(), END_LIMIT_MS))) problems.push(stuck(world, crew))
  const stopping = crew.stopAll()
  if (!(await world.clock.runUntil(() => stopping.done(), STOP_LIMIT_MS))) problems.push('a stop hangs')
  await world.clock.advance(QUIET_MS)
  crew.inspect()
  const evidence = world.evidence()
  const violations = judge(evidence, {
    delivery: plan.transactional ? 'exactly-once' : 'at-least-once',
    callsOnce: plan.calm && plan.transactional,
  })
  return {
    ...{ seed, plan, violations, problems: [...problems, ...crew.problems], journal: crew.journal },
    virtualMs: world.clock.monotonic(),
    calls: [...world.around.server.calls.values()].reduce((sum, calls) => sum + calls, 0),
    delays: evidence.delays?.length ?? 0,
    assignments: world.log.of('partitions-assigned').length,
    warnings: warningsOf(world.log.lines),
  }
}

function warningsOf(lines: readonly LogLine[]): string[] {
  const counts = new Map<string, number>()
  for (const { level, event, fields } of lines) {
    if (level !== 'warn' && level !== 'error') continue
    const line = `${event} ${fields['cause'] ?? fields['reason'] ?? ''}`
    counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  return [...counts].map(([line, count]) => `${line} (${count})`)
}

/** Null: the run was right. */
export function describeFailure({ seed, violations, problems, journal, warnings }: Report): string | null {
  if (violations.length + problems.length === 0) return null
  const parts = [
    `seed ${seed}`,
    ...problems,
    describeViolations(violations),
    ...warnings,
    ...journal.map((line) => `  ${line}`),
  ]
  return [...parts, `again: npm run simulate-seeds -- --seed ${seed}`]
    .filter((part) => part !== '')
    .join('\n')
}

function schedule(world: World, crew: Crew): void {
  const { plan, clock, around } = world
  for (const arrival of plan.arrivals) clock.after(arrival.atMs, () => world.append(arrival))
  for (const action of plan.actions) clock.after(action.atMs, () => crew.strike(action))
  for (const { atMs, forMs } of plan.brokerDown) {
    clock.after(atMs, () => {
      around.broker.setAvailable(false)
      crew.note(`broker down for ${forMs}`)
      clock.after(forMs, () => around.broker.setAvailable(true))
    })
  }
}

function stuck(world: World, crew: Crew): string {
  const { broker, config } = world.around
  const partitions = topicsRead(config.topics).flatMap((topic) => broker.partitionsOf(topic))
  const lines = partitions.map((at) => {
    const committed = broker.offsets.committed(config.kafka.groupId, at)
    return `${at.topic}/${at.partition}: committed ${committed} of ${broker.log(at).end()}`
  })
  return `not consumed: ${lines.join(', ')}; ${crew.describe()}`
}
