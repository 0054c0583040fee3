import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFault, scanJson } from '../../../src/core/json/scan.js'
import {
  firstOf,
  type JsonNode,
  type JsonTape,
  kindOf,
  nextOf,
  ROOT,
  sourceText,
  stringText,
  valueAfter,
} from '../../../src/core/json/tape.js'
import { mayBeMisread } from '../../support/json-parse.js'
import { jsonText, mutated, numberToken } from '../../support/json-text.js'
import { verdictOf } from '../../support/reference-json.js'

/** The value a tape stands for, with the number of words checked on the way. */
function toValue(tape: JsonTape, node: JsonNode): unknown {
  const kind = kindOf(tape, node)
  const after = nextOf(tape, node)
  if (kind === 'array') {
    const items: unknown[] = []
    for (let item = firstOf(node); item < after; item = nextOf(tape, item)) items.push(toValue(tape, item))
    return items
  }
  if (kind === 'object') {
    const members: [string, unknown][] = []
    for (let name = firstOf(node); name < after; name = nextOf(tape, valueAfter(name))) {
      members.push([stringText(tape, name), toValue(tape, valueAfter(name))])
    }
    return Object.fromEntries(members)
  }
  return kind === 'string' ? stringText(tape, node) : JSON.parse(sourceText(tape, node))
}

function scanned(text: string, maxDepth?: number): string {
  const tape = scanJson(text, maxDepth)
  if (isFault(tape)) {
    expect(tape.at).toBeGreaterThanOrEqual(0)
    expect(tape.at).toBeLessThanOrEqual(text.length)
    return tape.fault
  }
  if (mayBeMisread(text)) return 'valid'
  const parsed = JSON.parse(text)
  expect(toValue(tape, ROOT)).toEqual(parsed)
  expect(JSON.parse(sourceText(tape, ROOT))).toEqual(parsed)
  return 'valid'
}

const texts = jsonText({ repeats: true, blanks: true })
const unique = jsonText({ repeats: false, blanks: true })

describe('scanner, against a reference parser', () => {
  it('agrees on texts with all liberties of the grammar', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(scanned(text)).toBe(verdictOf(text))
      }),
      { numRuns: 40_000 },
    )
  })

  it('agrees on texts with one place changed', () => {
    fc.assert(
      fc.property(mutated(texts), (text) => {
        expect(scanned(text)).toBe(verdictOf(text))
      }),
      { numRuns: 50_000 },
    )
  })

  it('agrees on long strings with anything at any place of them', () => {
    const run = fc.tuple(fc.constantFrom('a', 'Z', ' ', '!', 'é', '😀'), fc.integer({ min: 0, max: 80 }))
    const odd = fc.constantFrom(
      '',
      '\\n',
      '\\\\',
      '\\ud83d\\ude00',
      '\\ud83d',
      '\u0000',
      '\n',
      '"',
      '","',
      '\\',
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(run, odd), { maxLength: 5 }), (parts) => {
        const inside = parts.map(([[character, count], add]) => character.repeat(count) + add).join('')
        const text = `["${inside}"]`
        expect(scanned(text)).toBe(verdictOf(text))
      }),
      { numRuns: 10_000 },
    )
  })

  it('agrees on texts deeper than a low bound', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 0, max: 3 }), (text, maxDepth) => {
        expect(scanned(text, maxDepth)).toBe(verdictOf(text, maxDepth))
      }),
      { numRuns: 10_000 },
    )
  })

  it('refuses a text exactly when JSON.parse does, or for one of the four rules beyond it', () => {
    fc.assert(
      fc.property(fc.oneof(mutated(unique), fc.string({ unit: 'grapheme' }), numberToken), (text) => {
        let parses = true
        try {
          JSON.parse(text)
        } catch {
          parses = false
        }
        const verdict = scanned(text)
        expect(verdict === 'truncated' || verdict === 'syntax' || verdict === 'bom').toBe(!parses)
      }),
      { numRuns: 20_000 },
    )
  })

  it('calls each beginning of an object or array truncated, and no beginning of a number anything but truncated or valid', () => {
    fc.assert(
      fc.property(unique, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (text, where) => {
        const characters = [...text.trimEnd()]
        const cut = characters.slice(0, Math.floor(where * characters.length)).join('')
        const mayStandAlone = !/^[\s]*[{["tfn]/.test(text)
        const verdict = scanned(cut)
        if (mayStandAlone) expect(['truncated', 'valid']).toContain(verdict)
        else expect(verdict).toBe('truncated')
      }),
      { numRuns: 20_000 },
    )
  })
})
