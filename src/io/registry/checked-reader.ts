import { isUtf8 } from 'node:buffer'
import type { Shape } from './shape.js'

/** A scalar as it was written; a long past 2^53 is a bigint, anything with parts or bytes is an empty object. */
export type AvroScalar = string | number | bigint | boolean | null | typeof NO_SCALAR

export const NO_SCALAR: Readonly<Record<string, never>> = Object.freeze({})

// Only data of a schema that holds itself can be as deep as it likes.
const MAX_DEPTH = 64
// Records of nothing can hold each other twice, and so again: such a schema has no end that bytes would bound.
const FREE_STEPS = 10_000
const STEPS_PER_BYTE = 16
// A varint of seven bytes is below 2^49 and exact in a double.
const EXACT_VARINT_BYTES = 7
const MAX_VARINT_BYTES = 10

/**
 * Walks Avro bytes of unknown origin, bounded by the bytes there are: no count in them is believed, nothing is built
 * that was not asked for. Once `failed` is set the rest means nothing.
 *
 * Source: libraries.md section 4.3: decoding five hostile bytes with avsc runs the process out of memory
 */
export class CheckedReader {
  readonly #bytes: Buffer
  #at: number
  #steps: number
  failed = false

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
    this.#steps = FREE_STEPS + STEPS_PER_BYTE * bytes.length
  }

  /** Whether all bytes fitted and none are left. */
  get done(): boolean {
    return !this.failed && this.#at === this.#bytes.length
  }

  scalar(shape: Shape, depth = 0): AvroScalar {
    switch (shape.kind) {
      case 'null':
        return null
      case 'boolean':
        return this.#boolean()
      case 'int':
      case 'long':
        return this.#long(shape.kind)
      case 'float':
      case 'double':
        return this.#floating(shape.kind)
      case 'string':
        return this.#text()
      case 'enum':
        return shape.symbols[this.#index(shape.symbols.length)] ?? null
      case 'union': {
        const branch = shape.branches[this.#index(shape.branches.length)]
        return branch === undefined || this.#tooDeep(depth) ? null : this.scalar(branch, depth + 1)
      }
      default:
        this.skip(shape, depth)
        return NO_SCALAR
    }
  }

  skip(shape: Shape, depth = 0): void {
    if (this.failed || this.#tooDeep(depth) || this.#tooLong()) return
    switch (shape.kind) {
      case 'string':
      case 'bytes':
        this.#take(this.#length())
        return
      case 'fixed':
        this.#take(shape.size)
        return
      case 'union': {
        const branch = shape.branches[this.#index(shape.branches.length)]
        if (branch !== undefined) this.skip(branch, depth + 1)
        return
      }
      case 'record':
        for (const field of shape.fields) this.skip(field.shape, depth + 1)
        return
      case 'array':
      case 'map':
        this.#skipBlocks(shape.kind, shape.items, depth)
        return
      case 'unknown':
        this.failed = true
        return
      default:
        this.scalar(shape, depth)
    }
  }

  #skipBlocks(kind: 'array' | 'map', items: Shape, depth: number): void {
    for (;;) {
      let count = this.#count()
      if (this.failed || count === 0) return
      let end = -1
      if (count < 0) {
        count = -count
        const size = this.#length()
        end = this.#at + size
      }
      for (let n = 0; n < count; n++) {
        const before = this.#at
        if (kind === 'map') this.#take(this.#length())
        this.skip(items, depth + 1)
        if (this.failed) return
        // Items of no size: all others are the same, and their count could be anything.
        if (this.#at === before) break
      }
      if (end !== -1 && this.#at !== end) this.failed = true
    }
  }

  #tooDeep(depth: number): boolean {
    if (depth >= MAX_DEPTH) this.failed = true
    return this.failed
  }

  #tooLong(): boolean {
    this.#steps -= 1
    if (this.#steps < 0) this.failed = true
    return this.failed
  }

  /** Moves on by so many bytes and says where they start. */
  #take(length: number): number {
    const start = this.#at
    if (this.failed || length > this.#bytes.length - start) this.failed = true
    else this.#at = start + length
    return start
  }

  #length(): number {
    const length = this.#count()
    if (length < 0 || length > this.#bytes.length - this.#at) this.failed = true
    return this.failed ? 0 : length
  }

  #index(count: number): number {
    const index = this.#count()
    if (index < 0 || index >= count) this.failed = true
    return this.failed ? -1 : index
  }

  #count(): number {
    return Number(this.#long('long'))
  }

  #boolean(): boolean {
    const byte = this.#bytes[this.#take(1)]
    if (byte !== 0 && byte !== 1) this.failed = true
    return byte === 1
  }

  #floating(kind: 'float' | 'double'): number {
    const start = this.#take(kind === 'float' ? 4 : 8)
    if (this.failed) return 0
    return kind === 'float' ? this.#bytes.readFloatLE(start) : this.#bytes.readDoubleLE(start)
  }

  #text(): string {
    const start = this.#take(this.#length())
    if (this.failed) return ''
    const bytes = this.#bytes.subarray(start, this.#at)
    if (!isUtf8(bytes)) this.failed = true
    return this.failed ? '' : bytes.toString('utf8')
  }

  #long(kind: 'int' | 'long'): number | bigint {
    const start = this.#at
    let end = start
    while ((this.#bytes[end] ?? 0) >= 0x80) end++
    if (this.failed || end >= this.#bytes.length || end - start >= MAX_VARINT_BYTES) {
      this.failed = true
      return 0
    }
    this.#at = end + 1
    const value = end - start < EXACT_VARINT_BYTES ? this.#short(start, end) : this.#wide(start, end)
    if (kind === 'int' && (value < -2_147_483_648 || value > 2_147_483_647)) this.failed = true
    return value
  }

  #short(start: number, end: number): number {
    let zigzag = 0
    for (let at = end; at >= start; at--) zigzag = zigzag * 128 + ((this.#bytes[at] ?? 0) & 0x7f)
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }

  #wide(start: number, end: number): number | bigint {
    let zigzag = 0n
    for (let at = end; at >= start; at--) zigzag = (zigzag << 7n) | BigInt((this.#bytes[at] ?? 0) & 0x7f)
    if (zigzag >= 1n << 64n) this.failed = true
    const value = (zigzag >> 1n) ^ -(zigzag & 1n)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }
}
