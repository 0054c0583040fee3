import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { chainOf, TRAVEL, travelHeaders } from '../../src/core/chain.js'
import { FAILURES, type Failure, type FailureCode } from '../../src/core/failure.js'
import type { MessageHeader, SourceMessage } from '../../src/core/model.js'
import type { DelayTiers } from '../../src/core/outcome.js'
import type { EventEnd } from '../../src/core/work.js'
import type { RouteDeps } from '../../src/steps/route.js'
import {
  chain,
  handshake,
  headersOf,
  ID,
  message,
  NOW,
  RETRY,
  readBack,
  route,
  stage,
  TRACEPARENT,
  textMap,
  verification,
} from './route-support.js'

const common = { message: message(), chain, calls: 2, startedAt: NOW - 100 }
const result = {
  ...common,
  event: handshake(),
  envelope: { number: '3804-324489-8469', requestId: 'c500f555', tag: 'response-tag' },
  stages: [stage('FS0pan'), stage('FS0other', { status: 'PENDING', valid: null })],
  verification,
  signed: Buffer.from('what was signed'),
  fetchedAt: NOW - 10,
}
const topicsOf = (end: EventEnd) => end.outputs.map((output) => output.topic)

describe('a verified event', () => {
  const end = route().verified(result)

  it('gives one record a stage and one outcome, all under the handshake id', () => {
    expect(end).toMatchObject({ outcome: 'VERIFIED', code: null })
    expect(topicsOf(end)).toEqual(['v', 'v', 'o'])
    for (const output of end.outputs) {
      expect(output).toMatchObject({ key: Buffer.from(ID), headers: [], sourcePartition: 3 })
    }
  })

  it('has every field of the record', () => {
    expect(readBack(end.outputs[0], 'verified')).toEqual({
      recordId: `${ID}/FS0pan@0123456789ab`,
      handshakeId: ID,
      number: '3804-324489-8469',
      requestId: 'c500f555',
      tag: 'response-tag',
      flowId: 'FX02zfeuvcj36knhn06us',
      snapshot: null,
      eventType: 'flowx.completed',
      eventTime: NOW - 1000,
      stageId: 'FS0pan',
      stageIndex: 0,
      stageCount: 2,
      stageType: 'PAN',
      stageTypeSource: 'CATALOGUE',
      status: 'COMPLETE',
      valid: true,
      input: { pan: 'ABCDE1234F' },
      output: { valid: 'true', 'name.first': 'Asha', photo: null },
      extra: {},
      kinds: { 'output.valid': 'boolean' },
      redactions: { 'output.photo': 'drop' },
      verification,
      origin: chain.origin,
      attempt: 2,
      replays: 1,
      resultId: `${ID}@0123456789ab`,
      fetchedAt: NOW - 10,
      inputJson: null,
      outputJson: null,
    })
    expect(readBack(end.outputs[1], 'verified')).toMatchObject({
      recordId: `${ID}/FS0other@0123456789ab`,
      stageIndex: 1,
      stageType: null,
      stageTypeSource: 'UNKNOWN',
      status: 'PENDING',
      valid: null,
      resultId: `${ID}@0123456789ab`,
    })
  })

  it('has every field of the outcome', () => {
    expect(readBack(end.outputs[2], 'outcome')).toEqual({
      source: chain.source,
      origin: chain.origin,
      handshakeId: ID,
      outcome: 'VERIFIED',
      code: null,
      records: 2,
      calls: 2,
      attempt: 2,
      replays: 1,
      startedAt: NOW - 100,
      finishedAt: NOW,
    })
  })

  it('carries the trace context on its records and not on its outcome', () => {
    const traced = route().verified({
      ...result,
      event: handshake({ traceparent: Buffer.from(TRACEPARENT) }),
    })
    expect(traced.outputs.map(headersOf)).toEqual([
      { traceparent: TRACEPARENT },
      { traceparent: TRACEPARENT },
      {},
    ])
  })

  it('takes the tag of the event when the response has none, and masks what the response says', () => {
    const without = route().verified({ ...result, envelope: { number: null, requestId: null, tag: null } })
    expect(readBack(without.outputs[0], 'verified')).toMatchObject({
      tag: 'event-tag',
      number: null,
      requestId: null,
    })
    const secret = { number: 'SECRET', requestId: 'SECRET', tag: 'SECRET' }
    const masked = route().verified({ ...result, envelope: secret })
    expect(readBack(masked.outputs[0], 'verified')).toMatchObject({
      number: 'xxxxxx',
      requestId: 'xxxxxx',
      tag: 'tttttt',
    })
  })

  it('keeps a member that is named like a part of JavaScript', () => {
    const odd = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}')
    const output = textMap<string | null>({})
    for (const [key, value] of Object.entries(odd)) {
      Object.defineProperty(output, key, { value, enumerable: true })
    }
    const routed = route().verified({ ...result, stages: [stage('FS0pan', { output })] })
    expect(routed.outputs[0]?.value.includes('__proto__')).toBe(true)
    expect(readBack(routed.outputs[0], 'verified')).toMatchObject({ stageCount: 1 })
  })

  it('writes no outcome when outcomes are turned off', () => {
    const off = route({ topics: { verified: 'v', deadLetter: 'd', outcomes: null, retry: [] } })
    expect(topicsOf(off.verified(result))).toEqual(['v', 'v'])
    expect(topicsOf(off.skipped({ ...common, code: 'no-stages', handshakeId: ID }))).toEqual([])
  })

  it('is dead as a whole when its last record is too large', () => {
    const stages = [stage('FS0a'), stage('FS0b', { output: textMap({ big: 'x'.repeat(5000) }) })]
    const whole = route({ maxRecordBytes: 5000 }).verified({ ...result, stages })
    expect(whole).toMatchObject({ outcome: 'DEAD', code: 'record-too-large' })
    expect(topicsOf(whole)).toEqual(['d', 'o'])
    expect(readBack(whole.outputs[0], 'deadLetter')).toMatchObject({
      code: 'record-too-large',
      category: 'RECORD',
      retryable: true,
      handshakeId: ID,
      valueForm: 'REDUCED',
      value: Buffer.from(handshake().reduced),
    })
    expect(readBack(whole.outputs[1], 'outcome')).toMatchObject({ outcome: 'DEAD', records: 0, calls: 2 })
  })

  it('is dead as a whole when a record does not fit its schema, and no value is told', () => {
    const stages = [stage('FS0a'), stage('FS0b', { output: textMap({ 'a.SECRET': 'lone \ud800 SECRET' }) })]
    const whole = route().verified({ ...result, stages })
    expect(whole).toMatchObject({ outcome: 'DEAD', code: 'record-unencodable' })
    const letter = readBack(whole.outputs[0], 'deadLetter')
    expect(letter['message']).toBe('a record does not fit its schema: at output.*')
  })
})

