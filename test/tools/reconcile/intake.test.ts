import { describe, expect, it } from 'vitest'
import { travelHeaders } from '../../../src/core/chain.js'
import type { SourceMessage } from '../../../src/core/model.js'
import type { OutcomeRow } from '../../../src/core/records.js'
import { createMemoryRegistry } from '../../../src/io/memory/registry.js'
import { createEncoders } from '../../../src/io/registry/encoders.js'
import { createFieldReader } from '../../../src/io/registry/fields.js'
import { SCHEMAS } from '../../../src/io/registry/schemas.js'
import { type Facts, idHash } from '../../../src/tools/reconcile/facts.js'
import { createIntake, WANTED_FIELDS } from '../../../src/tools/reconcile/intake.js'
import { NOW, route, stage, verification } from '../../steps/route-support.js'
import { place, scopeOf } from './history.js'

const registry = createMemoryRegistry()
const ids = {
  verified: registry.add('verified', SCHEMAS.verified),
  deadLetter: registry.add('dead', SCHEMAS.deadLetter),
  outcome: registry.add('outcomes', SCHEMAS.outcome),
}
const encoders = createEncoders({ ids })
const source = { topic: 'retry', partition: 2, offset: 77 }
const origin = { topic: 'events', partition: 1, offset: 2 ** 40 }
const OUTCOME: OutcomeRow = {
  ...{ source, origin, handshakeId: 'DS0abcdef', outcome: 'DEAD', code: 'result-archived', records: 0 },
  ...{ calls: 3, attempt: 2, replays: 1, startedAt: 1, finishedAt: 2 },
}

async function take(topic: string, value: Buffer | null, more: Partial<SourceMessage> = {}) {
  const rows: Facts[] = []
  const unreadable: string[] = []
  const intake = createIntake({
    scope: scopeOf([]),
    proof: { add: (facts) => void rows.push(facts), unreadable: (at) => void unreadable.push(place(at)) },
    readers: {
      verified: createFieldReader(registry, WANTED_FIELDS.verified),
      typed: createFieldReader(registry, WANTED_FIELDS.typed),
      deadLetter: createFieldReader(registry, WANTED_FIELDS.deadLetter),
      outcome: createFieldReader(registry, WANTED_FIELDS.outcome),
    },
  })
  const at = { topic, partition: 1, offset: 5 }
  await intake({ ...at, timestamp: 1_700_000_000_999, key: null, value, headers: [], ...more })
  return { rows, unreadable }
}

const common = {
  ...{ at: { topic: 'outcomes', partition: 1, offset: 5 }, origin, attempt: 2, replays: 1 },
  seconds: 1_700_000_000,
}

