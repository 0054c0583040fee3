/** Proof 10: one event that nothing helps, and no other traffic. The connector is ready again by itself. */
import type { Fault } from '../../../src/simulator/faults.js'
import { until } from '../../support/until.js'
import { untilWorking } from '../crew.js'
import { type Ground, type Proof, pause, type Report } from '../proof.js'
import { runTrial, type Trial } from '../trial.js'
import { weigh } from '../weigh.js'
import { createPlainWorkload } from '../workload.js'
import { memberAt } from './kills.js'

const SETTINGS = {
  fetch: { timeoutMs: 1000, deadlineMs: 3000 },
  systemic: { probeMs: 500, maxProbeMs: 2000 },
}
const RETRY_MS = [1000, 2000, 5000]
/** The longest time without being ready that passes for a short pause. */
const LONGEST_MS = 15_000

interface Watched {
  readonly readyShare: number
  readonly longestMs: number
}

/** Asks after readiness twice a second. */
async function watch({ crew }: Trial, forMs: number): Promise<Watched> {
  const endpoint = await crew.endpoint(memberAt(crew, 0))
  const startedAt = performance.now()
  let asked = 0
  let ready = 0
  let lastReady = startedAt
  let longestMs = 0
  while (performance.now() - startedAt < forMs) {
    asked += 1
    const isReady = (await endpoint.get('/readyz')).status === 200
    if (isReady) {
      ready += 1
      lastReady = performance.now()
    }
    longestMs = Math.max(longestMs, performance.now() - lastReady)
    await pause(500)
  }
  return { readyShare: ready / asked, longestMs }
}

interface Alone {
  readonly name: string
  readonly fault: Fault
}

async function aloneRun(ground: Ground, { name, fault }: Alone, settings: object = {}): Promise<Report> {
  const forMs = ground.size(600_000, 12_000)
  let watched: Watched = { readyShare: 0, longestMs: 0 }
  let goodMs = 0
  return runTrial(
    {
      ...{ events: 2, instances: 1, retryMs: RETRY_MS },
      settings: { ...SETTINGS, ...settings },
      workload: (site, total) => ({
        ...createPlainWorkload(site, total),
        script: { handshakes: { [site.handshakeId(0)]: [{ fault, times: null }] } },
      }),
    },
    async (trial) => {
      const { site, crew, reader } = trial
      await untilWorking(memberAt(crew, 0))
      trial.allow(0.5)
      await until('the event was tried', () => site.simulator.ledger.count() > 0)
      watched = await watch(trial, forMs)
      const askedAt = performance.now()
      const isGood = () => reader.facts.outcomes.some(({ outcome }) => outcome === 'VERIFIED')
      trial.allow(1)
      await until('an event that is right ends verified', isGood, LONGEST_MS)
      goodMs = performance.now() - askedAt
      const endpoint = await crew.endpoint(memberAt(crew, 0))
      await until('the connector is ready', async () => (await endpoint.get('/readyz')).status === 200)
      // What is poisonous must not keep the run from its end.
      site.simulator.setScript({})
    },
    (end) => {
      const { figures, wrong } = weigh(end.evidence(end.later))
      const { readyShare, longestMs } = watched
      const calls = end.calls.get(end.site.handshakeId(0)) ?? 0
      return {
        did: [`one event, always ${name}, alone for ${forMs / 1000} s`, `${calls} calls for it`],
        figures: [
          ...figures,
          `ready ${(100 * readyShare).toFixed(0)} % of the time`,
          `longest without ${(longestMs / 1000).toFixed(1)} s`,
          `next event verified after ${(goodMs / 1000).toFixed(1)} s`,
        ],
        wrong: [
          ...wrong,
          ...(longestMs > LONGEST_MS ? [`not ready for ${(longestMs / 1000).toFixed(0)} s`] : []),
          ...end.badEnds,
        ],
      }
    },
  )
}

const POISON: Alone = { name: '500', fault: { kind: 'status', status: 500, code: 5001 } }
const FOREIGN: Alone = { name: '403 4031', fault: { kind: 'status', status: 403, code: 4031 } }

/** Each 500 is taken for the end of the API, and nobody asks after it. */
const NEVER_ASKS = {
  policy: [
    { status: 500, action: 'pause:service' },
    { status: 403, action: 'pause:service' },
  ],
  systemic: { probeMs: 600_000, maxProbeMs: 600_000 },
}

const aloneProof = (name: string, alone: Alone): Proof => ({
  name,
  claim: `one event that is always answered with ${alone.name}, and no other traffic, leaves the connector ready`,
  run: (ground) => aloneRun(ground, alone),
  controls: {
    'a pause that nobody probes': (ground) => aloneRun(ground, alone, NEVER_ASKS),
  },
})

export const poison = aloneProof('poison', POISON)
export const foreign = aloneProof('foreign', FOREIGN)
