import { describe, expect, it } from 'vitest'
import type { EventReader } from '../../src/core/ports.js'
import { createDecode, type DecodeDeps, type DecodeEnd } from '../../src/steps/decode.js'
import { createProtect } from '../../src/steps/protect.js'
import { ID, message, NOW, protect, TRACEPARENT } from './route-support.js'

const noAvro: EventReader = {
  read: () => {
    throw new Error('no Avro in this test')
  },
}

function decode(value: Buffer | string | null, deps: Partial<DecodeDeps> = {}): DecodeEnd {
  const step = createDecode({
    readAvro: noAvro,
    fetchEvents: ['flowx.completed', 'flowx.skipped'],
    ignoreEvents: ['flowx.errored'],
    protect,
    now: () => NOW,
    ...deps,
  })
  const end = step(message({ value: typeof value === 'string' ? Buffer.from(value) : value }))
  if (end instanceof Promise) throw new Error('was not decoded at once')
  return end
}

function event(value: Buffer | string, deps: Partial<DecodeDeps> = {}) {
  const end = decode(value, deps)
  if (end.kind !== 'ok') throw new Error(`ended ${JSON.stringify(end)}`)
  return end.value
}

/** The end in one line: `ok ID`, `skip CODE`, `dead CODE`. */
function told(end: DecodeEnd): string {
  if (end.kind === 'ok') return `ok ${end.value.handshakeId}`
  return end.kind === 'skip' ? `skip ${end.code}` : `dead ${end.failure.code}`
}

const envelope = (payload: object, name: unknown = 'flowx.completed') =>
  JSON.stringify({ event: name, payload })

describe('the form of an event is told by its content', () => {
  const updated = NOW - 1000
  const full = {
    _id: ID,
    tag: '290846',
    number: '3804-324489-8469',
    requestId: 'c500f555-0dd3-4368-b5e3-c039ddb144ee',
    flowId: 'FX02zfeuvcj36knhn06us',
    snapshot: null,
    updated,
    result: { FS0a: { input: { _id: 'DS0otherother', tag: 'inner' }, output: null } },
    resultSignature: 'ab',
    unknown: [1, 2, { a: 3 }],
  }
  const names = { tag: '290846', flowId: 'FX02zfeuvcj36knhn06us', snapshot: null, updated }

  it('takes the webhook envelope and nothing of its result', () => {
    expect(event(envelope(full))).toEqual({
      handshakeId: ID,
      eventType: 'flowx.completed',
      ...names,
      traceparent: null,
      reduced: `{"event":"flowx.completed","payload":{"_id":"${ID}","tag":"290846","number":"3804-324489-8469","requestId":"c500f555-0dd3-4368-b5e3-c039ddb144ee","flowId":"FX02zfeuvcj36knhn06us","snapshot":null,"updated":${updated}}}`,
    })
  })

  it('takes a bare payload, which has no event type and is fetched whatever the settings say', () => {
    const bare = event(JSON.stringify(full), { fetchEvents: [] })
    expect(bare).toMatchObject({ handshakeId: ID, eventType: null, ...names })
    expect(JSON.parse(bare.reduced)).toEqual({
      _id: ID,
      ...names,
      number: full.number,
      requestId: full.requestId,
    })
  })

  it.each([ID, `  ${ID}\r\n`, `"${ID}"`, ` "${ID} " `, `"\\u0044${ID.slice(1)}"`])(
    'takes a bare id: %j',
    (text) => {
      expect(event(text)).toMatchObject({ handshakeId: ID, eventType: null, tag: null, updated: null })
      expect(event(text).reduced).toBe(`{"_id":"${ID}"}`)
    },
  )

  it('hands bytes that begin with zero to the Avro reader, and waits only when it must', async () => {
    const fields = { handshakeId: ID, event: null, tag: 'SECRET', updated }
    const now: EventReader = { read: () => fields }
    const end = event(Buffer.from([0, 0, 0, 0, 9, 1]), { readAvro: now })
    expect(end).toMatchObject({ handshakeId: ID, eventType: 'flowx.completed', tag: 'tttttt', updated })
    expect(end.reduced).toBe(`{"_id":"${ID}","tag":"tttttt","updated":${updated}}`)
    const later = createDecode({
      readAvro: { read: async () => fields },
      fetchEvents: ['flowx.completed'],
      ignoreEvents: [],
      protect,
      now: () => NOW,
    })(message({ value: Buffer.from([0, 0, 0, 0, 9, 1]) }))
    expect(later).toBeInstanceOf(Promise)
    expect(told(await later)).toBe(`ok ${ID}`)
  })

  it.each([
    ['unknown-schema', 'dead event-undecodable'],
    ['undecodable', 'dead event-undecodable'],
    [{ handshakeId: null }, 'dead event-no-id'],
    [{ tag: 'a' }, 'dead event-no-id'],
    [{ handshakeId: 12 }, 'dead event-bad-id'],
    [{ handshakeId: {} }, 'dead event-bad-id'],
    [{ handshakeId: ID, event: 'flowx.errored' }, 'skip event-ignored'],
    [{ handshakeId: ID, updated: 2n ** 60n }, `ok ${ID}`],
    [{ handshakeId: ID, updated: Number.NaN }, `ok ${ID}`],
  ] as const)('an Avro reader that says %o ends %s', (answer, expected) => {
    expect(told(decode(Buffer.from([0]), { readAvro: { read: () => answer } }))).toBe(expected)
  })

  it('waits for a registry that cannot be asked', async () => {
    const readAvro: EventReader = { read: () => Promise.reject(new Error('down')) }
    const step = createDecode({ readAvro, fetchEvents: [], ignoreEvents: [], protect, now: () => NOW })
    await expect(step(message({ value: Buffer.from([0]) }))).rejects.toThrow('down')
  })
})

