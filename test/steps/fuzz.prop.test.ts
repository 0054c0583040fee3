/** From the bytes of an answer to its records: whatever arrives is read as it was signed, or refused. */
import { createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FlatStage } from '../../src/core/records.js'
import { createFlatten } from '../../src/steps/flatten.js'
import { verifyResult } from '../../src/steps/verify.js'
import { LIMITS, NO_RULES, TYPES } from '../support/flattening.js'
import { jsonText, mutated } from '../support/json-text.js'
import { NumberText, type Rebuilt, rebuild } from '../support/rebuild.js'
import { referenceTree } from '../support/reference-tree.js'
import { resultTree, sameTree, textOf } from '../support/result-tree.js'

/** A million are the figure to reach; fewer show that nothing has broken. */
const CASES = Number(process.env['FUZZ_CASES'] ?? 20_000)
const clientSecret = createSecretKey(Buffer.from('secret'))
const flatten = createFlatten({ limits: LIMITS, protect: NO_RULES, stageTypeOf: TYPES })

/** An answer as bytes, signed over this text. */
function answerOf(result: string): Buffer {
  const signature = createHmac('sha256', 'secret').update(result).digest('hex')
  return Buffer.from(
    `{"_id":"DS0abcdef1","consumed":true,"result":${result},"resultSignature":"${signature}"}`,
  )
}

/** Out: null when it was refused; no stages is an end of its own. */
function read(body: Buffer, method: 'auto' | 'raw'): readonly FlatStage[] | null {
  const trusted = verifyResult(body, { clientSecret, method, now: () => 0 })
  if (trusted.kind !== 'ok') return null
  const flat = flatten(trusted.value, null)
  if (flat.kind === 'skip') return []
  return flat.kind === 'ok' ? flat.value : null
}

/** What a reader with other means finds under `result`. */
function reference(body: Buffer): Rebuilt | undefined {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return undefined
  }
  const whole = referenceTree(text)?.value
  return whole instanceof Map ? whole.get('result') : undefined
}

const results = resultTree()
const byteChange = fc.record({
  at: fc.nat(),
  byte: fc.constantFrom(0x00, 0x22, 0x5c, 0x7b, 0x7d, 0x2c, 0x30, 0x80, 0xc3, 0xed, 0xf0, 0xff),
  kind: fc.constantFrom('replace', 'insert', 'remove'),
})

function changed(body: Buffer, { at, byte, kind }: { at: number; byte: number; kind: string }): Buffer {
  const place = at % body.length
  const middle = kind === 'remove' ? [] : [byte]
  return Buffer.concat([
    body.subarray(0, place),
    Buffer.from(middle),
    body.subarray(kind === 'insert' ? place : place + 1),
  ])
}

describe('an answer, byte for byte', () => {
  it('that is right is rebuilt from its records, whatever it holds', () => {
    fc.assert(
      fc.property(results, (result) => {
        const text = textOf(result)
        const stages = read(answerOf(text), 'raw')
        expect(stages !== null && sameTree(rebuild(stages), result)).toBe(true)
        expect(sameTree(reference(answerOf(text)), result)).toBe(true)
      }),
      { numRuns: Math.ceil(CASES / 2) },
    )
  }, 3_600_000)

  it('that is wrong in one place is read as a second reader reads it, or refused', () => {
    let refused = 0
    const liberties = jsonText({ repeats: true, blanks: true }).map((inner) => `{"FS0a":{"input":${inner}}}`)
    const sound = results.map(textOf)
    const texts = fc.oneof(mutated(sound), sound, liberties, mutated(liberties))
    fc.assert(
      fc.property(texts, fc.option(byteChange, { freq: 2 }), (text, change) => {
        const body = change === null ? answerOf(text) : changed(answerOf(text), change)
        const stages = read(body, 'auto')
        if (stages === null) {
          refused += 1
          return
        }
        const expected = reference(body)
        expect(expected).toBeInstanceOf(Map)
        expect(sameTree(numbered(rebuild(stages)), numbered(expected))).toBe(true)
      }),
      { numRuns: Math.floor(CASES / 2) },
    )
    expect(refused).toBeGreaterThan(CASES / 10)
    expect(refused).toBeLessThan(CASES / 2)
    if (CASES > 20_000) process.stdout.write(`${CASES} cases, ${refused} refused\n`)
  }, 3_600_000)
})

/** Under `compact` and `sorted` numbers are written anew: they are compared by value. */
function numbered(value: Rebuilt | undefined): Rebuilt | undefined {
  if (value instanceof NumberText) {
    const number = Number(value.text)
    return Number.isFinite(number) ? new NumberText(String(number)) : null
  }
  if (Array.isArray(value)) return value.map((item) => numbered(item) ?? null)
  if (value instanceof Map) return new Map([...value].map(([name, inner]) => [name, numbered(inner) ?? null]))
  return value
}
