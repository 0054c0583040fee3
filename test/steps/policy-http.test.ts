/** The table of answers, row by row: the fetch step and the HTTP edge against the simulator. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SecretText } from '../../src/core/model.js'
import { createPolicy, POLICY_ROWS, type PolicyOverride, type PolicyRow } from '../../src/core/policy.js'
import { createRate } from '../../src/core/rate.js'
import type { CallSlot, Ticket } from '../../src/core/work.js'
import { createResultApi } from '../../src/io/attestr/http.js'
import { createMemoryMetrics } from '../../src/io/memory/metrics.js'
import { createSystemClock } from '../../src/io/system/clock.js'
import { DEVELOPMENT_CREDENTIAL } from '../../src/simulator/credentials.js'
import type { FaultBody } from '../../src/simulator/faults.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { type Simulator, startSimulator } from '../../src/simulator/server.js'
import { readEnvelope } from '../../src/steps/envelope.js'
import { createFetch } from '../../src/steps/fetch.js'
import { until } from '../support/until.js'
import { createHealth, event } from './fetch-support.js'

const clock = createSystemClock()
let simulator: Simulator
let api: ReturnType<typeof createResultApi>
let handshakes = 0

beforeAll(async () => {
  simulator = await startSimulator({ profile: 'small' })
  api = createResultApi({
    ...{ baseUrl: simulator.baseUrl, version: 'v1', connections: 4, timeoutMs: 5000, clock },
    maxResponseBytes: 1_000_000,
  })
})

afterAll(async () => {
  await api.close()
  await simulator.stop()
})

const CREDENTIAL = {
  id: 'main',
  authorization: new SecretText(`Basic ${DEVELOPMENT_CREDENTIAL.authToken}`),
  clientSecret: {},
  match: { topics: [], flowIds: [] },
}

type StatusFault = Extract<FaultBody, { kind: 'status' }>

interface Given {
  readonly fault: FaultBody
  /** Calls it is for; all when left out. */
  readonly times?: number
  readonly overrides?: readonly PolicyOverride[]
}

/** Fetches one handshake that meets the fault; trouble of the system is over at once. */
async function fetchWith({ fault, times, overrides = [] }: Given) {
  const id = handshakeIdFor(1, handshakes++)
  simulator.setScript({ handshakes: { [id]: [{ fault, times: times ?? null }] } })
  const health = createHealth(() => clock.monotonic())
  const random = (): number => 0
  const rate = createRate({ clock, random, perSecond: null, perDay: null })
  const ended = new AbortController()
  const slot: CallSlot = {
    budget: { admit: () => null, grown: () => undefined },
    sent: () => rate.sent(),
    release: () => undefined,
  }
  const ticket: Ticket = {
    signal: ended.signal,
    calls: 0,
    async callSlot() {
      await until('the rate allows a call', () => ended.signal.aborted || rate.reserve())
      return ended.signal.aborted ? null : slot
    },
  }
  const fetch = createFetch({
    ...{ api, health, rate, clock, random, readEnvelope, metrics: createMemoryMetrics() },
    limits: { attempts: 4, deadlineMs: 15_000, giveUpMs: 86_400_000 },
    hasRetryTopics: true,
    classify: createPolicy(overrides),
  })
  const request = {
    event: event(id),
    choose: () => ({ credential: CREDENTIAL, hasNext: false }),
    firstSeenAt: clock.now(),
  }
  const end = fetch(request, ticket)
  let isOver = false
  void end.then(() => {
    isOver = true
  })
  await until('it ends or is held', () => isOver || health.waiters() > 0)
  if (!isOver) {
    simulator.setScript({})
    health.resume()
  }
  return { end: await end, calls: ticket.calls, seen: health.seen }
}

/** A status that the row is for, and a code in the form in which it came. */
function faultOf(row: PolicyRow, as: 'json' | 'html' | 'empty', codeAs: 'number' | 'text'): StatusFault {
  const status = typeof row.status === 'number' ? row.status : Number(row.status[0]) * 100 + 18
  if (typeof row.code !== 'number') {
    const code = row.code === '*' && as === 'json' ? 49_999 : undefined
    return {
      kind: 'status',
      status,
      as: code === undefined && as === 'json' ? 'text' : as,
      ...(code === undefined ? {} : { code }),
    }
  }
  return { kind: 'status', status, as, code: codeAs === 'text' ? String(row.code) : row.code }
}

type Fetched = Awaited<ReturnType<typeof fetchWith>>

