/** Proof 5: everything that an API can do wrong to a call, at once. What came out must be what its ledger says. */
import type { FaultScript, GlobalRule } from '../../../src/simulator/faults.js'
import type { LedgerCall } from '../../../src/simulator/ledger.js'
import { placeOf } from '../../support/judge.js'
import type { ExpectedEnd } from '../../support/site.js'
import { createContentCheck, KEEP_ALL } from '../contents.js'
import { untilWorking } from '../crew.js'
import { type Plant, withPlanted } from '../planted.js'
import type { Ground, Proof, Report } from '../proof.js'
import type { SeenOutcome } from '../reader.js'
import { runTrial, type TrialEnd } from '../trial.js'
import { weigh } from '../weigh.js'
import { createPlainWorkload } from '../workload.js'

const CAP_BYTES = 65_536
const each = (fault: GlobalRule['fault'], share: number, more: Partial<GlobalRule> = {}): GlobalRule => ({
  fault,
  share,
  ...more,
})

/** 30 % 5xx over all, a storm of 429, damage on the way; some handshakes have an answer that is wrong each time. */
const SCRIPT: FaultScript = {
  global: [
    each({ kind: 'status', status: 429, code: 4291 }, 0.7, { from: 1000, to: 4000 }),
    each({ kind: 'status', status: 429, code: '4292', retryAfter: 1 }, 0.02, { from: 1000, to: 4000 }),
    each({ kind: 'status', status: 500, code: 5001 }, 0.2),
    each({ kind: 'status', status: 503, as: 'html' }, 0.125),
    each({ kind: 'truncate' }, 0.02),
    each({ kind: 'truncate', framing: 'chunked' }, 0.01),
    each({ kind: 'cut-json' }, 0.01),
    each({ kind: 'reset-before' }, 0.01),
    each({ kind: 'reset-mid' }, 0.01),
    // The largest answers take a little over a second, far from the time limit; one byte at a time takes minutes.
    each({ kind: 'drip', bytes: 1024, everyMs: 20 }, 0.02),
    each({ kind: 'drip', bytes: 1, everyMs: 50 }, 0.003),
    each({ kind: 'hang' }, 0.003),
    each({ kind: 'oversize', bytes: 2 * CAP_BYTES }, 0.01, { by: 'handshake' }),
    each({ kind: 'oversize', bytes: 2 * CAP_BYTES, framing: 'chunked' }, 0.01, { by: 'handshake' }),
    each({ kind: 'tampered' }, 0.03, { by: 'handshake' }),
    each({ kind: 'signature', value: 'wrong' }, 0.01, { by: 'handshake' }),
    each({ kind: 'id', value: 'swapped' }, 0.02, { by: 'handshake' }),
    each({ kind: 'gzip' }, 0.02),
    each({ kind: 'chunked' }, 0.02),
  ],
}

const dead = (code: string): ExpectedEnd => ({ outcome: 'DEAD', code })
const VERIFIED: ExpectedEnd = { outcome: 'VERIFIED', code: null }

/** How an event ends whose last call was answered with this fault. Source: product.md section 4 */
const ENDS: Readonly<Record<string, ExpectedEnd>> = {
  none: VERIFIED,
  gzip: VERIFIED,
  chunked: VERIFIED,
  oversize: dead('response-too-large'),
  tampered: dead('signature-mismatch'),
  signature: dead('signature-mismatch'),
  id: dead('response-mismatch'),
  status: dead('retries-exhausted'),
  truncate: dead('retries-exhausted'),
  'cut-json': dead('retries-exhausted'),
  'reset-before': dead('retries-exhausted'),
  'reset-mid': dead('retries-exhausted'),
  hang: dead('retries-exhausted'),
}
const LAST_FAULTS = new Set(['status', 'truncate', 'cut-json', 'reset-before', 'reset-mid', 'hang'])

/** A caller whose time-out came before the end of the answer has got none: the ledger says which. */
const faultOf = (call: LedgerCall): string => {
  const took = (call.endedAt ?? Number.POSITIVE_INFINITY) - call.startedAt
  if (call.fault === 'drip' || call.fault === null) return call.whole && took < TIMEOUT_MS ? 'none' : 'hang'
  return call.fault
}

interface Settled {
  /** Ends that are not what the ledger says. */
  readonly wrong: string[]
  /** Calls of faulty answers that made another call necessary. */
  readonly faulty: number
  readonly calls: number
}

