/** Proof 11: one slow event holds up its own partition alone, and old events leave half of the calls to fresh ones. */
import type { LedgerCall } from '../../../src/simulator/ledger.js'
import { until } from '../../support/until.js'
import { untilWorking } from '../crew.js'
import { type Ground, type Proof, pause, type Report } from '../proof.js'
import { PARTITIONS, runTrial, type Trial, type TrialEnd } from '../trial.js'
import { weigh } from '../weigh.js'
import { createPlainWorkload } from '../workload.js'
import { memberAt } from './kills.js'

const LATENCY_MS = 50
/** Of the rate. In the short form a busy machine takes some of it: whoever waits for the slow one keeps next to nothing. */
const KEPT = { long: 0.9, short: 0.7 }
const LONG_MS = 15_000

interface Slow {
  readonly from: number
  readonly to: number
}

async function slowRun(ground: Ground, concurrency: number): Promise<Report> {
  const slowMs = ground.size(LONG_MS, 6000)
  const perSecond = 200
  const events = Math.ceil((perSecond * 3 * slowMs) / 1000)
  let slow: Slow = { from: 0, to: 0 }
  return runTrial(
    {
      ...{ events, instances: 1, workload: createPlainWorkload, eventsPerSecond: perSecond },
      settings: {
        fetch: { concurrency, timeoutMs: slowMs + 2000, deadlineMs: slowMs + 4000 },
        shutdown: { drainMs: slowMs + 6000 },
      },
      simulator: { latencyMs: LATENCY_MS, ledgerCalls: 3 * events },
    },
    async (trial) => {
      const { site, feeder } = trial
      await untilWorking(memberAt(trial.crew, 0))
      await pause(slowMs)
      // An event that is about to be written.
      const victim = site.handshakeId(feeder.sent() + perSecond)
      const fault = { kind: 'delay', delayMs: slowMs } as const
      site.simulator.setScript({ handshakes: { [victim]: [{ fault }] } })
      await until('the slow event is called for', () => site.simulator.ledger.count(victim) > 0)
      const [call] = site.simulator.ledger.calls(victim)
      slow = { from: call?.startedAt ?? 0, to: (call?.startedAt ?? 0) + slowMs }
      await until(
        'the slow event has its answer',
        () => site.simulator.ledger.calls(victim)[0]?.endedAt !== null,
      )
    },
    (end) => {
      const { figures, wrong } = weigh(end.evidence(end.later))
      const { kept, partition } = keptRate(end, slow)
      return {
        did: [`one event slow for ${slowMs / 1000} s`, `${PARTITIONS} partitions`, `${events} events`],
        figures: [
          ...figures,
          `the others kept ${(100 * kept).toFixed(0)} % of their rate`,
          `partition ${partition} waited`,
        ],
        wrong: [
          ...wrong,
          ...(kept < (slowMs < LONG_MS ? KEPT.short : KEPT.long)
            ? [`the others kept only ${(100 * kept).toFixed(0)} %`]
            : []),
          ...end.badEnds,
        ],
      }
    },
  )
}

/** Events of all partitions but the slow one that ended a second, during the wait against the same time before. */
function keptRate({ later }: TrialEnd, { from, to }: Slow): { kept: number; partition: number } {
  const slowest = later.outcomes.reduce<(typeof later.outcomes)[number] | null>(
    (worst, row) =>
      worst === null || row.finishedAt - row.startedAt > worst.finishedAt - worst.startedAt ? row : worst,
    null,
  )
  const partition = slowest?.source.partition ?? -1
  const others = later.outcomes.filter(({ source }) => source.partition !== partition)
  // The last moments before and after the answer belong to neither.
  const within = (start: number, end: number): number =>
    others.filter(({ finishedAt }) => finishedAt >= start && finishedAt < end).length
  const length = (to - from) * 0.8
  return { kept: within(to - length, to) / Math.max(1, within(from - length, from)), partition }
}

export const slow: Proof = {
  name: 'slow',
  claim: 'an event that takes 15 s holds up its own partition; the other eleven keep 90 % of their rate',
  run: (ground) => slowRun(ground, 64),
  controls: { 'a single call at a time': (ground) => slowRun(ground, 1) },
}

const HALF = 0.5
const NOISE = 0.05

interface Shared {
  readonly share: number
  readonly calls: number
}

/** The share of fresh events in the calls, as long as both kinds wait: until most of the fresh ones were called for. */
async function shareOf({ site }: Trial, due: number, events: number): Promise<Shared> {
  const { ledger } = site.simulator
  const before = ledger.count()
  const fresh = new Set(Array.from({ length: events }, (_, n) => site.handshakeId(due + n)))
  const isFresh = ({ handshakeId }: LedgerCall): boolean => fresh.has(handshakeId)
  const calls = (): readonly LedgerCall[] => ledger.calls().slice(before)
  const enough = () => calls().filter(isFresh).length >= 0.8 * events
  await until('most of the fresh events were called for', enough, 900_000)
  // The first ones come from whichever topic was read first.
  const measured = calls().slice(Math.floor(0.2 * calls().length))
  return { share: measured.filter(isFresh).length / measured.length, calls: measured.length }
}

/** In: `inFront`   the control: the old events lie in front of the fresh ones on the same topic. */
async function sharesRun(ground: Ground, inFront: boolean): Promise<Report> {
  const due = ground.size(100_000, 3000)
  const events = ground.size(20_000, 1200)
  const delayMs = ground.size(240_000, 8000)
  let shared: Shared = { share: 0, calls: 0 }
  return runTrial(
    {
      ...{
        events: due + events,
        instances: 1,
        workload: createPlainWorkload,
        retryMs: [delayMs],
        settleMs: 900_000,
      },
      settings: { fetch: { concurrency: 32, maxHeldEvents: 512 } },
      simulator: { latencyMs: 20, ledgerCalls: 3 * (due + events) },
    },
    async (trial) => {
      const { site, crew, reader, allow, feeder } = trial
      const { simulator } = site
      await untilWorking(memberAt(crew, 0))
      if (!inFront) {
        simulator.setScript({ global: [{ fault: { kind: 'not-consumed' } }] })
        allow(due / (due + events))
        const delayed = () => reader.facts.outcomes.length >= due
        await until('all old events are delayed', delayed, 900_000)
      }
      // A full restart in the middle of the delays.
      const [first] = crew.members
      first?.kill('SIGTERM')
      await first?.ended
      simulator.setScript({})
      await pause(inFront ? 0 : delayMs)
      allow(1)
      await until('everything is written', () => feeder.sent() === due + events, 300_000)
      crew.replace(0)
      shared = await shareOf(trial, due, events)
    },
    (end) => {
      const { figures, wrong } = weigh(end.evidence(end.later))
      const percent = `${(100 * shared.share).toFixed(0)} %`
      const tooFew = shared.share < HALF - NOISE
      return {
        did: [`${due} due messages on a retry topic`, `${events} fresh events`],
        figures: [...figures, `fresh events had ${percent} of ${shared.calls} calls`],
        wrong: [
          ...wrong,
          ...(tooFew ? [`fresh events had only ${percent} of the calls`] : []),
          ...end.badEnds,
        ],
      }
    },
  )
}

export const shares: Proof = {
  name: 'shares',
  claim: 'however many old events are due, fresh ones keep half of the calls',
  run: (ground) => sharesRun(ground, false),
  controls: { 'old events in front of the fresh ones': (ground) => sharesRun(ground, true) },
}
