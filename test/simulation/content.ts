import type { OutcomeKind } from '../../src/core/outcome.js'
import type { Random } from '../../src/core/ports.js'
import { randomInt } from '../../src/io/memory/random.js'
import { DEVELOPMENT_CREDENTIAL } from '../../src/simulator/credentials.js'
import { createEvents } from '../../src/simulator/events.js'
import type { Fault, FaultScript, HandshakeRule } from '../../src/simulator/faults.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { createResultSource } from '../../src/simulator/results.js'

interface End {
  readonly outcome: OutcomeKind
  readonly code: string | null
}

/** One message to append, and how its chain ends when the API has no fault. */
export interface Event {
  readonly key: string | null
  readonly value: string | null
  /** Null: that depends on when it is asked for. */
  readonly expected: End | null
  /** False: it ends without a call, so that no fault of the API matters. */
  readonly called: boolean
}

/** The results are the same in all worlds, so that they are made once; what differs is what happens to them. */
export const RESULT_SEED = 11
const source = createResultSource({
  seed: RESULT_SEED,
  clientSecret: DEVELOPMENT_CREDENTIAL.clientSecret,
  // Small ones: a world costs what is hashed and scanned in it.
  stages: ['VPA:done', 'MOBILE_OTP:done', 'PAN:basic'],
})
const events = createEvents(source)

export const resultSource = source
export const handshakeId = (n: number): string => handshakeIdFor(RESULT_SEED, n)

const dead = (code: string) => ({ outcome: 'DEAD', code }) as const
const skipped = (code: string) => ({ outcome: 'SKIPPED', code }) as const
const VERIFIED = { outcome: 'VERIFIED', code: null } as const

/** Faults of what the API holds: the same at every call. */
const HELD: readonly (readonly [Fault, End])[] = [
  [{ kind: 'archived' }, dead('result-archived')],
  [{ kind: 'signature', value: 'wrong' }, dead('signature-mismatch')],
  [{ kind: 'tampered' }, dead('signature-mismatch')],
  [{ kind: 'result', value: 'empty' }, skipped('no-stages')],
  [{ kind: 'result', value: 'array' }, dead('result-unexpected-shape')],
  [{ kind: 'status', status: 400, code: 4001 }, dead('request-rejected')],
  [{ kind: 'status', status: 403, code: 40398 }, dead('consent-invalid')],
  [{ kind: 'duplicate-keys', at: 'result' }, dead('response-malformed')],
  // These take every retry topic there is.
  [{ kind: 'not-consumed' }, dead('result-not-ready')],
  [{ kind: 'result', value: 'null' }, dead('result-missing')],
  [{ kind: 'status', status: 404, as: 'empty' }, dead('handshake-not-found')],
]

/** Messages that end without a call. */
const LOCAL: readonly ((id: string) => Omit<Event, 'called'>)[] = [
  (id) => ({ key: id, value: null, expected: skipped('null-value') }),
  (id) => ({ key: id, value: events.unsupported(id), expected: skipped('event-unsupported') }),
  () => ({ key: null, value: 'no json, no id', expected: dead('event-bad-id') }),
  () => ({ key: 'k', value: '{"_id":"DS0', expected: dead('event-undecodable') }),
  () => ({ key: null, value: '{"tag":"x"}', expected: dead('event-no-id') }),
]

const FORMS: readonly ((id: string) => string)[] = [
  events.reduced,
  events.bare,
  events.idText,
  events.idJson,
  events.withoutName,
  events.skipped,
  (id) => events.completed(id),
]

/**
 * Draws a mixed set of events.
 *
 * Out:    the events in the order in which they are appended, each with the partition it goes to, and the rules of the API
 *         for their handshakes
 */
export function drawEvents(
  random: Random,
  {
    count,
    partitions,
    calm,
  }: { readonly count: number; readonly partitions: number; readonly calm: boolean },
) {
  const rules: Record<string, readonly HandshakeRule[]> = {}
  const expected = new Map<string, Event['expected']>()
  const homes = new Map<string, number>()
  const list: { readonly partition: number; readonly event: Event }[] = []
  const pick = <T>(from: readonly T[]): T => from[randomInt(random, 0, from.length - 1)] as T

  function drawEnd(id: string): Event['expected'] {
    const drawn = random()
    // Not consumed for so many calls: it may take one attempt, some, or too many.
    if (drawn < 0.08 && !calm) {
      rules[id] = [{ fault: { kind: 'not-consumed' }, times: randomInt(random, 1, 14) }]
      return null
    }
    if (drawn > 0.28) return VERIFIED
    const [fault, end] = pick(HELD)
    rules[id] = [{ fault, times: null }]
    return end
  }

  function fetched(n: number): Event {
    const id = handshakeId(n)
    if (!expected.has(id)) expected.set(id, drawEnd(id))
    const end = expected.get(id) ?? null
    const key = random() < 0.8 ? id : null
    return { key, value: pick(FORMS)(id), expected: end, called: true }
  }

  for (let i = 0; i < count; i += 1) {
    // Every fourth event is about a handshake that had one before: order per key is at stake.
    const n = random() < 0.25 ? randomInt(random, 0, i) : i
    const event = random() < 0.15 ? { ...pick(LOCAL)(handshakeId(n)), called: false } : fetched(n)
    const home = homes.get(handshakeId(n)) ?? randomInt(random, 0, partitions - 1)
    homes.set(handshakeId(n), home)
    list.push({ partition: home, event })
  }
  return { list, rules }
}

/** What goes wrong at the API for a while, until `untilMs`. */
export function drawApiFaults(random: Random, untilMs: number): FaultScript['global'] {
  const share = random() * 0.3
  const window = { from: 0, to: untilMs, by: 'call' } as const
  const faults: readonly Fault[] = [
    { kind: 'status', status: 500, code: 5001 },
    { kind: 'status', status: 503, as: 'html' },
    { kind: 'status', status: 429, code: 4291, retryAfter: 1 },
    { kind: 'hang' },
    { kind: 'reset-before' },
    { kind: 'reset-mid' },
    { kind: 'truncate' },
    { kind: 'cut-json' },
    { kind: 'drip', bytes: 256, everyMs: 40 },
    { kind: 'gzip' },
    { kind: 'chunked' },
  ]
  const drawn = faults.filter(() => random() < 0.4)
  const rules = drawn.map((fault) => ({ fault, share: share / Math.max(1, drawn.length), ...window }))
  if (random() > 0.15) return rules
  const from = randomInt(random, 0, untilMs)
  const outage = { kind: 'status', status: 503, as: 'html' } as const
  return [{ fault: outage, from, to: Math.min(untilMs, from + 4000) }, ...rules]
}
