import type { Coordinates } from '../../core/model.js'
import type { OutcomeKind } from '../../core/outcome.js'
import type { Facts } from './facts.js'

/** Over the longest row. */
export const MAX_ROW_BYTES = 192

export interface RowBytes {
  /** Out: the place after the row; null: the row names a topic or code too many. */
  write(facts: Facts, into: Buffer, at: number): number | null
  /** Every row from the start of the bytes to their end. */
  rows(bytes: Buffer): Iterable<Facts>
}

const KINDS: readonly Facts['kind'][] = ['message', 'outcome', 'record', 'deadLetter']
const OUTCOMES: readonly OutcomeKind[] = ['VERIFIED', 'DEAD', 'SKIPPED', 'DELAYED']
const HASH_BYTES = 6
/** Topics and codes together; ours are a few dozen. */
const MAX_NAMES = 4096

/**
 * Makes the short form of rows for the temporary file: numbers as varints, names as numbers of a table in memory.
 * A row has some 20 to 50 bytes.
 */
export function createRowBytes(): RowBytes {
  const names: string[] = []
  const numbers = new Map<string, number>()
  const numberOf = (name: string): number | null => {
    const known = numbers.get(name)
    if (known !== undefined) return known
    if (names.length >= MAX_NAMES) return null
    numbers.set(name, names.length)
    return names.push(name) - 1
  }
  const fits = (facts: Facts): boolean => namesOf(facts).every((name) => numberOf(name) !== null)
  const table: Table = { numberOf: (name) => numberOf(name) ?? 0, nameOf: (number) => names[number] ?? '' }
  return {
    write: (facts, into, at) => (fits(facts) ? writeRow(new Cursor(into, at, table), facts) : null),
    *rows(bytes) {
      const cursor = new Cursor(bytes, 0, table)
      while (cursor.at < bytes.length) yield readRow(cursor)
    },
  }
}

interface Table {
  numberOf(name: string): number
  nameOf(number: number): string
}

function namesOf(facts: Facts): string[] {
  const names = [facts.at.topic, facts.origin.topic]
  if (facts.kind === 'outcome' || facts.kind === 'deadLetter') names.push(facts.source.topic)
  if ('code' in facts && facts.code !== null) names.push(facts.code)
  return names
}

function writeRow(to: Cursor, facts: Facts): number {
  const outcome = facts.kind === 'outcome' ? OUTCOMES.indexOf(facts.outcome) : 0
  to.put(KINDS.indexOf(facts.kind) * OUTCOMES.length + outcome)
  for (const place of [facts.origin, facts.at]) to.putPlace(place)
  for (const number of [facts.attempt, facts.replays, facts.seconds]) to.put(number)
  switch (facts.kind) {
    case 'message':
      break
    case 'outcome':
      to.putPlace(facts.source)
      to.putCode(facts.code)
      to.put(facts.records)
      to.putHash(facts.handshake)
      break
    case 'record':
      to.put(facts.stageIndex)
      to.put(facts.stageCount)
      for (const hash of [facts.id, facts.handshake, facts.result]) to.putHash(hash)
      break
    case 'deadLetter':
      to.putPlace(facts.source)
      to.putCode(facts.code)
      to.putHash(facts.handshake)
  }
  return to.at
}

function readRow(from: Cursor): Facts {
  const tag = from.take()
  const kind = KINDS[Math.floor(tag / OUTCOMES.length)] ?? 'message'
  const [origin, at] = [from.takePlace(), from.takePlace()]
  const [attempt, replays, seconds] = [from.take(), from.take(), from.take()]
  const common = { origin, at, attempt, replays, seconds }
  switch (kind) {
    case 'message':
      return { kind, ...common }
    case 'outcome': {
      const outcome = OUTCOMES[tag % OUTCOMES.length] ?? 'VERIFIED'
      const source = from.takePlace()
      return {
        ...{ kind, ...common, source, outcome, code: from.takeCode() },
        ...{ records: from.take(), handshake: from.takeHash() },
      }
    }
    case 'record': {
      const [stageIndex, stageCount] = [from.take(), from.take()]
      const [id, handshake, result] = [from.takeHash(), from.takeHash(), from.takeHash()]
      return { kind, ...common, stageIndex, stageCount, id, handshake, result }
    }
    case 'deadLetter': {
      const source = from.takePlace()
      return { kind, ...common, source, code: from.takeCode() ?? '', handshake: from.takeHash() }
    }
  }
}

/** Writes or reads one number after the other. */
class Cursor {
  readonly #bytes: Buffer
  readonly #table: Table
  at: number

  constructor(bytes: Buffer, at: number, table: Table) {
    this.#bytes = bytes
    this.#table = table
    this.at = at
  }

  /** In: 0 to 2^53 - 1. */
  put(value: number): void {
    let left = value
    while (left >= 128) {
      this.#bytes[this.at++] = (left % 128) + 128
      left = Math.floor(left / 128)
    }
    this.#bytes[this.at++] = left
  }

  take(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.at++] ?? 0
      if (byte < 128) return value + byte * scale
      value += (byte - 128) * scale
    }
  }

  putPlace({ topic, partition, offset }: Coordinates): void {
    this.put(this.#table.numberOf(topic))
    this.put(partition)
    this.put(offset)
  }

  takePlace(): Coordinates {
    return { topic: this.#table.nameOf(this.take()), partition: this.take(), offset: this.take() }
  }

  /** 0 stands for none. */
  putCode(code: string | null): void {
    this.put(code === null ? 0 : this.#table.numberOf(code) + 1)
  }

  takeCode(): string | null {
    const number = this.take()
    return number === 0 ? null : this.#table.nameOf(number - 1)
  }

  putHash(hash: number): void {
    this.at = this.#bytes.writeUIntLE(hash, this.at, HASH_BYTES)
  }

  takeHash(): number {
    const hash = this.#bytes.readUIntLE(this.at, HASH_BYTES)
    this.at += HASH_BYTES
    return hash
  }
}
