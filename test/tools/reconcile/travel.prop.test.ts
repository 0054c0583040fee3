import fc from 'fast-check'
import { expect, it } from 'vitest'
import { chainOf, travelHeaders } from '../../../src/core/chain.js'
import type { MessageHeader, SourceMessage } from '../../../src/core/model.js'
import { readTravel } from '../../../src/tools/reconcile/travel.js'

const NAMES = ['origin', 'attempt', 'replays', 'first-seen', 'calls', 'due'].map((name) => `attestr.${name}`)

/** Values that are right somewhere, nearly right, or nonsense. */
const text = fc.oneof(
  fc.constantFrom('0', '1', '7', '2147483647', '2147483648', '4503599627370496', '4503599627370497', '01'),
  fc.constantFrom('', '-1', '1.0', ' 1', '1e3', '99999999999999999', 'events/0/5', 'events/2147483648/5'),
  fc.constantFrom('events/0/05', 'events/0', '/0/1', 'ev ents/0/1', 'events/0/4503599627370497', 'é/0/1'),
  fc.string({ maxLength: 12 }),
)
const header: fc.Arbitrary<MessageHeader> = fc.record({
  key: fc.constantFrom(...NAMES, 'traceparent'),
  value: fc.oneof(
    { weight: 9, arbitrary: text.map((value) => Buffer.from(value)) },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
})

const right = fc
  .record({
    ...{
      attempt: fc.integer({ min: 1, max: 9 }),
      replays: fc.nat(3),
      firstSeenAt: fc.nat(),
      callsBefore: fc.nat(9),
    },
    dueAt: fc.option(fc.nat()),
  })
  .map(({ dueAt, ...chain }) => {
    const origin = { topic: 'events.v1', partition: 2, offset: 77 }
    return travelHeaders({ ...chain, origin, source: origin }, dueAt)
  })

/** Right headers with some left out, changed or added. */
const headers = fc
  .tuple(
    right,
    fc.array(fc.tuple(fc.nat(5), fc.option(header)), { maxLength: 2 }),
    fc.array(header, { maxLength: 1 }),
  )
  .map(([list, changes, more]) => {
    const changed = [...list]
    for (const [at, other] of changes)
      changed.splice(at % changed.length, 1, ...(other === null ? [] : [other]))
    return [...changed, ...more]
  })

it('a message stands where the connector says, for right and for broken travel headers', () => {
  let sound = 0
  fc.assert(
    fc.property(headers, (list) => {
      const at = { topic: 'retry', partition: 1, offset: 4 }
      const message: SourceMessage = { ...at, timestamp: 0, key: null, value: null, headers: list }
      const theirs = chainOf(message, 0, false)
      const ours = readTravel(message)
      if (theirs.sound) sound += 1
      const { origin, attempt, replays } = theirs.chain
      expect(ours).toEqual(theirs.sound ? { origin, attempt, replays } : null)
    }),
    { numRuns: 2000 },
  )
  expect(sound).toBeGreaterThan(200)
})
