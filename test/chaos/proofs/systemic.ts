/** Proofs 6 and 12: trouble that is nobody's event pauses everything, and is over by itself; the group stays as it is. */
import type { Fault } from '../../../src/simulator/faults.js'
import type { Endpoint } from '../../support/site.js'
import { until } from '../../support/until.js'
import { linesOf, untilWorking } from '../crew.js'
import { type Ground, type Proof, pause, type Report } from '../proof.js'
import { mostWithin } from '../series.js'
import { runTrial, SESSION_MS, type Trial } from '../trial.js'
import { weigh } from '../weigh.js'
import { createPlainWorkload } from '../workload.js'
import { memberAt } from './kills.js'

interface Trouble {
  readonly name: string
  readonly fault: Fault
  /** What the connector calls it. */
  readonly reason: string
}

const status = (name: string, httpStatus: number, code?: number): Trouble => ({
  ...{ name: `${httpStatus}${code === undefined ? '' : ` ${code}`}`, reason: name },
  fault: { kind: 'status', status: httpStatus, ...(code === undefined ? {} : { code }) },
})

/** The short form takes the first ones. */
const TROUBLES: readonly Trouble[] = [
  status('credentials', 401, 4016),
  status('api-down', 503),
  status('daily-quota', 429, 4293),
  status('service', 403, 4035),
  status('ip', 403, 4039),
  status('credit', 400, 4005),
  status('version', 400, 40051),
  { name: 'redirect', fault: { kind: 'redirect' }, reason: 'redirect' },
  { name: 'resets', fault: { kind: 'reset-before' }, reason: 'api-down' },
  { name: 'no answers', fault: { kind: 'hang' }, reason: 'api-down' },
]

const CONCURRENCY = 16
const BREAKER = 10
const PROBE_MS = 1000
const MAX_PROBE_MS = 10_000
const PER_SECOND = 40

const SETTINGS = {
  fetch: { concurrency: CONCURRENCY, timeoutMs: 1000, deadlineMs: 4000 },
  systemic: { probeMs: PROBE_MS, maxProbeMs: MAX_PROBE_MS, breakerFailures: BREAKER },
}

interface Seen {
  readonly trouble: string
  readonly reason: string | null
  readonly calls: number
  /** Calls later than a second after the trouble was known: those under way reach a busy simulator late. */
  readonly probes: number
  readonly mostProbesIn10s: number
  /** From the end of the fault until the connector was ready. */
  readonly readyAfterMs: number
}

/** A quota of a day is asked after once a minute. */
const DAILY_PROBE_MS = 60_000

/** How long a pause may outlive its cause: the longest interval between probes, with what a busy machine adds. */
const readyLimit = (reason: string, forMs: number): number =>
  5000 + (reason === 'daily-quota' ? DAILY_PROBE_MS : Math.max(PROBE_MS, Math.min(MAX_PROBE_MS, forMs / 10)))

async function putIn(trial: Trial, { name, fault, reason }: Trouble, forMs: number): Promise<Seen> {
  const { site, crew } = trial
  const member = memberAt(crew, 0)
  const endpoint = await crew.endpoint(member)
  await until('the connector is ready', () => isReady(endpoint))
  const startedAt = Date.now()
  site.simulator.setScript({ global: [{ fault, from: 0, to: forMs }] })
  let seenReason: string | null = null
  let knownAt: number | null = null
  while (Date.now() - startedAt < forMs) {
    const now = await endpoint.status()
    if (!now.ready && now.reason !== null && knownAt === null) {
      seenReason = now.reason
      knownAt = Date.now()
    }
    await pause(50)
  }
  const limitMs = 2 * readyLimit(reason, forMs)
  await until(`ready again after ${name}`, () => isReady(endpoint), limitMs)
  const readyAfterMs = Date.now() - startedAt - forMs
  const during = site.simulator.ledger
    .calls()
    .filter((call) => call.startedAt >= startedAt && call.startedAt < startedAt + forMs)
  const probes = during
    .filter((call) => knownAt !== null && call.startedAt > knownAt + PROBE_MS)
    .map(({ startedAt: at }) => at)
  return {
    ...{ trouble: name, reason: seenReason, calls: during.length, readyAfterMs },
    ...{ probes: probes.length, mostProbesIn10s: mostWithin(probes, 10_000) },
  }
}

export const isReady = async (endpoint: Endpoint): Promise<boolean> =>
  (await endpoint.get('/readyz')).status === 200

/** What is wrong with how one trouble was met. */
function faultsOf(seen: Seen, expected: string, forMs: number): string[] {
  const { trouble, reason, readyAfterMs, mostProbesIn10s, calls, probes } = seen
  const wrong: string[] = []
  if (reason !== expected) wrong.push(`${trouble}: the reason was ${reason}, not ${expected}`)
  if (readyAfterMs > readyLimit(expected, forMs))
    wrong.push(`${trouble}: ready ${readyAfterMs} ms after its end`)
  // The first probe may fall right behind the beginning of the pause.
  const most = Math.floor(10_000 / PROBE_MS) + 1
  if (mostProbesIn10s > most) wrong.push(`${trouble}: ${mostProbesIn10s} probes in 10 s, over ${most}`)
  const before = 4 * (CONCURRENCY + BREAKER)
  if (calls - probes > before) wrong.push(`${trouble}: ${calls - probes} calls before the pause`)
  return wrong
}

