/** Proofs 1 and 2: processes that are killed at random points. */
import type { JudgeOptions } from '../../support/judge.js'
import { stack } from '../../support/stack.js'
import { until } from '../../support/until.js'
import { type Crew, untilWorking } from '../crew.js'
import { type Plant, withPlanted } from '../planted.js'
import { type Ground, type Proof, pause, type Report } from '../proof.js'
import { differenceOf, readWithJava } from '../reference-reader.js'
import { runTrial, type Trial, type TrialEnd } from '../trial.js'
import { difference, repeatsOf, rowsOf, tryDoctored, weigh } from '../weigh.js'

type Delivery = 'exactly-once' | 'at-least-once'

const INSTANCES = 3
/** Few enough that the events of one kill outlast the recovery from it. */
const SETTINGS = { fetch: { concurrency: 8, maxHeldEvents: 256 } }
const LATENCY_MS = 100
const MAX_WAIT_MS = 2000

interface Kills {
  readonly kills: number
  /** Of them, so many while calls were in flight. */
  readonly underLoad: number
}

/** Of the events of a kill, so many are under way before the next one: most events call the API once. */
const UNDER_WAY = 0.7
const SHARE_LIMIT_MS = 120_000

/**
 * Kills one after another, spread over the events; each is replaced at once. One in four dies wherever it is, also before it has
 * joined.
 */
export async function killThem(trial: Trial, ground: Ground, kills: number, events: number): Promise<Kills> {
  const { crew, site } = trial
  let underLoad = 0
  const calls = (): number => site.simulator.ledger.summary().calls
  for (let kill = 0; kill < kills; kill += 1) {
    trial.allow((kill + 1) / kills)
    const before = (kill / kills) * events * UNDER_WAY
    await until('the events of the kill before are under way', () => calls() >= before, SHARE_LIMIT_MS)
    const place = ground.between(0, crew.members.length)
    const victim = memberAt(crew, place)
    if (ground.random() < 0.75) await untilWorking(victim)
    await pause(ground.between(50, MAX_WAIT_MS))
    if (site.simulator.ledger.summary().inFlight > 0) underLoad += 1
    victim.kill('SIGKILL')
    await victim.ended
    crew.replace(place)
    if ((kill + 1) % 10 === 0) ground.say(`${kill + 1} kills, ${trial.feeder.sent()} events written`)
  }
  return { kills, underLoad }
}

export function memberAt(crew: Crew, place: number): Crew['members'][number] {
  const member = crew.members[place]
  if (member === undefined) throw new Error(`nobody at place ${place}`)
  return member
}

interface Case {
  readonly runAs: Delivery
  readonly judgeAs: Delivery
  readonly bin?: string
}

async function killRun(ground: Ground, { runAs, judgeAs, bin }: Case): Promise<Report> {
  const kills = ground.size(50, 3)
  const events = ground.size(100_000, 2400)
  let done: Kills = { kills: 0, underLoad: 0 }
  return runTrial(
    {
      ...{ events, instances: INSTANCES, settings: { ...SETTINGS, delivery: runAs } },
      ...{ simulator: { latencyMs: LATENCY_MS }, ...(bin === undefined ? {} : { bin }) },
    },
    async (trial) => {
      done = await killThem(trial, ground, kills, events)
    },
    async (end) => {
      const did = [
        `${done.kills} kills (${done.underLoad} with calls in flight)`,
        `${end.inputs.length} events`,
        `${INSTANCES} instances`,
        runAs,
      ]
      if (judgeAs === 'at-least-once') return { ...repeatsReport(end, done.kills), did }
      const { figures, wrong } = exactReport(end)
      const reference = ground.size(1, 0) === 0 ? null : await referenceReport(end)
      return {
        did,
        figures: [...figures, ...(reference?.figures ?? [])],
        wrong: [...wrong, ...(reference?.wrong ?? [])],
      }
    },
  )
}

/** Nothing lost, nothing doubled, nothing torn, in order; both readers saw the same; doctored rows are found. */
export function exactReport(end: TrialEnd, options: JudgeOptions = {}): Pick<Report, 'figures' | 'wrong'> {
  const { counts: _, figures, wrong } = weigh(end.evidence(end.later), options)
  const differing = difference(end.concurrent, end.later)
  const tried = wrong.length > 0 ? null : tryDoctored(end.later, end.evidence, options)
  return {
    figures: [
      ...figures,
      `rows ${rowsOf(end.later)}`,
      `concurrent and later reader differ in ${differing}`,
      callsFigure(end),
      ...(tried === null ? [] : [tried.figure]),
    ],
    wrong: [
      ...wrong,
      ...(differing > 0 ? [`the two readers differ in ${differing} rows`] : []),
      ...end.badEnds,
      ...(tried?.wrong ?? []),
    ],
  }
}