describe('each way an event can be wrong has its end', () => {
  const deep = (levels: number) => `{"_id":"${ID}","x":${'['.repeat(levels)}${']'.repeat(levels)}}`
  it.each([
    ['a null value', null, 'skip null-value'],
    ['no bytes', '', 'dead event-undecodable'],
    ['invalid UTF-8', Buffer.from([0x7b, 0xff]), 'dead event-undecodable'],
    ['an overlong sequence', Buffer.from([0xc0, 0xaf]), 'dead event-undecodable'],
    ['a byte order mark before JSON', `\ufeff{"_id":"${ID}"}`, 'dead event-undecodable'],
    ['a byte order mark before an id', `\ufeff${ID}`, 'dead event-undecodable'],
    ['UTF-16', Buffer.from(`\ufeff${ID}`, 'utf16le'), 'dead event-undecodable'],
    ['a duplicate key', `{"_id":"${ID}","_id":"${ID}"}`, 'dead event-undecodable'],
    ['a duplicate key by an escape', `{"_id":"${ID}","\\u005fid":"${ID}"}`, 'dead event-undecodable'],
    ['a duplicate key within result', `{"_id":"${ID}","result":{"a":1,"a":2}}`, 'dead event-undecodable'],
    ['a lone surrogate', `{"_id":"${ID}","tag":"\\ud800"}`, 'dead event-undecodable'],
    ['a lone surrogate as JSON text', '"\\udc00"', 'dead event-undecodable'],
    ['JSON nested too deep', deep(256), 'dead event-undecodable'],
    ['JSON just not too deep', deep(255), `ok ${ID}`],
    ['a cut off object', `{"_id":"${ID}"`, 'dead event-undecodable'],
    ['text after the object', `{"_id":"${ID}"} x`, 'dead event-undecodable'],
    ['a cut off array', '[', 'dead event-undecodable'],
    ['a cut off string', `"${ID}`, 'dead event-undecodable'],
    ['an array', `["${ID}"]`, 'dead event-no-id'],
    ['a number', '-12.5e3', 'dead event-no-id'],
    ['true', ' true ', 'dead event-no-id'],
    ['null as text', 'null', 'dead event-no-id'],
    ['an empty object', '{}', 'dead event-no-id'],
    ['an envelope without an id', envelope({ tag: 'a' }), 'dead event-no-id'],
    ['an envelope without a payload', '{"event":"flowx.completed"}', 'dead event-no-id'],
    ['a payload that is no object', '{"event":"flowx.completed","payload":"x"}', 'dead event-no-id'],
    ['both ids null', '{"_id":null,"handshakeId":null}', 'dead event-no-id'],
    ['an empty id', '{"_id":""}', 'dead event-bad-id'],
    ['an id of the wrong case', `{"_id":"${ID.toLowerCase()}"}`, 'dead event-bad-id'],
    ['an id one too short', '{"_id":"DS012345"}', 'dead event-bad-id'],
    ['an id just long enough', '{"_id":"DS0123456"}', 'ok DS0123456'],
    ['an id as long as it may be', `{"_id":"DS0${'a'.repeat(30)}"}`, `ok DS0${'a'.repeat(30)}`],
    ['an id one too long', `{"_id":"DS0${'a'.repeat(31)}"}`, 'dead event-bad-id'],
    ['an id with a way out of the URL', '{"_id":"DS0../../etc"}', 'dead event-bad-id'],
    ['an id with a line end inside', `{"_id":"${ID}\\nX"}`, 'dead event-bad-id'],
    ['a number as id', '{"_id":12345678}', 'dead event-bad-id'],
    ['an object as id', '{"_id":{}}', 'dead event-bad-id'],
    ['a wrong _id beside a good handshakeId', `{"_id":5,"handshakeId":"${ID}"}`, 'dead event-bad-id'],
    ['_id null and handshakeId good', `{"_id":null,"handshakeId":"${ID}"}`, `ok ${ID}`],
    ['_id before handshakeId', `{"handshakeId":"DS0otherother","_id":"${ID}"}`, `ok ${ID}`],
    ['text that is no id', 'hello', 'dead event-bad-id'],
    ['text that begins like a number', '123abc', 'dead event-bad-id'],
    ['text that begins like a literal', 'nul', 'dead event-bad-id'],
    ['blanks only', ' \n', 'dead event-bad-id'],
    ['an empty JSON text', '""', 'dead event-bad-id'],
    ['an event to ignore', envelope({ _id: ID }, 'flowx.errored'), 'skip event-ignored'],
    ['an event nobody knows', envelope({ _id: ID }, 'async.completed'), 'skip event-unsupported'],
    [
      'an event nobody knows without a good id',
      envelope({ _id: 'AR0' }, 'factx.query'),
      'skip event-unsupported',
    ],
    ['an event name of the wrong case', envelope({ _id: ID }, 'Flowx.Completed'), 'skip event-unsupported'],
    ['an event name that is no text', envelope({ _id: ID }, 5), 'skip event-unsupported'],
    ['an envelope without event', `{"payload":{"_id":"${ID}"}}`, `ok ${ID}`],
    ['an envelope with event null', envelope({ _id: ID }, null), `ok ${ID}`],
    ['a skipped flow', envelope({ _id: ID }, 'flowx.skipped'), `ok ${ID}`],
  ])('%s', (_, value, expected) => {
    expect(told(decode(value))).toBe(expected)
  })

  it('counts an envelope without a name as completed', () => {
    expect(event(`{"payload":{"_id":"${ID}"}}`).eventType).toBe('flowx.completed')
    expect(told(decode(`{"payload":{"_id":"${ID}"}}`, { fetchEvents: [] }))).toBe('skip event-unsupported')
  })

  it('tells the id of a skipped event when it is a good one', () => {
    expect(decode(envelope({ _id: ID }, 'flowx.errored'))).toMatchObject({ handshakeId: ID })
    expect(decode(envelope({ _id: 'AR0x' }, 'async.completed'))).toMatchObject({ handshakeId: null })
  })

  it('says nothing of the value in the detail of a failure', () => {
    for (const value of ['{"SECRET":1,"SECRET":2}', 'SECRET', '{"_id":"SECRET"}', '["SECRET"]', '{"SECRET']) {
      const end = decode(value)
      expect(end.kind).toBe('dead')
      expect(JSON.stringify(end)).not.toContain('SECRET')
    }
  })
})

