/** The figures of recovery and of rates: how soon full speed is back, and that nobody asks faster than allowed. */
import type { LedgerCall } from '../../../src/simulator/ledger.js'
import { until } from '../../support/until.js'
import { linesOf, untilWorking } from '../crew.js'
import { type Ground, type Proof, pause, type Report } from '../proof.js'
import { mostWithin } from '../series.js'
import { runTrial, SESSION_MS, type Trial } from '../trial.js'
import { weigh } from '../weigh.js'
import { createPlainWorkload } from '../workload.js'
import { memberAt } from './kills.js'

/** Low, so that the answers are the bound and not the machine. */
const CONCURRENCY = 6
const LATENCY_MS = 60
const FULL = 0.9
const AFTER_OUTAGE_MS = 5000
const AFTER_KILL_MS = 2 * SESSION_MS

/** Good answers a second, over the calls that ended in a window. */
function rateWithin(calls: readonly LedgerCall[], from: number, to: number): number {
  const good = calls.filter(
    ({ endedAt, status, whole }) =>
      endedAt !== null && endedAt >= from && endedAt < to && status === 200 && whole,
  )
  return (good.length * 1000) / (to - from)
}

const STEP_MS = 100
const WINDOW_MS = 1000

/** From a moment on until the first second at full speed begins; infinite when there is none. Epoch ms. */
function fullSpeedAfter(calls: readonly LedgerCall[], from: number, to: number, rate: number): number {
  for (let at = from; at + WINDOW_MS <= to; at += STEP_MS) {
    if (rateWithin(calls, at, at + WINDOW_MS) >= FULL * rate) return at - from
  }
  return Number.POSITIVE_INFINITY
}

interface Recovery {
  readonly what: string
  readonly limitMs: number
  readonly rate: number
  readonly tookMs: number
}

/** Full speed before, then `disturb`, then how long until full speed again. */
async function measure(
  { site }: Trial,
  { what, limitMs }: Pick<Recovery, 'what' | 'limitMs'>,
  disturb: () => Promise<number>,
): Promise<Recovery> {
  const { ledger } = site.simulator
  const from = Date.now()
  await pause(5000)
  const rate = rateWithin(ledger.calls(), from, Date.now())
  const over = await disturb()
  await until(what, () => fullSpeedAfter(ledger.calls(), over, Date.now(), rate) < Infinity, limitMs + 30_000)
  return { what, limitMs, rate, tookMs: fullSpeedAfter(ledger.calls(), over, Date.now(), rate) }
}

async function recoveryRun(ground: Ground, settings: object = {}): Promise<Report> {
  const outageMs = ground.size(30_000, 6000)
  const rounds = ground.size(3, 1)
  const recoveries: Recovery[] = []
  const events = Math.ceil((rounds * (outageMs + 60_000) * 2 * CONCURRENCY) / LATENCY_MS)
  return runTrial(
    {
      ...{ events, instances: 2, workload: createPlainWorkload, retryMs: [60_000], settleMs: 900_000 },
      settings: { fetch: { concurrency: CONCURRENCY }, ...settings },
      simulator: { latencyMs: LATENCY_MS, ledgerCalls: events },
    },
    async (trial) => {
      const { site, crew } = trial
      for (const member of crew.members) await untilWorking(member)
      // All at once: a backlog that lasts.
      trial.allow(1)
      await until('both are at work', () => site.simulator.ledger.summary().maxInFlight >= 2 * CONCURRENCY)
      for (let round = 0; round < rounds; round += 1) {
        const outage = {
          what: `full speed after an outage of ${outageMs / 1000} s`,
          limitMs: AFTER_OUTAGE_MS,
        }
        recoveries.push(
          await measure(trial, outage, async () => {
            site.simulator.setScript({ global: [{ fault: { kind: 'status', status: 503 }, to: outageMs }] })
            const over = Date.now() + outageMs
            await pause(outageMs)
            return over
          }),
        )
        recoveries.push(
          await measure(trial, { what: 'full speed after a kill', limitMs: AFTER_KILL_MS }, async () => {
            const place = ground.between(0, 2)
            memberAt(crew, place).kill('SIGKILL')
            const at = Date.now()
            crew.replace(place)
            return at
          }),
        )
      }
    },
    (end) => {
      const { figures, wrong } = weigh(end.evidence(end.later))
      const slow = recoveries.filter(({ tookMs, limitMs }) => tookMs > limitMs)
      return {
        did: [`${rounds} outages of ${outageMs / 1000} s`, `${rounds} kills`, `${end.inputs.length} events`],
        figures: [
          ...figures,
          ...recoveries.map(
            ({ what, rate, tookMs, limitMs }) =>
              `${what} (${rate.toFixed(0)} calls/s): ${(tookMs / 1000).toFixed(1)} s of ${limitMs / 1000} s`,
          ),
        ],
        wrong: [...wrong, ...slow.map(({ what, tookMs }) => `${what} took ${tookMs} ms`), ...end.badEnds],
      }
    },
  )
}