/** Holds the last outcome of each chain against the last call of its handshake. Each handshake has one event. */
export function settle(outcomes: readonly SeenOutcome[], ledger: readonly LedgerCall[]): Settled {
  const calls = new Map<string, LedgerCall[]>()
  for (const call of ledger) {
    const list = calls.get(call.handshakeId)
    if (list === undefined) calls.set(call.handshakeId, [call])
    else list.push(call)
  }
  const told = new Map<string, number>()
  const last = new Map<string, SeenOutcome>()
  for (const outcome of outcomes) {
    const id = outcome.handshakeId ?? placeOf(outcome.origin)
    told.set(id, (told.get(id) ?? 0) + outcome.calls)
    if (outcome.outcome !== 'DELAYED') last.set(id, outcome)
  }
  const wrong: string[] = []
  for (const [id, list] of calls) {
    const end = last.get(id)
    const fault = faultOf(list.at(-1) as LedgerCall)
    const expected = ENDS[fault]
    if (end?.outcome !== expected?.outcome || end?.code !== expected?.code) {
      wrong.push(`${id} ended ${end?.outcome} ${end?.code} after a last answer of ${fault}`)
    }
    const again = list.slice(0, -1).map(faultOf)
    const vain = again.filter((one) => !LAST_FAULTS.has(one))
    if (vain.length > 0) wrong.push(`${id} was asked for again after ${vain.join(', ')}`)
    if (told.get(id) !== list.length)
      wrong.push(`${id}: ${list.length} calls, outcomes tell of ${told.get(id)}`)
  }
  for (const id of last.keys()) if (!calls.has(id)) wrong.push(`${id} ended without a call`)
  const faulty = ledger.filter((call) => LAST_FAULTS.has(faultOf(call))).length
  return { wrong, faulty, calls: ledger.length }
}

const TIMEOUT_MS = 2000

const SETTINGS = {
  ...KEEP_ALL,
  fetch: {
    ...{ concurrency: 24, timeoutMs: TIMEOUT_MS, deadlineMs: 8000 },
    maxResponseBytes: CAP_BYTES,
  },
  // A third of the calls fail: ten in a row are chance here.
  systemic: { breakerFailures: 40 },
  deadLetters: { flood: null },
}

async function apiRun(
  ground: Ground,
  bin?: string,
  doctor: (end: TrialEnd) => TrialEnd = (end) => end,
): Promise<Report> {
  const events = ground.size(40_000, 800)
  let source: TrialEnd['site']['simulator']['source'] | null = null
  const check = createContentCheck(() => {
    if (source === null) throw new Error('the trial has not begun')
    return source
  })
  return runTrial(
    {
      ...{ events, instances: 2, settings: SETTINGS, retryMs: [500, 1000, 2000], settleMs: 1_800_000 },
      ...{ simulator: { latencyMs: 10, ledgerCalls: 10 * events }, workload: createPlainWorkload },
      ...{ inspect: check.inspect, ...(bin === undefined ? {} : { bin }) },
    },
    async ({ site, crew, allow }) => {
      source = site.simulator.source
      // Calls that a rebalance drops are made again: the group is left alone while events flow.
      for (const member of crew.members) await untilWorking(member)
      site.simulator.setScript(SCRIPT)
      allow(1)
    },
    (given) => {
      const end = doctor(given)
      const { figures, wrong } = weigh(end.evidence(end.later))
      const { ledger } = end.site.simulator
      const settled = settle(end.later.outcomes, ledger.calls())
      const perEvent = settled.calls / events
      const bound = 1 + settled.faulty / events
      return {
        did: [
          `${events} events`,
          `${settled.calls} calls`,
          `${settled.faulty} answered with a passing fault`,
        ],
        figures: [
          ...figures,
          ...endsOf(end),
          `ends that differ from the ledger ${settled.wrong.length}`,
          `tampered in verified ${check.changed.length} of ${check.compared()}`,
          `API calls an event ${perEvent.toFixed(3)} (at most ${bound.toFixed(3)})`,
        ],
        wrong: [
          ...wrong,
          ...settled.wrong.slice(0, 5),
          ...check.changed.slice(0, 5).map((id) => `verified records of ${id} are not its result`),
          ...(check.compared() === 0 ? ['nothing was verified'] : []),
          ...(perEvent > bound ? [`${perEvent.toFixed(3)} calls an event`] : []),
          ...end.badEnds,
        ],
      }
    },
  )
}

function endsOf({ later }: TrialEnd): string[] {
  const counts = new Map<string, number>()
  for (const { outcome, code } of later.outcomes) {
    const name = code === null ? outcome.toLowerCase() : `${outcome.toLowerCase()} ${code}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name} ${count}`)
}

/** Every signature passes. */
const TRUSTS_ALL: Plant = {
  ...{ file: 'steps/verify.js', find: 'return timingSafeEqual(' },
  put: 'return true || timingSafeEqual(',
}

export const api: Proof = {
  name: 'api',
  claim:
    'whatever the API does to calls, each event ends as the ledger of the API says, and nothing tampered is verified',
  run: (ground) => apiRun(ground),
  plants: [TRUSTS_ALL],
  controls: {
    'a signature that is not checked': (ground) => withPlanted(TRUSTS_ALL, (bin) => apiRun(ground, bin)),
    'an outcome of another event': (ground) => apiRun(ground, undefined, swapOutcomes),
  },
}

/** Two events change ends. */
function swapOutcomes(end: TrialEnd): TrialEnd {
  const { outcomes } = end.later
  const verified = outcomes.find(({ outcome }) => outcome === 'VERIFIED')
  const lost = outcomes.find(({ outcome }) => outcome === 'DEAD')
  if (verified === undefined || lost === undefined) return end
  const swapped = outcomes.map((row) => {
    if (row !== verified && row !== lost) return row
    const { outcome, code } = row === verified ? lost : verified
    return { ...row, outcome, code }
  })
  return { ...end, later: { ...end.later, outcomes: swapped } }
}