describe('members that may be wrong without harm', () => {
  it.each([
    [NOW, NOW],
    [String(NOW), NOW],
    [` ${NOW} `, NOW],
    [NOW + 0.75, NOW],
    [Date.UTC(2015, 0, 1), Date.UTC(2015, 0, 1)],
    [Date.UTC(2015, 0, 1) - 1, null],
    [NOW + 86_400_000, NOW + 86_400_000],
    [NOW + 86_400_001, null],
    [0, null],
    [-1, null],
    ['soon', null],
    ['', null],
    ['0x18bcfe56800', null],
    [1e300, null],
    [null, null],
    [true, null],
    [[NOW], null],
  ])('updated %j becomes %j', (updated, expected) => {
    expect(event(envelope({ _id: ID, updated })).updated).toBe(expected)
  })

  it('reads updated in exponent form', () => {
    expect(event(`{"_id":"${ID}","updated":1.795E12}`).updated).toBe(1_795_000_000_000)
  })

  it('keeps a tag of digits that was sent as a number, and no other kind', () => {
    expect(event(`{"_id":"${ID}","tag":290846}`).tag).toBe('290846')
    expect(event(`{"_id":"${ID}","tag":{"a":1}}`).tag).toBe(null)
    expect(event(`{"_id":"${ID}","flowId":5,"snapshot":true}`)).toMatchObject({
      flowId: null,
      snapshot: null,
    })
  })

  it('passes every text through the privacy rules, the tag through its own', () => {
    const sent = {
      _id: ID,
      tag: 'a SECRET',
      flowId: 'FX-SECRET',
      snapshot: 'SECRET',
      number: 'SECRET',
      requestId: 'SECRET',
    }
    const end = event(envelope(sent))
    expect(end).toMatchObject({ tag: 'a tttttt', flowId: 'FX-xxxxxx', snapshot: 'xxxxxx' })
    expect(end.reduced).not.toContain('SECRET')
    expect(JSON.parse(end.reduced).payload.tag).toBe('a tttttt')
  })

  it.each([
    [TRACEPARENT, true],
    [TRACEPARENT.toUpperCase(), false],
    [`ff${TRACEPARENT.slice(2)}`, false],
    [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, false],
    [`00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`, false],
    [`${TRACEPARENT}-x`, false],
    ['', false],
  ])('traceparent %j is carried: %s', (text, isCarried) => {
    const step = createDecode({
      readAvro: noAvro,
      fetchEvents: [],
      ignoreEvents: [],
      protect,
      now: () => NOW,
    })
    const headers = [
      { key: 'traceparent', value: Buffer.from(text) },
      { key: 'traceparent', value: null },
    ]
    const end = step(message({ headers }))
    if (end instanceof Promise || end.kind !== 'ok') throw new Error('not decoded')
    expect(end.value.traceparent?.toString() ?? null).toBe(isCarried ? text : null)
  })
})