describe('a skipped event', () => {
  it('gives an outcome alone', () => {
    const end = route().skipped({ ...common, code: 'no-stages', handshakeId: ID })
    expect(end).toMatchObject({ outcome: 'SKIPPED', code: 'no-stages' })
    expect(topicsOf(end)).toEqual(['o'])
    expect(end.outputs[0]?.key).toEqual(Buffer.from(ID))
    expect(readBack(end.outputs[0], 'outcome')).toMatchObject({
      outcome: 'SKIPPED',
      code: 'no-stages',
      records: 0,
      handshakeId: ID,
    })
  })

  it.each([
    [Buffer.from('the-key'), Buffer.from('the-key')],
    [Buffer.alloc(0), Buffer.alloc(0)],
    [null, null],
    [Buffer.from('a SECRET'), null],
  ])('without an id has key %s as %s', (key, expected) => {
    const end = route().skipped({
      ...common,
      message: message({ key }),
      code: 'null-value',
      handshakeId: null,
    })
    expect(end.outputs[0]?.key).toEqual(expected)
  })

  it('is written without a key that is too large', () => {
    const large = { ...common, message: message({ key: Buffer.alloc(5000) }) }
    const end = route({ maxRecordBytes: 2000 }).skipped({ ...large, code: 'null-value', handshakeId: null })
    expect(end.outputs[0]?.key).toBe(null)
  })
})