/** What follows from each action, as product.md section 4 has it. */
function expectAction(action: string, { end, calls, seen }: Fetched, status: number): void {
  const [kind, target] = action.split(':')
  switch (kind) {
    case 'dead':
      expect({ end, calls, seen }).toMatchObject({
        end: { kind: 'dead', failure: { code: target } },
        calls: 1,
        seen: ['success'],
      })
      return
    case 'delay':
      expect({ end, calls }).toMatchObject({
        end: { kind: 'delay', tiers: 'all', failure: { code: target } },
        calls: 1,
      })
      return
    case 'forbidden':
      expect({ end, calls, seen }).toMatchObject({
        end: { kind: 'delay', tiers: 'all', failure: { code: 'handshake-forbidden' } },
        calls: 1,
        seen: ['success'],
      })
      return
    case 'not-found':
      expect({ end, calls }).toMatchObject({
        end: { kind: 'delay', tiers: 'one', failure: { code: 'handshake-not-found', httpStatus: status } },
        calls: 3,
      })
      return
    case 'retry':
      expect({ end, calls }).toMatchObject({
        end: { kind: 'delay', tiers: 'last', failure: { code: 'retries-exhausted' } },
        calls: 4,
      })
      return
    case 'wait':
      expect({ end, calls, seen }).toMatchObject({ end: { kind: 'ready' }, calls: 2, seen: ['success'] })
      return
    case 'pause':
      expect(seen[0]?.split(' ')[0]).toBe(target)
      expect({ end, calls }).toMatchObject({ end: { kind: 'ready' }, calls: 2 })
      return
    default:
      throw new Error(`no expectation for ${action}`)
  }
}

const REFUSALS = POLICY_ROWS.filter(({ action }) => action !== 'read')
const timesOf = (action: string): { times?: number } => (action === 'wait' ? { times: 1 } : {})

describe('each row of the table, over HTTP', () => {
  it('200: is read', async () => {
    const { end, calls } = await fetchWith({ fault: { kind: 'delay' } })
    expect({ kind: end.kind, calls }).toEqual({ kind: 'ready', calls: 1 })
  })

  it.each(REFUSALS)('$status $code: $action', async (row) => {
    const fault = faultOf(row, 'json', 'number')
    expectAction(row.action, await fetchWith({ fault, ...timesOf(row.action) }), fault.status)
  })

  it.each(REFUSALS.filter(({ code }) => typeof code === 'number'))(
    '$status "$code" as text: $action',
    async (row) => {
      const fault = faultOf(row, 'json', 'text')
      expectAction(row.action, await fetchWith({ fault, ...timesOf(row.action) }), fault.status)
    },
  )

  it.each(
    REFUSALS.filter(({ code }) => typeof code !== 'number').flatMap((row) =>
      (['html', 'empty'] as const).map((as) => ({ ...row, as })),
    ),
  )('$status without a code, body $as: $action', async ({ as, ...row }) => {
    const fault = faultOf(row, as, 'number')
    expectAction(row.action, await fetchWith({ fault, ...timesOf(row.action) }), fault.status)
  })
})

describe('what the API never documented', () => {
  it.each([
    [402, 'dead:request-rejected'],
    [408, 'dead:request-rejected'],
    [451, 'dead:request-rejected'],
    [502, 'retry'],
    [503, 'retry'],
    [504, 'retry'],
    [599, 'retry'],
    [301, 'pause:redirect'],
    [307, 'pause:redirect'],
  ])('%d leads to %s', async (status, action) => {
    expectAction(action, await fetchWith({ fault: { kind: 'status', status, as: 'html' } }), status)
  })

  it.each([
    [
      'the code alone, in text with blanks',
      { kind: 'status', status: 401, code: ' 4016 ' },
      'pause:credentials',
    ],
    ['a code that is no number', { kind: 'status', status: 403, code: 'E4035' }, 'dead:request-rejected'],
    ['a redirect with a place to go to', { kind: 'redirect' }, 'pause:redirect'],
    ['an empty 200', { kind: 'status', status: 200, as: 'empty' }, 'retry'],
    ['a page with 200', { kind: 'status', status: 200, as: 'html' }, 'retry'],
  ] as const)('%s leads to %s', async (_, fault, action) => {
    expectAction(action, await fetchWith({ fault }), 0)
  })
})

describe('an override of the configuration, over HTTP', () => {
  it.each([
    [
      { status: 404, action: 'dead:handshake-not-found' },
      { kind: 'status', status: 404 },
    ],
    [
      { status: 503, code: null, action: 'wait' },
      { kind: 'status', status: 503, as: 'html' },
    ],
    [
      { status: 400, code: 4999, action: 'pause:service' },
      { kind: 'status', status: 400, code: '4999' },
    ],
    [
      { status: 400, code: 4001, action: 'delay:request-rejected' },
      { kind: 'status', status: 400, code: 4001 },
    ],
    [
      { status: 418, action: 'retry' },
      { kind: 'status', status: 418, as: 'empty' },
    ],
  ] as const)('%j holds', async (override, fault) => {
    const fetched = await fetchWith({ fault, overrides: [override], ...timesOf(override.action) })
    expectAction(override.action, fetched, fault.status)
  })

  it('leaves other codes of the status as they were', async () => {
    const overrides = [{ status: 403, code: 4031, action: 'dead:handshake-forbidden' }]
    const fault: FaultBody = { kind: 'status', status: 403, code: 40_398 }
    expectAction('dead:consent-invalid', await fetchWith({ fault, overrides }), 403)
  })
})
