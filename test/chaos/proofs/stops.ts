/** Proof 3: processes that are asked to stop, and processes that freeze and wake up. */
import type { Instance } from '../../support/instance.js'
import { until } from '../../support/until.js'
import { isWorking, linesOf, untilWorking } from '../crew.js'
import { type Plant, withPlanted } from '../planted.js'
import { type Ground, type Proof, pause, type Report } from '../proof.js'
import { runTrial, SESSION_MS, type Trial } from '../trial.js'
import { exactReport, memberAt } from './kills.js'

const INSTANCES = 3
const DRAIN_MS = 5000
/** Beyond the drain: the group is left, connections are closed. */
const CLOSING_MS = 2000
/** Slow answers and many of them, so that a stop has something to finish. */
const LATENCY_MS = 150
const SETTINGS = {
  fetch: { concurrency: 48, timeoutMs: 2000, deadlineMs: 4000 },
  shutdown: { drainMs: DRAIN_MS },
}

interface Stops {
  readonly tookMs: number[]
  readonly badEnds: string[]
}

async function stopThem(trial: Trial, ground: Ground, stops: number): Promise<Stops> {
  const { crew } = trial
  const seen: Stops = { tookMs: [], badEnds: [] }
  for (let stop = 0; stop < stops; stop += 1) {
    trial.allow((stop + 1) / stops)
    const place = ground.between(0, crew.members.length)
    const member = memberAt(crew, place)
    await untilWorking(member)
    await pause(ground.between(50, 1500))
    const startedAt = performance.now()
    member.kill('SIGTERM')
    // A stop that never ends is seen as one, not waited for.
    const end = await Promise.race([member.ended, pause(DRAIN_MS + 4 * CLOSING_MS).then(() => 'no end')])
    seen.tookMs.push(performance.now() - startedAt)
    if (end !== 0) seen.badEnds.push(`a stop ended with ${end}`)
    if (end === 'no end') member.kill('SIGKILL')
    await member.ended
    crew.replace(place)
    if ((stop + 1) % 10 === 0) ground.say(`${stop + 1} stops, ${trial.feeder.sent()} events written`)
  }
  return seen
}

async function stopRun(ground: Ground, bin?: string): Promise<Report> {
  const stops = ground.size(50, 3)
  const events = ground.size(50_000, 2000)
  let seen: Stops = { tookMs: [], badEnds: [] }
  return runTrial(
    {
      ...{ events, instances: INSTANCES, settings: SETTINGS },
      ...{ simulator: { latencyMs: LATENCY_MS }, ...(bin === undefined ? {} : { bin }) },
    },
    async (trial) => {
      seen = await stopThem(trial, ground, stops)
    },
    (end) => {
      const { figures, wrong } = exactReport(end)
      const slowest = Math.max(...seen.tookMs)
      const limit = DRAIN_MS + CLOSING_MS
      return {
        did: [`${stops} SIGTERM`, `${end.inputs.length} events`, `${INSTANCES} instances`],
        figures: [...figures, `slowest exit ${slowest.toFixed(0)} ms (deadline ${DRAIN_MS} ms)`],
        wrong: [
          ...wrong,
          ...seen.badEnds,
          ...(slowest > limit ? [`an exit took ${slowest.toFixed(0)} ms, over ${limit}`] : []),
        ],
      }
    },
  )
}

/** Work in flight is dropped, and the process stays until somebody kills it. */
const NEVER_STOPS: Plant = {
  ...{ file: 'service.js', find: 'return ops.stop()' },
  put: 'return new Promise((resolve) => setTimeout(resolve, 600_000))',
}

export const stops: Proof = {
  name: 'sigterm',
  claim: 'SIGTERM loses and doubles nothing, and the process ends within its deadline',
  run: (ground) => stopRun(ground),
  plants: [NEVER_STOPS],
  controls: {
    'a process that does not end': (ground) => withPlanted(NEVER_STOPS, (bin) => stopRun(ground, bin)),
  },
}

const FENCED = /PRODUCER|TXN|EPOCH/

/** How many lanes of a process that woke up were refused by the broker. */
const fencedSince = (instance: Instance, line: number): number =>
  instance.lines
    .slice(line)
    .filter(
      ({ event, cause }) =>
        (event === 'lane-failed' || event === 'late-commit-failed') && FENCED.test(String(cause)),
    ).length

async function freezeThem(trial: Trial, ground: Ground, freezes: number): Promise<number> {
  const { crew } = trial
  let fenced = 0
  for (let freeze = 0; freeze < freezes; freeze += 1) {
    trial.allow((freeze + 1) / freezes)
    const zombie = memberAt(crew, freeze % crew.members.length)
    await until('all work', () => crew.members.every(isWorking), 120_000)
    await pause(ground.between(300, 1500))
    const others = crew.members.filter((one) => one !== zombie)
    const generations = (): number =>
      others.reduce((sum, one) => sum + linesOf(one, 'partitions-assigned').length, 0)
    const before = generations()
    zombie.kill('SIGSTOP')
    await pause(SESSION_MS)
    await until('the others have its partitions', () => generations() > before)
    await pause(ground.between(200, 1500))
    const line = zombie.lines.length
    zombie.kill('SIGCONT')
    await until(
      'the frozen process has joined again',
      () => zombie.lines.slice(line).some(({ event }) => event === 'partitions-assigned'),
      120_000,
    )
    fenced += fencedSince(zombie, line)
  }
  return fenced
}

async function freezeRun(ground: Ground, bin?: string): Promise<Report> {
  const freezes = ground.size(20, 2)
  const events = ground.size(60_000, 6000)
  let fenced = 0
  return runTrial(
    {
      ...{ events, instances: 2, ...(bin === undefined ? {} : { bin }) },
      // No pause between commits: nearly every lane is inside a transaction at any moment.
      settings: { fetch: { concurrency: 24 }, commit: { intervalMs: 1 } },
      simulator: { latencyMs: 60 },
    },
    async (trial) => {
      fenced = await freezeThem(trial, ground, freezes)
    },
    (end) => {
      const { figures, wrong } = exactReport(end)
      return {
        did: [`${freezes} freezes past ${SESSION_MS} ms`, `${end.inputs.length} events`, '2 instances'],
        figures: [`lanes fenced on waking ${fenced}`, ...figures],
        wrong: [...wrong, ...(fenced === 0 ? ['nobody was fenced: the freezes hit nothing'] : [])],
      }
    },
  )
}

/** Each process has transactional ids of its own: whoever had the partition before is not fenced. */
const FENCES_NOBODY: Plant = {
  ...{ file: 'io/kafka/transactional.js', find: 'createPartitioner: partitioner,' },
  put: "createPartitioner: partitioner, transactionalId: [groupId, at.topic, at.partition, process.pid].join('.'),",
}

export const freezes: Proof = {
  name: 'freezes',
  claim: 'a process frozen past the session timeout is fenced when it wakes up, and doubles nothing',
  run: (ground) => freezeRun(ground),
  plants: [FENCES_NOBODY],
  controls: {
    'a process that fences nobody': (ground) => withPlanted(FENCES_NOBODY, (bin) => freezeRun(ground, bin)),
  },
}
