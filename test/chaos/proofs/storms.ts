/** Proof 4, the group and the broker: members that come and go, a broker that is killed and started again. */
import { startStack } from '../../../src/stack/stack.js'
import type { Instance } from '../../support/instance.js'
import { until } from '../../support/until.js'
import { linesOf, untilWorking } from '../crew.js'
import { withPlanted } from '../planted.js'
import { type Ground, type Proof, pause, type Report } from '../proof.js'
import { runTrial, type Trial, type TrialEnd } from '../trial.js'
import { COMMITS_EARLY, callsFigure, exactReport } from './kills.js'

const MAX_GUESTS = 3
/** Long answers, so that partitions never go without something in flight. */
const LATENCY_MS = 1000
const PER_SECOND = 100
/** API calls an event: what a drain over its limit may cost. */
const MAX_CALLS = 1.1
const SLOT_MS = 60_000

/** Events with an outcome, by slots of the run. */
function progressOf({ later }: TrialEnd, startedAt: number, slots: number, slotMs: number): number[] {
  const counts = Array.from({ length: slots }, () => 0)
  for (const { finishedAt } of later.outcomes) {
    const slot = Math.floor((finishedAt - startedAt) / slotMs)
    if (slot >= 0 && slot < slots) counts[slot] = (counts[slot] ?? 0) + 1
  }
  return counts
}

interface Storm {
  readonly joins: number
  readonly leaves: number
  readonly startedAt: number
}

/** Somebody joins or leaves every 5 to 10 s; a leave is a SIGTERM. One member stays all the time. */
async function storm({ crew }: Trial, ground: Ground, forMs: number): Promise<Storm> {
  const [steady] = crew.members
  if (steady === undefined) throw new Error('nobody runs')
  await untilWorking(steady)
  const startedAt = Date.now()
  const guests: Instance[] = []
  let joins = 0
  let leaves = 0
  while (Date.now() - startedAt < forMs) {
    const comes = guests.length === 0 || (guests.length < MAX_GUESTS && ground.random() < 0.5)
    if (comes) {
      guests.push(crew.add())
      joins += 1
    } else {
      const [guest] = guests.splice(ground.between(0, guests.length), 1)
      if (guest === undefined) continue
      // One that has just been started would die of the signal: it does not hear it yet.
      await untilWorking(guest)
      crew.remove(guest)
      guest.kill('SIGTERM')
      const end = await guest.ended
      if (end !== 0) throw new Error(`a guest ended with ${end}:\n${guest.text().slice(-2000)}`)
      leaves += 1
    }
    await pause(ground.between(5000, 10_000))
  }
  return { joins, leaves, startedAt }
}

async function joinsRun(ground: Ground, drainMs: number): Promise<Report> {
  const forMs = ground.size(600_000, 20_000)
  const slotMs = Math.min(SLOT_MS, forMs / 2)
  const slots = Math.floor(forMs / slotMs)
  const events = Math.ceil((PER_SECOND * forMs) / 1000)
  let seen: Storm = { joins: 0, leaves: 0, startedAt: 0 }
  return runTrial(
    {
      ...{ events, instances: 1, eventsPerSecond: PER_SECOND, simulator: { latencyMs: LATENCY_MS } },
      settings: { fetch: { concurrency: 128 }, kafka: { rebalanceDrainMs: drainMs } },
    },
    async (trial) => {
      seen = await storm(trial, ground, forMs)
    },
    (end) => {
      const { figures, wrong } = exactReport(end)
      const progress = progressOf(end, seen.startedAt, slots, slotMs)
      const standing = progress.filter((count) => count === 0).length
      const perSecond = Math.min(...progress) / (slotMs / 1000)
      const calls = [...end.calls.values()].reduce((sum, count) => sum + count, 0)
      // Work in flight is finished before partitions go.
      const tooMany = calls > MAX_CALLS * end.inputs.length
      return {
        did: [
          `${seen.joins} joins`,
          `${seen.leaves} leaves`,
          `${(forMs / 60_000).toFixed(1)} minutes`,
          `${end.inputs.length} events`,
        ],
        figures: [
          ...figures,
          `slowest ${(slotMs / 1000).toFixed(0)} s at ${perSecond.toFixed(0)} events/s of ${PER_SECOND}`,
        ],
        wrong: [
          ...wrong,
          ...(standing > 0 ? [`no progress in ${standing} of ${slots} slots`] : []),
          ...(tooMany ? [`too many calls: ${callsFigure(end)}`] : []),
        ],
      }
    },
  )
}

export const joins: Proof = {
  name: 'joins',
  claim: 'members that join and leave all the time stop nobody for a minute, and cost next to no call',
  run: (ground) => joinsRun(ground, 2500),
  controls: {
    'partitions given up without finishing what is in flight': (ground) => joinsRun(ground, 0),
  },
}

/** A stack of its own: the broker of the others lives on. */
async function brokerRun(ground: Ground, restarts: number, bin?: string): Promise<Report> {
  const stack = await startStack({ env: process.env })
  const { broker } = stack
  try {
    if (broker === null)
      return { did: [], figures: [], wrong: ['a broker that was given is not ours to kill'] }
    const events = ground.size(30_000, 3000)
    const recoveries: number[] = []
    let mended = 0
    return await runTrial(
      {
        ...{ events, instances: 2, stack, settings: { fetch: { concurrency: 16 } } },
        ...(bin === undefined ? {} : { bin }),
      },
      async (trial) => {
        for (const member of trial.crew.members) await untilWorking(member)
        for (let restart = 0; restart < restarts; restart += 1) {
          trial.allow((restart + 0.8) / restarts)
          await pause(ground.between(500, 3000))
          await broker.kill('SIGKILL')
          await pause(ground.between(200, 4000))
          await broker.restart()
          recoveries.push(await untilProgress(trial, (restart + 1) / restarts))
        }
        for (const member of trial.crew.members) mended += linesOf(member, 'commit-mended').length
      },
      (end) => {
        const { figures, wrong } = exactReport(end)
        const slowest = Math.max(...recoveries) / 1000
        return {
          did: [`${restarts} kill -9 of the broker`, `${end.inputs.length} events`, '2 instances'],
          figures: [
            ...figures,
            `commits mended ${mended}`,
            `slowest first outcome after a restart ${slowest.toFixed(1)} s`,
          ],
          wrong,
        }
      },
    )
  } finally {
    await stack.stop()
  }
}

const PROGRESS_MS = 120_000

/** Lets some more events be written. Out: how long it took, in ms, until another outcome could be read. */
export async function untilProgress({ reader, allow }: Trial, share: number): Promise<number> {
  const startedAt = performance.now()
  const before = reader.facts.outcomes.length
  allow(share)
  await until('another outcome', () => reader.facts.outcomes.length > before, PROGRESS_MS)
  return performance.now() - startedAt
}

export const brokerRestarts: Proof = {
  name: 'broker',
  claim: 'a broker that is killed and started again loses and doubles nothing, and work goes on by itself',
  run: (ground) => brokerRun(ground, ground.size(10, 1)),
  plants: COMMITS_EARLY,
  controls: {
    'an offset committed before its outputs': (ground) =>
      withPlanted(COMMITS_EARLY, (bin) => brokerRun(ground, ground.size(10, 5), bin)),
  },
}