describe('a dead letter', () => {
  const failure: Failure = {
    code: 'handshake-not-found',
    detail: 'HTTP 404',
    httpStatus: 404,
    attestrCode: 4002,
    requestId: 'r-SECRET',
  }
  const dead = (
    parts: { failure?: Failure; message?: SourceMessage; reduced?: string | null } = {},
    deps: Partial<RouteDeps> = {},
  ) => route(deps).dead({ ...common, failure, event: null, reduced: null, ...parts })

  it('has every field and header', () => {
    const end = route().dead({ ...common, failure, event: handshake(), reduced: null })
    expect(end).toMatchObject({ outcome: 'DEAD', code: 'handshake-not-found' })
    expect(topicsOf(end)).toEqual(['d', 'o'])
    expect(end.outputs[0]).toMatchObject({ key: Buffer.from(ID), sourcePartition: 3 })
    expect(readBack(end.outputs[0], 'deadLetter')).toEqual({
      code: 'handshake-not-found',
      category: 'API',
      retryable: true,
      message: 'the API does not know the handshake: HTTP 404',
      handshakeId: ID,
      httpStatus: 404,
      attestrCode: 4002,
      requestId: 'r-xxxxxx',
      attempt: 2,
      replays: 1,
      calls: 6,
      firstSeenAt: NOW - 60_000,
      failedAt: NOW,
      source: chain.source,
      origin: chain.origin,
      key: Buffer.from('the-key'),
      headers: [],
      value: Buffer.from(handshake().reduced),
      valueForm: 'REDUCED',
      valueBytes: null,
      valueDigest: null,
    })
    expect(headersOf(end.outputs[0])).toEqual({
      'attestr.code': 'handshake-not-found',
      'attestr.handshake-id': ID,
      '__connect.errors.topic': 'attestr.handshakes',
      '__connect.errors.partition': '3',
      '__connect.errors.offset': '42',
      '__connect.errors.exception.message': 'the API does not know the handshake: HTTP 404',
    })
  })

  it('has the original key when the event has no good id', () => {
    const end = dead({ failure: { code: 'event-bad-id', detail: '' }, reduced: '{"_id":"x"}' })
    expect(end.outputs.map((output) => output.key)).toEqual([Buffer.from('the-key'), Buffer.from('the-key')])
    expect(headersOf(end.outputs[0])).not.toHaveProperty('attestr.handshake-id')
    expect(readBack(end.outputs[0], 'deadLetter')).toMatchObject({
      handshakeId: null,
      message: 'the event names no valid handshake id',
      value: Buffer.from('{"_id":"x"}'),
      valueForm: 'REDUCED',
    })
  })

  it.each([
    [Buffer.alloc(0), Buffer.alloc(0)],
    [null, null],
    [Buffer.from('a SECRET key'), null],
  ])('with key %s is written under %s', (key, expected) => {
    const end = dead({ message: message({ key }) })
    expect(end.outputs.map((output) => output.key)).toEqual([expected, expected])
    expect(readBack(end.outputs[0], 'deadLetter')['key']).toEqual(expected)
  })

  it('keeps the headers that are named, the trace context only if it is one', () => {
    const headers: MessageHeader[] = [
      { key: 'traceparent', value: Buffer.from('garbage') },
      { key: 'traceparent', value: Buffer.from(TRACEPARENT) },
      { key: 'tenant', value: Buffer.from('a') },
      { key: 'tenant', value: Buffer.from('SECRET') },
      { key: 'tenant', value: null },
      { key: 'other', value: Buffer.from('b') },
    ]
    const kept = (names: string[]) =>
      readBack(
        dead({ message: message({ headers }) }, { deadLetters: { undecodable: 'reference', headers: names } })
          .outputs[0],
        'deadLetter',
      )['headers']
    expect(kept(['traceparent'])).toEqual([{ key: 'traceparent', value: Buffer.from(TRACEPARENT) }])
    expect(kept(['tenant'])).toEqual([
      { key: 'tenant', value: Buffer.from('a') },
      { key: 'tenant', value: null },
      { key: 'tenant', value: null },
    ])
    expect(kept([])).toEqual([])
  })

  const value = Buffer.from([0xff, 1, 2])
  const undecodable: Failure = { code: 'event-undecodable', detail: 'not UTF-8' }

  it('of an undecodable value refers to its origin, with a digest when there is a key for it', () => {
    const plain = dead({ failure: undecodable, message: message({ value }) })
    expect(readBack(plain.outputs[0], 'deadLetter')).toMatchObject({
      value: null,
      valueForm: 'REFERENCE',
      valueBytes: 3,
      valueDigest: null,
    })
    const hashKey = Buffer.alloc(32, 7)
    const hashed = dead({ failure: undecodable, message: message({ value }) }, { hashKey })
    const valueDigest = createHmac('sha256', hashKey).update(value).digest('hex')
    expect(readBack(hashed.outputs[0], 'deadLetter')).toMatchObject({ valueForm: 'REFERENCE', valueDigest })
  })

  it('of an undecodable value holds it when the settings say so', () => {
    const kept = dead(
      { failure: undecodable, message: message({ value }) },
      { deadLetters: { undecodable: 'keep', headers: [] } },
    )
    expect(readBack(kept.outputs[0], 'deadLetter')).toMatchObject({
      value,
      valueForm: 'RAW',
      valueBytes: null,
      valueDigest: null,
    })
  })

  it('that would not fit refers to its origin instead', () => {
    const end = dead({ reduced: 'x'.repeat(5000), message: message({ value }) }, { maxRecordBytes: 5000 })
    expect(readBack(end.outputs[0], 'deadLetter')).toMatchObject({
      value: null,
      valueForm: 'REFERENCE',
      valueBytes: 3,
    })
  })

  it('fits whatever the producer sent', () => {
    const key = Buffer.alloc(900)
    const headers = [{ key: 'tenant', value: Buffer.alloc(900) }]
    const end = dead(
      { message: message({ key, headers, value }) },
      { maxRecordBytes: 1024, deadLetters: { undecodable: 'keep', headers: ['tenant'] } },
    )
    expect(topicsOf(end)).toEqual(['d', 'o'])
    expect(readBack(end.outputs[0], 'deadLetter')).toMatchObject({
      key: null,
      headers: [],
      valueForm: 'REFERENCE',
    })
  })

  it('is written even when the API sent a number that no Avro int holds', () => {
    const end = dead({ failure: { ...failure, attestrCode: 1e15, httpStatus: 200.5 } })
    expect(readBack(end.outputs[0], 'deadLetter')).toMatchObject({ attestrCode: null, httpStatus: null })
  })

  it.each(Object.keys(FAILURES) as FailureCode[])(
    'of code %s has its category and a text of its own',
    (code) => {
      const letter = readBack(dead({ failure: { code, detail: '' } }).outputs[0], 'deadLetter')
      expect(letter).toMatchObject({
        code,
        category: FAILURES[code].category,
        retryable: FAILURES[code].retryable,
      })
      expect(letter['message']).toMatch(/^[a-zA-Z].{10,}$/)
    },
  )
})