describe('what the proof keeps of a message', () => {
  it('of an outcome: coordinates, counts, its code and a hash of the handshake id', async () => {
    const { rows } = await take('outcomes', encoders.outcome(OUTCOME))
    expect(rows).toEqual([
      {
        ...{ kind: 'outcome', ...common, source, outcome: 'DEAD', code: 'result-archived', records: 0 },
        handshake: idHash('DS0abcdef'),
      },
    ])
    expect((await take('outcomes', encoders.outcome({ ...OUTCOME, handshakeId: null }))).rows).toMatchObject([
      { handshake: 0 },
    ])
  })

  it('of an events message: where it lies, whatever its headers say', async () => {
    const chain = { source: origin, origin, attempt: 3, replays: 0, firstSeenAt: 0, callsBefore: 0 }
    const { rows } = await take('events', Buffer.from('x'), { headers: travelHeaders(chain, null) })
    const at = { topic: 'events', partition: 1, offset: 5 }
    expect(rows).toEqual([{ ...common, kind: 'message', at, origin: at, attempt: 1, replays: 0 }])
  })

  it('of a retry message: the chain that its headers tell of', async () => {
    const chain = { source: origin, origin, attempt: 3, replays: 1, firstSeenAt: 0, callsBefore: 0 }
    const { rows } = await take('retry', null, { headers: travelHeaders(chain, 9) })
    expect(rows).toMatchObject([{ kind: 'message', origin, attempt: 3, replays: 1 }])
    expect((await take('retry', null)).rows).toMatchObject([
      { origin: { offset: 5 }, attempt: 1, replays: 0 },
    ])
  })

  it('of all that the connector writes for an event: rows that belong together', async () => {
    const chain = { source, origin, attempt: 2, replays: 0, firstSeenAt: NOW, callsBefore: 1 }
    const message: SourceMessage = { ...source, timestamp: NOW, key: null, value: null, headers: [] }
    const handshakeId = 'DS02zfeuv6n4gkq51hvw6'
    const event = {
      ...{ handshakeId, eventType: null, tag: null, flowId: null, snapshot: null, updated: null },
      ...{ reduced: '{}', traceparent: null },
    }
    const envelope = { handshakeId, number: null, requestId: null, tag: null }
    const end = route({ encoders }).verified({
      ...{ message, chain, calls: 1, startedAt: NOW, event, verification, fetchedAt: NOW },
      ...{ envelope, stages: [stage('FS0a'), stage('FS0b')] },
    } as unknown as Parameters<ReturnType<typeof route>['verified']>[0])
    const topics: Readonly<Record<string, string>> = { v: 'verified', o: 'outcomes' }
    const read = await Promise.all(end.outputs.map(({ topic, value }) => take(topics[topic] ?? '', value)))
    const rows = read.flatMap((one) => one.rows)
    expect(rows.map(({ kind }) => kind)).toEqual(['record', 'record', 'outcome'])
    expect(new Set(rows.map((row) => place(row.origin)))).toEqual(new Set([place(origin)]))
    expect(rows).toMatchObject([
      { stageIndex: 0, stageCount: 2, attempt: 2, handshake: idHash(handshakeId) },
      { stageIndex: 1, stageCount: 2, attempt: 2, handshake: idHash(handshakeId) },
      { outcome: 'VERIFIED', code: null, records: 2, attempt: 2, handshake: idHash(handshakeId) },
    ])
  })
})

describe('a row on a topic of ours that is not what belongs there', () => {
  const framed = encoders.outcome(OUTCOME)
  const cut = framed.subarray(0, -1)
  const unknown = Buffer.from(framed)
  unknown.writeUInt32BE(999, 1)
  const hostile = Buffer.concat([Buffer.from([0, 0, 0, 0, ids.verified]), Buffer.alloc(40, 0xff)])

  it.each([
    ['no value', 'outcomes', null],
    ['no framing', 'outcomes', Buffer.from('{"outcome":"DEAD"}')],
    ['too short', 'outcomes', Buffer.from([0, 0])],
    ['a schema the registry does not know', 'outcomes', unknown],
    ['bytes that are cut', 'outcomes', cut],
    ['bytes too many', 'outcomes', Buffer.concat([framed, Buffer.from([0])])],
    ['counts that nobody could believe', 'verified', hostile],
    ['another kind of record', 'verified', framed],
    ['an end that is none', 'outcomes', encoders.outcome({ ...OUTCOME, outcome: 'LOST' as 'DEAD' })],
    ['a code that is none', 'outcomes', encoders.outcome({ ...OUTCOME, code: 'Asha 2345 6789 0124' })],
    [
      'a topic that is none',
      'outcomes',
      encoders.outcome({ ...OUTCOME, source: { ...source, topic: 'a b' } }),
    ],
    ['an offset below 0', 'outcomes', encoders.outcome({ ...OUTCOME, origin: { ...origin, offset: -1 } })],
  ])('is told with its place: %s', async (_, topic, value) => {
    expect(await take(topic, value)).toEqual({ rows: [], unreadable: [`${topic}/1@5`] })
  })
})