export const recovery: Proof = {
  name: 'recovery',
  claim:
    'full speed is back within 5 s after an outage of the API, and within two session timeouts after a kill',
  run: (ground) => recoveryRun(ground),
  controls: {
    'a probe twice a minute': (ground) =>
      recoveryRun(ground, { systemic: { probeMs: 30_000, maxProbeMs: 30_000 } }),
  },
}

const RATE = 40
/** Calls leave at their time and arrive by chance earlier or later: two that are a second apart may seem nearer. */
const JITTER_MS = 50

async function rateRun(ground: Ground, ratePerSecond: number | null): Promise<Report> {
  const forMs = ground.size(120_000, 8000)
  const events = Math.ceil((RATE * (forMs + 20_000) * 2) / 1000)
  const figures: string[] = []
  const wrongs: string[] = []
  return runTrial(
    {
      ...{ events, instances: 1, workload: createPlainWorkload, eventsPerSecond: 1.2 * RATE },
      settings: { fetch: { concurrency: 32, ratePerSecond } },
      simulator: { latencyMs: 30, ledgerCalls: 2 * events },
    },
    async (trial) => {
      for (const instances of [1, 3]) {
        while (trial.crew.members.length < instances) trial.crew.add()
        for (const member of trial.crew.members) await untilWorking(member)
        // A process that gains partitions waits before it uses the new share; then the assignment stands.
        await untilStable(trial)
        const { ledger } = trial.site.simulator
        const before = ledger.count()
        await pause(forMs / 2)
        const moments = ledger
          .calls()
          .slice(before)
          .map(({ startedAt }) => startedAt)
        const most = mostWithin(moments, 1000 - JITTER_MS)
        const calls = moments.length
        figures.push(
          `${instances} instances: at most ${most} in any ${1000 - JITTER_MS} ms, ${calls} in ${forMs / 2000} s`,
        )
        if (most > RATE + 1) wrongs.push(`${most} calls in a second with ${instances} instances`)
        const least = (0.8 * RATE * forMs) / 2000
        if (calls < least) wrongs.push(`only ${calls} calls with ${instances} instances, under ${least}`)
      }
      // The rest may go on as it likes.
      await trial.feeder.stop()
    },
    (end) => ({
      did: [`rate ${ratePerSecond ?? 'without bound'}, judged by ${RATE}`, `${end.inputs.length} events`],
      figures,
      wrong: [...wrongs, ...end.badEnds],
    }),
  )
}

const STABLE_MS = 3000

async function untilStable({ crew }: Trial): Promise<void> {
  const assignments = (): number =>
    crew.members.reduce((sum, member) => sum + linesOf(member, 'partitions-assigned').length, 0)
  let seen = assignments()
  let since = performance.now()
  await until('the assignment stands', () => {
    if (assignments() !== seen) {
      seen = assignments()
      since = performance.now()
    }
    return performance.now() - since > STABLE_MS
  })
}

export const rate: Proof = {
  name: 'rate',
  claim:
    'the API sees at most rate + 1 calls in any second (less the jitter of the way), from one process and from three',
  run: (ground) => rateRun(ground, RATE),
  controls: { 'no rate at all': (ground) => rateRun(ground, null) },
}