describe('the reduced form', () => {
  const reduced = (value: string): string | null => {
    const end = decode(value)
    return end.kind === 'dead' ? end.reduced : end.kind === 'ok' ? end.value.reduced : null
  }
  it.each([
    [envelope({ tag: 'a', result: { a: 1 } }), '{"event":"flowx.completed","payload":{"tag":"a"}}'],
    ['{"tag":"a","payload":null}', '{"tag":"a"}'],
    ['{}', '{}'],
    ['{"_id":12,"tag":true}', '{"_id":12,"tag":true}'],
    ['{"_id":["x"],"tag":{"a":1},"flowId":null}', '{"flowId":null}'],
    [`{"_id":null,"handshakeId":"${ID}"}`, `{"_id":"${ID}"}`],
    ['{"_id":1.50,"updated":1e3}', '{"_id":1.50,"updated":1e3}'],
    ['some SECRET text', '{"_id":"some xxxxxx text"}'],
    [envelope({ _id: 'SECRET' }), '{"event":"flowx.completed","payload":{"_id":"xxxxxx"}}'],
    ['[1]', null],
    ['{', null],
  ])('of %s is %s', (value, expected) => {
    expect(reduced(value)).toBe(expected)
  })

  it('is read again as the same event', () => {
    const first = event(
      envelope({ handshakeId: ` ${ID}`, tag: 'q"\\\u2028', updated: `${NOW}`, flowId: 'FX0' }),
    )
    const again = event(first.reduced)
    expect(again).toEqual(first)
  })

  it('masks a number that a rule matches, which is text from then on', () => {
    const rules = { ...protect, maskText: (text: string) => text.replace(/^9{12}$/, 'xxxxxxxx9999') }
    const end = decode('{"_id":999999999999,"number":999999999999,"updated":5}', { protect: rules })
    expect(end).toMatchObject({ reduced: '{"_id":"xxxxxxxx9999","number":"xxxxxxxx9999","updated":5}' })
  })

  it('masks a number that hides its digits behind an exponent', () => {
    const rules = createProtect({ defaults: {}, rules: [] })
    const end = event(`{"_id":"${ID}","tag":2.34123412346e11,"number":23412341234.6e1,"updated":1.795e12}`, {
      protect: rules,
    })
    expect(end).toMatchObject({ tag: 'xxxxxxxx2346', updated: 1_795_000_000_000 })
    expect(JSON.parse(end.reduced)).toMatchObject({
      tag: 'xxxxxxxx2346',
      number: 'xxxxxxxx2346',
      updated: 1.795e12,
    })
  })

  it('cuts a wrong id to 64 characters after masking and splits no pair', () => {
    expect(reduced('x'.repeat(5000))).toBe(`{"_id":"${'x'.repeat(64)}"}`)
    expect(reduced(`${'x'.repeat(63)}\u{1f600}tail`)).toBe(`{"_id":"${'x'.repeat(63)}"}`)
    expect(reduced(`${'x'.repeat(62)}\u{1f600}tail`)).toBe(`{"_id":"${'x'.repeat(62)}\u{1f600}"}`)
    // SECRET lies across the cut: a rule that sees only its first half would let it through.
    expect(reduced(`${'x'.repeat(61)}SECRET`)).toBe(`{"_id":"${'x'.repeat(64)}"}`)
  })
})
