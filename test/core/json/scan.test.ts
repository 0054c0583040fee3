import { describe, expect, it } from 'vitest'
import { isFault, MAX_DEPTH, scanJson } from '../../../src/core/json/scan.js'
import {
  booleanValue,
  isNullish,
  type JsonTape,
  kindOf,
  MAX_TEXT,
  memberOf,
  numberText,
  ROOT,
  sourceText,
  stringValue,
} from '../../../src/core/json/tape.js'

function tapeOf(text: string): JsonTape {
  const tape = scanJson(text)
  if (isFault(tape)) throw new Error(`${tape.fault} at ${tape.at}`)
  return tape
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('scanJson names the fault and where it is', () => {
  it.each([
    ['', 'truncated', 0],
    [' \n', 'truncated', 2],
    ['{', 'truncated', 1],
    ['{"a"', 'truncated', 4],
    ['{"a":', 'truncated', 5],
    ['{"a":1', 'truncated', 6],
    ['{"a":1,', 'truncated', 7],
    ['[1,', 'truncated', 3],
    ['"ab', 'truncated', 3],
    ['"\\', 'truncated', 2],
    ['"\\u12', 'truncated', 5],
    ['"\\ud83d\\u', 'truncated', 9],
    ['tru', 'truncated', 3],
    ['-', 'truncated', 1],
    ['1.', 'truncated', 2],
    ['1e', 'truncated', 2],
    ['1e+', 'truncated', 3],
    ['trux', 'syntax', 3],
    ['01', 'syntax', 1],
    ['+1', 'syntax', 0],
    ['.5', 'syntax', 0],
    ['1.e5', 'syntax', 2],
    ['[1,]', 'syntax', 3],
    ['{"a":1,}', 'syntax', 7],
    ['{a:1}', 'syntax', 1],
    ["{'a':1}", 'syntax', 1],
    ['[1}', 'syntax', 2],
    ['{"a":1]', 'syntax', 6],
    ['1 2', 'syntax', 2],
    ['{} x', 'syntax', 3],
    ['NaN', 'syntax', 0],
    ['/* */1', 'syntax', 0],
    ['"a\tb"', 'syntax', 2],
    ['"a\u0000b"', 'syntax', 2],
    ['"\\x41"', 'syntax', 2],
    ['"\\u12g4"', 'syntax', 5],
    ['\u00a01', 'syntax', 0],
    ['\ufeff{}', 'bom', 0],
    ['{"a":1,"a":2}', 'duplicate-key', 7],
    ['{"a":1,"\\u0061":2}', 'duplicate-key', 7],
    ['{"x":[{"result":1,"\\u0072esult":2}]}', 'duplicate-key', 18],
    ['{"__proto__":1,"__proto__":2}', 'duplicate-key', 15],
    ['{"":1,"":2}', 'duplicate-key', 6],
    ['"\\ud800"', 'lone-surrogate', 1],
    ['"\\udc00\\ud800"', 'lone-surrogate', 1],
    ['"\\ud83dx"', 'lone-surrogate', 1],
    ['"\\ud83d\\n"', 'lone-surrogate', 1],
    ['{"\\uDFFF":1}', 'lone-surrogate', 2],
  ])('%j', (text, fault, at) => {
    expect(scanJson(text)).toEqual({ fault, at })
  })

  it('finds a name that repeats among many', () => {
    const names = Array.from({ length: 200 }, (_, i) => `"n${i}":${i}`)
    expect(isFault(scanJson(`{${names.join()}}`))).toBe(false)
    expect(scanJson(`{${names.join()},"n7":1}`)).toMatchObject({ fault: 'duplicate-key' })
    expect(scanJson(`{${names.join()},"\\u006e7":1}`)).toMatchObject({ fault: 'duplicate-key' })
    expect(scanJson(`{${names.slice(0, 20).join()},"n7":1}`)).toMatchObject({ fault: 'duplicate-key' })
  })

  it('tells names apart that begin, end and measure alike', () => {
    expect(isFault(scanJson('{"abc":1,"aXc":2,"aYc":{"abc":1}}'))).toBe(false)
  })

  it('takes a cut text for cut off whatever else is wrong with it, and no JSON for no JSON', () => {
    expect(scanJson('{"a":1,"a":2')).toMatchObject({ fault: 'truncated' })
    expect(scanJson('["\\ud800"')).toMatchObject({ fault: 'truncated' })
    expect(scanJson('{"a":1,"a":2}}')).toMatchObject({ fault: 'syntax' })
  })

  it('takes 256 levels and no more, and no number of them costs a stack', () => {
    expect(isFault(scanJson(nested(MAX_DEPTH)))).toBe(false)
    expect(scanJson(nested(MAX_DEPTH + 1))).toEqual({ fault: 'too-deep', at: MAX_DEPTH })
    expect(scanJson('['.repeat(1_000_000))).toMatchObject({ fault: 'too-deep' })
    expect(scanJson('{"a":'.repeat(MAX_DEPTH + 1))).toMatchObject({ fault: 'too-deep' })
  })

  it('takes a bound of its own', () => {
    expect(isFault(scanJson(nested(2), 2))).toBe(false)
    expect(scanJson(nested(3), 2)).toEqual({ fault: 'too-deep', at: 2 })
  })

  it('throws for a text longer than a tape can hold', () => {
    expect(() => scanJson(' '.repeat(MAX_TEXT + 1))).toThrow(RangeError)
  })
})

describe('a tape', () => {
  it('gives the exact characters of each number', () => {
    const numbers = ['1.0', '-0', '12345678901234567890123', '1e400', '-1.50E+07', '0.10']
    for (const number of numbers) expect(numberText(tapeOf(` ${number} `), ROOT)).toBe(number)
  })

  it('finds members by their name with escapes undone', () => {
    const tape = tapeOf('{"a":{"b":1},"\\u0072esult":"x\\n\\ud83d\\ude00","__proto__":null,"t":true,"":[]}')
    expect(stringValue(tape, memberOf(tape, ROOT, 'result'))).toBe('x\n😀')
    expect(numberText(tape, memberOf(tape, memberOf(tape, ROOT, 'a'), 'b'))).toBe('1')
    expect(isNullish(tape, memberOf(tape, ROOT, '__proto__'))).toBe(true)
    expect(booleanValue(tape, memberOf(tape, ROOT, 't'))).toBe(true)
    expect(memberOf(tape, ROOT, 'b')).toBeNull()
    expect(memberOf(tape, memberOf(tape, ROOT, 't'), 'b')).toBeNull()
    const empty = memberOf(tape, ROOT, '')
    expect(empty === null ? null : kindOf(tape, empty)).toBe('array')
    expect(memberOf(tapeOf('{"toString":1}'), ROOT, 'constructor')).toBeNull()
  })

  it('answers null for a value of another kind', () => {
    const tape = tapeOf('[1]')
    expect([stringValue(tape, ROOT), numberText(tape, ROOT), booleanValue(tape, ROOT)]).toEqual([
      null,
      null,
      null,
    ])
    expect(isNullish(tape, null)).toBe(true)
  })

  it('is not changed by the next scan', () => {
    const first = tapeOf('{"a":"one"}')
    tapeOf('[1,2,3,4,5,6,7,8]')
    expect(stringValue(first, memberOf(first, ROOT, 'a'))).toBe('one')
  })

  it('holds texts with characters of every width', () => {
    for (const text of ['"é"', '"नमस्ते"', '"😀"', `"${'é'.repeat(70_000)}"`, `"${'a'.repeat(70_000)}"`]) {
      expect(sourceText(tapeOf(text), ROOT)).toBe(text)
      expect(stringValue(tapeOf(text), ROOT)).toBe(JSON.parse(text))
    }
  })

  it('takes no more than twelve bytes for each character of a hostile text', () => {
    for (const piece of ['1,', '[],', '"":', '[[],[]],']) {
      const text =
        piece === '"":'
          ? `{${Array.from({ length: 9999 }, (_, i) => `"${i}":1`)}}`
          : `[${piece.repeat(99_999)}1]`
      expect(tapeOf(text).words.buffer.byteLength).toBeLessThan(text.length * 12)
    }
  })
})