async function systemicRun(ground: Ground, settings: object = {}): Promise<Report> {
  const forMs = ground.size(120_000, 8000)
  const troubles = TROUBLES.slice(0, ground.size(TROUBLES.length, 2))
  const events = Math.ceil((PER_SECOND * troubles.length * (forMs + 4000)) / 1000)
  const seen: Seen[] = []
  const wrongs: string[] = []
  return runTrial(
    {
      ...{ events, instances: 1, eventsPerSecond: PER_SECOND, retryMs: [1000, 2000] },
      ...{ settings: { ...SETTINGS, ...settings }, workload: createPlainWorkload },
      simulator: { latencyMs: 20, ledgerCalls: 2 * events },
    },
    async (trial) => {
      await untilWorking(memberAt(trial.crew, 0))
      for (const trouble of troubles) {
        const found = await putIn(trial, trouble, forMs)
        seen.push(found)
        wrongs.push(...faultsOf(found, trouble.reason, forMs))
        ground.say(`${trouble.name}: ready after ${found.readyAfterMs} ms, ${found.probes} probes`)
      }
    },
    (end) => {
      const { figures, wrong } = weigh(end.evidence(end.later))
      const dead = end.later.deadLetters.length
      return {
        did: [`${troubles.length} troubles of ${forMs / 1000} s`, `${end.inputs.length} events`],
        figures: [
          ...figures,
          `dead letters ${dead}`,
          `slowest return ${Math.max(...seen.map((one) => one.readyAfterMs)) / 1000} s`,
          `most probes of one trouble ${Math.max(...seen.map((one) => one.probes))}`,
          `in any 10 s ${Math.max(...seen.map((one) => one.mostProbesIn10s))}`,
        ],
        wrong: [
          ...wrong,
          ...wrongs,
          ...(dead > 0 ? [`${dead} dead letters for trouble that is nobody's event`] : []),
          ...end.badEnds,
        ],
      }
    },
  )
}

export const systemic: Proof = {
  name: 'systemic',
  claim: 'systemic trouble makes no dead letter, is asked after at a bounded rate, and ends without help',
  run: (ground) => systemicRun(ground),
  controls: {
    'a refused token taken for a fault of its event': (ground) =>
      systemicRun(ground, { policy: [{ status: 401, code: 4016, action: 'dead:request-rejected' }] }),
    'a probe every 50 ms': (ground) =>
      systemicRun(ground, { systemic: { ...SETTINGS.systemic, probeMs: 50, maxProbeMs: 50 } }),
  },
}

interface Member {
  readonly id: string
  readonly assignments: number
}

async function membersOf({ site, crew }: Trial): Promise<Member[]> {
  const { groups } = await site.broker.admin.describeGroups([site.groupId])
  const ids = (groups[0]?.members ?? []).map(({ memberId }) => memberId).sort()
  const assignments = crew.members.reduce(
    (sum, member) => sum + linesOf(member, 'partitions-assigned').length,
    0,
  )
  return ids.map((id) => ({ id, assignments }))
}

async function pausedRun(ground: Ground, meanwhile?: (trial: Trial) => Promise<void>): Promise<Report> {
  const sessions = 3
  const forMs = sessions * SESSION_MS + 1000
  const events = ground.size(2000, 200)
  let before: Member[] = []
  let after: Member[] = []
  let paused = ''
  return runTrial(
    {
      ...{ events, instances: 2, settings: SETTINGS, workload: createPlainWorkload, retryMs: [1000] },
    },
    async (trial) => {
      for (const member of trial.crew.members) await untilWorking(member)
      trial.allow(0.2)
      await until('the first events have ended', trial.caughtUp)
      before = await membersOf(trial)
      trial.site.simulator.setScript({
        global: [{ fault: { kind: 'status', status: 401, code: 4016 }, from: 0, to: forMs }],
      })
      trial.allow(0.4)
      const endpoints = await Promise.all(trial.crew.members.map((one) => trial.crew.endpoint(one)))
      await until('all are paused', async () => {
        const all = await Promise.all(endpoints.map((one) => one.status()))
        paused = all.map(({ state, reason }) => `${state} ${reason}`).join(', ')
        return all.every(({ state, reason }) => state === 'paused' && reason === 'credentials')
      })
      await meanwhile?.(trial)
      await pause(forMs)
      await until('both are ready', async () => (await Promise.all(endpoints.map(isReady))).every(Boolean))
      after = await membersOf(trial)
    },
    (end) => {
      const { figures, wrong } = weigh(end.evidence(end.later))
      const same = JSON.stringify(before) === JSON.stringify(after)
      return {
        did: [`all partitions paused for ${sessions} session timeouts (${paused})`, `${events} events`],
        figures: [
          ...figures,
          `members ${before.length}, the same ${after.filter(({ id }) => before.some((one) => one.id === id)).length}`,
          `new assignments ${(after[0]?.assignments ?? 0) - (before[0]?.assignments ?? 0)}`,
        ],
        wrong: [...wrong, ...(same ? [] : ['the group has changed during the pause']), ...end.badEnds],
      }
    },
  )
}

/** As long as the pause lasts, heartbeats stop. */
async function freezeOne({ crew }: Trial): Promise<void> {
  const member = memberAt(crew, 1)
  member.kill('SIGSTOP')
  await pause(2 * SESSION_MS)
  member.kill('SIGCONT')
}

export const paused: Proof = {
  name: 'paused',
  claim: 'members whose partitions are all paused keep their membership and their generation',
  run: (ground) => pausedRun(ground),
  controls: { 'heartbeats that stop during the pause': (ground) => pausedRun(ground, freezeOne) },
}
