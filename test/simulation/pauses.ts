/** P5 in simulated worlds: minutes of systemic trouble, in which processes come and go as in any other world. */
import { BREAKER_HANDSHAKES } from '../../src/core/breaker.js'
import { createSeededRandom, randomInt } from '../../src/io/memory/random.js'
import { describeViolations, type Evidence, judge, placeOf } from '../support/judge.js'
import { createCrew } from './crew.js'
import { isPlain, OUTAGE_KINDS, type Outage, withOutage } from './outage.js'
import { drawPlan, type Plan } from './plan.js'
import { createWorld, type World } from './world.js'

export interface PauseReport {
  readonly seed: number
  readonly outage: Outage
  /** Calls that reached the API in the outage. */
  readonly calls: number
  readonly maxCalls: number
  /** Reasons that were shown. */
  readonly reasons: readonly string[]
  /** Empty when all was right. */
  readonly problems: readonly string[]
}

/** For the work that waited, behind the last probe that could fail. */
const WORK_MS = 30_000
const AFTERMATH_MS = 12_000
/** Until the breaker knows enough handshakes, events of a process may use up their attempts, and those in flight with them. */
const BEFORE_BREAKER = BREAKER_HANDSHAKES + 8
const STOP_LIMIT_MS = 60_000

/** Lets a seed's world run through its outage to its end, and judges what it has left. */
export async function runPause(seed: number): Promise<PauseReport> {
  const { plan, outage } = drawPause(seed)
  const bare = createWorld(plan, {})
  const { server, askedAt } = withOutage(bare.around.server, outage)
  const world: World = { ...bare, around: { ...bare.around, server } }
  const crew = createCrew(world)
  for (let i = 0; i < plan.processes; i += 1) crew.start()
  for (const arrival of plan.arrivals) world.clock.after(arrival.atMs, () => world.append(arrival))
  for (const action of plan.actions) world.clock.after(action.atMs, () => crew.strike(action))
  const problems: string[] = []
  await world.clock.advance(Math.max(plan.chaosMs, outage.toMs))
  world.calmDown()
  crew.thawAll()
  if (!(await world.clock.runUntil(() => world.consumed(), resumeMsOf(plan, outage, world))))
    problems.push(`not resumed in time: ${crew.describe()}`)
  await world.clock.advance(AFTERMATH_MS)
  const stopping = crew.stopAll()
  if (!(await world.clock.runUntil(() => stopping.done(), STOP_LIMIT_MS))) problems.push('a stop hangs')
  await world.clock.advance(AFTERMATH_MS)
  crew.inspect()
  const lives = crew.journal.filter((line) => line.endsWith(' starts')).length
  const maxCalls = lives * callsOf(plan, outage)
  if (isPlain(outage.kind) && askedAt.length > maxCalls)
    problems.push(`${askedAt.length} calls in the outage, not ${maxCalls} at most`)
  const reasons = world.log.of('state-changed').map(({ fields }) => String(fields['reason'] ?? ''))
  const ends = judgeEnds(plan, outage, world.evidence())
  problems.push(...crew.problems, ...ends.wrong)
  if (ends.exhausted > lives * BEFORE_BREAKER) problems.push(`${ends.exhausted} events had no retries left`)
  return {
    ...{ seed, outage, problems, maxCalls, calls: askedAt.length },
    reasons: [...new Set(reasons.filter((reason) => reason !== ''))],
  }
}

/** Odd seeds: nothing but the outage goes wrong. */
function drawPause(seed: number): { readonly plan: Plan; readonly outage: Outage } {
  const random = createSeededRandom(seed ^ 0x2f6e2b1)
  const base = drawPlan(seed)
  const kind = OUTAGE_KINDS[seed % OUTAGE_KINDS.length] ?? 'credentials'
  const fromMs = randomInt(random, 0, base.chaosMs)
  const quiet = seed % 2 === 1
  const { global: _, ...script } = base.script
  return {
    outage: { kind, fromMs, toMs: fromMs + randomInt(random, 60, 240) * 1000 },
    plan: {
      ...{ ...base, script, brokerDown: [] },
      ...(quiet ? { actions: [], faultShare: 0 } : {}),
    },
  }
}

/**
 * A process learns of the trouble from the calls it has in flight; then there is a probe a second for ten seconds, and
 * further ones that each come a tenth of the outage later.
 */
function callsOf(plan: Plan, { fromMs, toMs }: Outage): number {
  const growing = Math.log(Math.max(1, (toMs - fromMs) / 10_000)) / Math.log(1.1)
  const probes = 10 + Math.ceil(growing) + 2
  return Number(plan.settings['fetch.concurrency'] ?? 0) + probes
}

/** The longest interval between probes, events that come only later, and delays that begin only then. */
function resumeMsOf({ arrivals, retry }: Plan, { kind, fromMs, toMs }: Outage, { clock }: World): number {
  const intervalMs = kind === 'daily-quota' ? 60_000 : (toMs - fromMs) / 10
  const lastMs = Math.max(0, (arrivals.at(-1)?.atMs ?? 0) - clock.monotonic())
  const delaysMs = retry.reduce((sum, { delayMs }) => sum + delayMs, 0)
  return lastMs + intervalMs + delaysMs + WORK_MS
}

/** Codes that an event without a fault of its own ends with only if the outage is taken for its fault. */
const BLAMES: ReadonlySet<string> = new Set(['retries-exhausted', 'request-rejected', 'handshake-forbidden'])

/** An event that may end in several ways, because a delay comes in between, ended in none of them. */
const isBlamed = (found: string): boolean => found === '' || [...BLAMES].some((code) => found.includes(code))

/** Every event ends as it would have without the outage, whatever it went through. */
function judgeEnds(plan: Plan, outage: Outage, evidence: Evidence) {
  const options = { delivery: plan.transactional ? 'exactly-once' : 'at-least-once' } as const
  const inputs = evidence.inputs.map(({ at }) => ({ at }))
  const violations = describeViolations(judge({ ...evidence, inputs }, options))
  const wrong = violations === '' ? [] : [violations]
  let exhausted = 0
  const ends = new Map<string, Set<string>>()
  for (const { origin, outcome, code } of evidence.outcomes) {
    const place = placeOf(origin)
    if (outcome === 'DELAYED') {
      if (isPlain(outage.kind) && BLAMES.has(code ?? '')) wrong.push(`${place} was delayed, ${code}`)
      continue
    }
    ends.set(place, (ends.get(place) ?? new Set()).add(`${outcome} ${code}`))
  }
  for (const [index, { at }] of evidence.inputs.entries()) {
    const expected = plan.arrivals[index]?.event.expected
    const found = [...(ends.get(placeOf(at)) ?? [])].join(', ')
    if (!isPlain(outage.kind) && found === 'DEAD retries-exhausted') exhausted += 1
    else if (expected == null ? isBlamed(found) : found !== `${expected.outcome} ${expected.code}`)
      wrong.push(
        `${placeOf(at)} ended ${found}, not ${expected?.outcome ?? 'by itself'} ${expected?.code ?? ''}`,
      )
  }
  return { wrong: wrong.slice(0, 5), exhausted }
}