describe('a delayed event', () => {
  const failure: Failure = { code: 'result-not-ready', detail: 'consumed is false', httpStatus: 200 }
  const first = { ...chain, source: chain.origin, attempt: 1, replays: 0, callsBefore: 0 }
  const end = { ...common, chain: first, failure, event: handshake(), tiers: 'all' as DelayTiers }
  const delayed = (parts: Partial<typeof end> = {}, deps: Partial<RouteDeps> = {}) =>
    route(deps).delayed({ ...end, ...parts })

  /** What the reader of the retry topic gets. */
  function readAgain(routed: EventEnd): SourceMessage {
    const [output] = routed.outputs
    if (output === undefined) throw new Error('there is no message')
    const { topic, key, value, headers } = output
    return { topic, key, value, headers, partition: 3, offset: 9, timestamp: NOW + 5 }
  }

  it('is one message on the retry topic of its attempt, and an outcome that says why', () => {
    const routed = delayed()
    expect(routed).toMatchObject({ outcome: 'DELAYED', code: 'result-not-ready' })
    expect(topicsOf(routed)).toEqual(['r1', 'o'])
    expect(readBack(routed.outputs[1], 'outcome')).toMatchObject({
      ...{ outcome: 'DELAYED', code: 'result-not-ready', records: 0, calls: 2, attempt: 1, handshakeId: ID },
    })
  })

  it('takes its chain along: one attempt more, the calls so far, the first event, the due time', () => {
    const message = readAgain(delayed({ chain: { ...chain, attempt: 1 } }))
    expect(chainOf(message, 0, false)).toMatchObject({
      sound: true,
      dueAt: NOW + 60_000,
      chain: {
        ...{ origin: chain.origin, attempt: 2, replays: 1, firstSeenAt: chain.firstSeenAt, callsBefore: 6 },
      },
    })
  })

  it.each([
    ['all', 1, 'r1'],
    ['all', 2, 'r2'],
    ['all', 3, 'r3'],
    ['all', 4, 'd'],
    ['one', 1, 'r1'],
    ['one', 2, 'd'],
    ['last', 1, 'r1'],
    ['last', 3, 'r3'],
    ['last', 9, 'r3'],
  ] as const)('with tiers %s goes from attempt %i to %s', (tiers, attempt, topic) => {
    expect(delayed({ tiers, chain: { ...first, attempt } }).outputs[0]?.topic).toBe(topic)
  })

  it.each(['all', 'one', 'last'] as const)('with tiers %s and no retry topic is a dead letter', (tiers) => {
    const routed = delayed(
      { tiers },
      { topics: { verified: 'v', deadLetter: 'd', outcomes: 'o', retry: [] } },
    )
    expect(routed).toMatchObject({ outcome: 'DEAD', code: 'result-not-ready' })
    expect(topicsOf(routed)).toEqual(['d', 'o'])
    expect(readBack(routed.outputs[0], 'deadLetter')).toMatchObject({
      ...{ valueForm: 'REDUCED', value: Buffer.from(handshake().reduced), calls: 2, httpStatus: 200 },
    })
  })

  it('is the event without its result, never the value that was read', () => {
    const value = Buffer.from('{"event":"flowx.completed","payload":{"_id":"x","result":{"otp":"123456"}}}')
    const routed = delayed({ message: message({ value }) })
    expect(routed.outputs[0]?.value).toEqual(Buffer.from(handshake().reduced))
    expect(JSON.stringify(routed.outputs.map((output) => output.value.toString('latin1')))).not.toContain(
      'otp',
    )
  })

  it('keeps its name when its envelope had none, which counts as completed', () => {
    const nameless = handshake({ reduced: `{"_id":"${ID}"}` })
    expect(delayed({ event: nameless }).outputs[0]?.value.toString()).toBe(
      `{"event":"flowx.completed","payload":{"_id":"${ID}"}}`,
    )
    const bare = handshake({ reduced: `{"_id":"${ID}"}`, eventType: null })
    expect(delayed({ event: bare }).outputs[0]?.value.toString()).toBe(`{"_id":"${ID}"}`)
  })

  it.each([
    [Buffer.from('the-key'), Buffer.from('the-key')],
    [Buffer.alloc(0), Buffer.alloc(0)],
    [null, null],
    [Buffer.from('a SECRET key'), null],
  ])('with key %s keeps %s, and the number of its partition', (key, expected) => {
    const routed = delayed({ message: message({ key }) })
    expect(routed.outputs[0]).toMatchObject({ key: expected, sourcePartition: 3 })
  })

  it('carries the trace context and the headers that a dead letter keeps, and nothing of a former chain', () => {
    const headers: MessageHeader[] = [
      ...travelHeaders({ ...chain, attempt: 7 }, 1),
      { key: 'traceparent', value: Buffer.from(TRACEPARENT) },
      { key: 'tenant', value: Buffer.from('a') },
      { key: 'tenant', value: Buffer.from('SECRET') },
      { key: 'other', value: Buffer.from('b') },
    ]
    const names = ['traceparent', 'tenant', TRAVEL.attempt, TRAVEL.due]
    const routed = delayed(
      { message: message({ headers }), event: handshake({ traceparent: Buffer.from(TRACEPARENT) }) },
      { deadLetters: { undecodable: 'reference', headers: names } },
    )
    const written = routed.outputs[0]?.headers ?? []
    expect(written.map(({ key, value }) => `${key} ${value}`)).toEqual([
      'attestr.origin attestr.handshakes/3/42',
      'attestr.attempt 2',
      'attestr.replays 0',
      `attestr.first-seen ${NOW - 60_000}`,
      'attestr.calls 2',
      `attestr.due ${NOW + 60_000}`,
      `traceparent ${TRACEPARENT}`,
      'tenant a',
      'tenant null',
    ])
    expect(delayed().outputs[0]?.headers.map(({ key }) => key)).not.toContain('traceparent')
  })

  it('that does not fit is a dead letter of the same code: it would not fit the next time either', () => {
    const large = message({ key: Buffer.alloc(3000, 'k') })
    const routed = delayed({ message: large }, { maxRecordBytes: 2000 })
    expect(routed).toMatchObject({ outcome: 'DEAD', code: 'result-not-ready' })
    expect(topicsOf(routed)).toEqual(['d', 'o'])
    expect(readBack(routed.outputs[0], 'deadLetter')).toMatchObject({
      message:
        'the handshake was not consumed in time: consumed is false; its retry message is over kafka.maxRecordBytes',
    })
  })

  it('writes no outcome when outcomes are turned off, and its message all the same', () => {
    const off = { topics: { verified: 'v', deadLetter: 'd', outcomes: null, retry: RETRY } }
    expect(topicsOf(delayed({}, off))).toEqual(['r1'])
  })
})