/** The same rows as Kafka's own client is shown. */
async function referenceReport({ site, later }: TrialEnd): Promise<Pick<Report, 'figures' | 'wrong'>> {
  const { verified, deadLetter, outcomes } = site.topics
  const places = await readWithJava(stack().brokers, [verified, deadLetter, outcomes])
  if (places === null) return { figures: ['reference client not run: no Java compiler'], wrong: [] }
  const differing = differenceOf(later, places)
  return {
    figures: [`reference client differs in ${differing} of ${places.size} rows`],
    wrong: differing > 0 ? [`the reference client differs in ${differing} rows`] : [],
  }
}

export function callsFigure({ calls, inputs }: TrialEnd): string {
  const made = [...calls.values()].reduce((sum, count) => sum + count, 0)
  return `API calls an event ${(made / inputs.length).toFixed(3)}`
}

/** Nothing lost; what came again is bounded by what the dead held, and tells the same. */
function repeatsReport(end: TrialEnd, kills: number): Pick<Report, 'figures' | 'wrong'> {
  const { counts, wrong } = weigh(end.evidence(end.later), { delivery: 'at-least-once' })
  const repeats = repeatsOf(end.later)
  const bound = kills * SETTINGS.fetch.maxHeldEvents
  return {
    figures: [
      `lost ${counts.lost}`,
      `torn ${counts.torn}`,
      `events repeated ${repeats.outcomes} (bound ${bound})`,
      `records repeated ${repeats.records}`,
      `repeats with another record id ${repeats.unequal}`,
      callsFigure(end),
    ],
    wrong: [
      ...wrong,
      ...(repeats.outcomes > bound ? [`${repeats.outcomes} repeats are more than ${bound}`] : []),
      ...(repeats.unequal > 0 ? [`${repeats.unequal} repeats have another record id`] : []),
      ...end.badEnds,
    ],
  }
}

const exactly = (bin?: string): Case => ({
  ...{ runAs: 'exactly-once', judgeAs: 'exactly-once', ...(bin === undefined ? {} : { bin }) },
})

/** The offset in a transaction of its own, and some time before that of the outputs. */
export const COMMITS_EARLY: readonly Plant[] = [
  {
    file: 'io/kafka/transactional.js',
    find: 'for (const send of sends(batch, this.options.compression))',
    put: `const early = [{ topic: this.at.topic, partitions: [{ partition: this.at.partition, offset: String(batch.next) }] }]
        await sendOffset(current, { groupId: this.options.groupId, topics: early, signal })
        await current.commit()
        await new Promise((resolve) => setTimeout(resolve, 300))
        current = await this.producer.transaction()
        for (const send of sends(batch, this.options.compression))`,
  },
  {
    ...{ file: 'io/kafka/transactional.js', find: 'const current = this.begun' },
    put: 'let current = this.begun',
  },
]

/** An offset long after its outputs, so that few kills are enough for repeats. */
const LATE_OFFSET: Plant = {
  file: 'io/kafka/at-least-once.js',
  find: 'await this.claim.commit(',
  put: 'await new Promise((resolve) => setTimeout(resolve, 700)); await this.claim.commit(',
}

const DRAWN_IDS: readonly Plant[] = [
  { file: 'steps/verified.js', find: 'recordId:', put: "recordId: 'drawn ' + Math.random() + " },
  LATE_OFFSET,
]

export const kills: Proof = {
  name: 'kills',
  claim: 'kill -9 at random points loses, doubles and tears nothing, for a concurrent and for a later reader',
  run: (ground) => killRun(ground, exactly()),
  plants: [...COMMITS_EARLY, LATE_OFFSET],
  controls: {
    'at-least-once, judged as exactly-once': (ground) =>
      withPlanted(LATE_OFFSET, (bin) =>
        killRun(ground, { runAs: 'at-least-once', judgeAs: 'exactly-once', bin }),
      ),
    'an offset committed before its outputs': (ground) =>
      withPlanted(COMMITS_EARLY, (bin) => killRun(ground, exactly(bin))),
  },
}

export const repeats: Proof = {
  name: 'repeats',
  claim: 'at least once: kill -9 loses nothing, and what comes again is bounded and has the same record ids',
  run: (ground) => killRun(ground, { runAs: 'at-least-once', judgeAs: 'at-least-once' }),
  plants: DRAWN_IDS,
  controls: {
    'record ids that are drawn': (ground) =>
      withPlanted(DRAWN_IDS, (bin) =>
        killRun(ground, { runAs: 'at-least-once', judgeAs: 'at-least-once', bin }),
      ),
  },
}
