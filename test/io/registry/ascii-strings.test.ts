import { createRequire } from 'node:module'
import avro from 'avsc'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { writeAsciiStringsFast } from '../../../src/io/registry/ascii-strings.js'

const require = createRequire(import.meta.url)
const { Tap } = require('avsc/lib/utils') as { Tap: { prototype: { writeString: { name: string } } } }
const type = avro.Type.forSchema({ type: 'map', values: ['null', 'string'] })
const texts = fc.dictionary(
  fc.string({ unit: 'grapheme', maxLength: 90 }),
  fc.option(fc.string({ unit: 'binary', maxLength: 90 })),
)

it('writes the very bytes that avsc writes, in buffers of any size', () => {
  const samples = fc
    .sample(texts, { numRuns: 3000, seed: 1 })
    .map((value) => ({ value, size: type.toBuffer(value).length }))
  const before = samples.map(({ value }) => type.toBuffer(value))
  writeAsciiStringsFast()
  expect(Tap.prototype.writeString.name).toBe('writeString')
  for (const [index, { value, size }] of samples.entries()) {
    expect(type.toBuffer(value).equals(before[index] ?? Buffer.alloc(0))).toBe(true)
    const exact = Buffer.alloc(size)
    expect(type.encode(value, exact, 0)).toBe(size)
    expect(exact.equals(before[index] ?? Buffer.alloc(0))).toBe(true)
    if (size > 1) expect(type.encode(value, Buffer.alloc(size - 1), 0)).toBe(-1)
  }
})

it('is in force for the installed version', () => {
  writeAsciiStringsFast()
  expect(Tap.prototype.writeString.toString()).toContain('charCodeAt(at)')
})
