import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { mediaPlace } from '../../src/core/media.js'
import type { MediaStoreDown } from '../../src/core/ports.js'
import { createVirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryMediaStore } from '../../src/io/memory/media.js'
import { createFlatten } from '../../src/steps/flatten.js'
import { createMedia } from '../../src/steps/media.js'
import { createSealer } from '../../src/steps/seal.js'
import { createStoreMedia } from '../../src/steps/store-media.js'
import { DEFAULT_RULES, LIMITS, TYPES, trusted } from '../support/flattening.js'

const key = randomBytes(32)
const hashKey = { id: 'main', key: createSecretKey(key) }
const content = randomBytes(9000)
const hex = createHmac('sha256', key).update(content).digest('hex')

/** The same content as texts. */
const FORMS: readonly (readonly [string, string])[] = [
  ['base64', content.toString('base64')],
  ['base64url', content.toString('base64url')],
  ['a data URL', `data:image/jpeg;base64,${content.toString('base64')}`],
  ['base64 with line breaks', content.toString('base64').replace(/.{76}/g, '$&\r\n')],
]

describe('media that are dropped', () => {
  it.each(FORMS)('leave nothing but that they were there without a key, written as %s', (_, text) => {
    expect(createMedia()(text)).toEqual({ value: null, redaction: 'drop', item: null })
  })

  it.each(FORMS)('leave the same digest under a key, written as %s', (_, text) => {
    expect(createMedia({ hashKey })(text).redaction).toBe(`drop 9000 h1:main:${hex}`)
  })

  it.each([
    ['', 0],
    ['no base64: é', 13],
    ['AAB', 3],
    ['AAA', 2],
  ])('are %j: what encodes nothing counts by its own bytes', (text, bytes) => {
    expect(createMedia({ hashKey })(text).redaction).toMatch(new RegExp(`^drop ${bytes} h1:`))
  })
})

describe('media that are stored', () => {
  it.each(FORMS)('have one reference, made of their content, written as %s', (_, text) => {
    const { value, redaction, item } = createMedia({ hashKey, stores: true })(text)
    expect([value, redaction]).toEqual([`m1:main:${hex}`, 'store 9000'])
    expect(item?.bytes.equals(content)).toBe(true)
  })

  it('need a key for their names', () => {
    expect(() => createMedia({ stores: true })).toThrow(RangeError)
  })
})

describe('a stage with media', () => {
  const long = content.toString('base64')
  const result = `{"FS0a":{"input":{"otp":"${long}"},"output":{"pht":"short","photo":{"a":1},"pdf":"${long}"}}}`

  function stageWith(stores: boolean) {
    const takeMedia = createMedia({ hashKey, stores })
    const step = createFlatten({ limits: LIMITS, protect: DEFAULT_RULES, stageTypeOf: TYPES, takeMedia })(
      trusted(result),
      null,
    )
    if (step.kind !== 'ok' || step.value[0] === undefined) throw new Error('no stage')
    return step.value[0]
  }

  it('drops secrets without a trace, and media with theirs', () => {
    const { input, output, redactions, media } = stageWith(false)
    expect([input['otp'], output['pht'], output['photo'], output['pdf']]).toEqual([null, null, null, null])
    expect(redactions).toMatchObject({
      'input.otp': 'drop',
      'output.pht': expect.stringMatching(/^drop 5 h1:main:[0-9a-f]{64}$/),
      'output.photo': 'drop',
      'output.pdf': `drop 9000 h1:main:${hex}`,
    })
    expect(media).toBeUndefined()
  })

  it('has references where they are stored, and never a secret among them', () => {
    const { output, redactions, media = [] } = stageWith(true)
    expect(output['pdf']).toBe(`m1:main:${hex}`)
    expect(redactions['output.pdf']).toBe('store 9000')
    expect(media.map(({ bytes }) => bytes.length)).toEqual([5, 9000])
  })
})

describe('storing', () => {
  const sealer = createSealer([{ id: 'k1', key: randomBytes(32) }])
  const item = { reference: `m1:main:${hex}`, bytes: content }

  function scene() {
    const clock = createVirtualClock({ start: 0 })
    const store = createMemoryMediaStore()
    const states: (string | null)[] = []
    const onState = (down: MediaStoreDown | null) => void states.push(down?.word ?? null)
    return { clock, store, states, storeMedia: createStoreMedia({ store, sealer, clock, onState }) }
  }

  it('seals what it stores, so that it opens under its own reference alone', async () => {
    const { store, storeMedia } = scene()
    await expect(storeMedia([item], new AbortController().signal)).resolves.toBe(true)
    const sealed = await store.get(item.reference)
    expect(sealed?.includes(content.subarray(0, 16))).toBe(false)
    const opened = sealer.openBytes(sealed ?? Buffer.alloc(0), mediaPlace(item.reference))
    expect(opened.kind === 'open' && opened.plain.equals(content)).toBe(true)
    expect(sealer.openBytes(sealed ?? Buffer.alloc(0), mediaPlace('m1:main:other')).kind).toBe('refused')
  })

  it('waits for a store that is down, and goes on when it is back', async () => {
    const { clock, store, states, storeMedia } = scene()
    store.setDown(true)
    const done = storeMedia([item], new AbortController().signal)
    await clock.advance(3000)
    expect(states).toEqual(['Error EROFS', 'Error EROFS', 'Error EROFS'])
    store.setDown(false)
    await expect(clock.drive(done)).resolves.toBe(true)
    expect(states.at(-1)).toBeNull()
    expect(store.files.size).toBe(1)
  })

  it('says that it is down as long as an event waits, whatever is stored meanwhile, and no longer', async () => {
    const { clock, store, states, storeMedia } = scene()
    const known = { ...item, reference: `m1:main:${'0'.repeat(64)}` }
    await storeMedia([known], new AbortController().signal)
    store.setDown(true)
    const endings = [new AbortController(), new AbortController()]
    const waiting = endings.map(({ signal }) => storeMedia([item], signal))
    await clock.advance(600)
    expect(new Set(states)).toEqual(new Set(['Error EROFS']))
    endings[0]?.abort()
    await waiting[0]
    expect(states.at(-1)).toBe('Error EROFS')
    endings[1]?.abort()
    expect([await waiting[1], states.at(-1)]).toEqual([false, null])
  })

  it('takes a store that does not answer for one that is down, and hears abort meanwhile', async () => {
    const { clock, store, states, storeMedia } = scene()
    store.hang()
    const ending = new AbortController()
    const done = storeMedia([item], ending.signal)
    await clock.advance(29_000)
    expect(states).toEqual([])
    await clock.advance(2_000)
    expect(states).toEqual(['no answer'])
    ending.abort()
    await expect(done).resolves.toBe(false)
    expect(clock.pending()).toBe(0)
  })

  it('gives up its wait when it is asked to', async () => {
    const { clock, store, storeMedia } = scene()
    store.setDown(true)
    const ending = new AbortController()
    const done = storeMedia([item], ending.signal)
    await clock.advance(600)
    ending.abort()
    await expect(done).resolves.toBe(false)
    expect(clock.pending()).toBe(0)
  })

  it('stops for a bug', async () => {
    const { clock, storeMedia } = scene()
    const wrong = { ...item, reference: 'no reference' }
    await expect(clock.drive(storeMedia([wrong], new AbortController().signal))).rejects.toThrow(RangeError)
  })
})
