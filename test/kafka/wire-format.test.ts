/**
 * What we write, read and written again by Apache Avro for Java and by fastavro, which fetch the schema by the id in the
 * framing: their bytes are ours, one by one, and their values too.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { typedSchemaOf } from '../../src/catalogue/avro.js'
import { BUILT_IN } from '../../src/catalogue/built-in.js'
import { typedTopicOf } from '../../src/catalogue/typed-kinds.js'
import type { EvidenceRow } from '../../src/core/evidence.js'
import type { DeadLetter, OutcomeRow, TypedRecord, VerifiedStage } from '../../src/core/records.js'
import { createSchemaRegistry } from '../../src/io/registry/client.js'
import { createEncoders } from '../../src/io/registry/encoders.js'
import { createEvidenceEncoder, EVIDENCE_SCHEMA } from '../../src/io/registry/evidence.js'
import {
  createHandshakeCompletedEncoder,
  HANDSHAKE_COMPLETED,
  type HandshakeCompleted,
} from '../../src/io/registry/handshake-completed.js'
import { resolveIds, resolveTypedIds, SCHEMAS, subjectOf } from '../../src/io/registry/schemas.js'
import { valuesOf } from '../support/avro-values.js'
import { uniqueName } from '../support/broker.js'
import { javaMissing, runJava } from '../support/java.js'
import { hasPython, runPython } from '../support/python.js'
import { stack } from '../support/stack.js'

const SEED = 20_261_123
const ROWS = 100
const ROWS_OF_TYPE = 10

interface Row {
  readonly record: string
  readonly value: unknown
  readonly bytes: Buffer
}

const folder = mkdtempSync(join(tmpdir(), 'wire-format-'))
let rows: readonly Row[]

beforeAll(async () => {
  rows = await writtenRows()
})
afterAll(() => rmSync(folder, { recursive: true }))

async function writtenRows(): Promise<Row[]> {
  const registry = createSchemaRegistry({
    ...{ url: stack().registryUrl, username: null, password: null, token: null, ca: null, register: true },
  })
  try {
    const topic = uniqueName('wire')
    const ids = await resolveIds(registry, {
      ...{ verified: topic, deadLetter: `${topic}.d`, outcomes: `${topic}.o` },
    })
    const kinds = Object.values(BUILT_IN).map((spec) => ({
      ...{ stageType: spec.name, topic: typedTopicOf(topic, spec.name), schema: typedSchemaOf(spec) },
    }))
    const typed = await resolveTypedIds(registry, kinds)
    const encode = createEncoders({ ids, typed })
    const evidence = createEvidenceEncoder(
      await registry.idOf(subjectOf(`${topic}.evidence`), EVIDENCE_SCHEMA),
    )
    const event = await createHandshakeCompletedEncoder(registry, `${topic}.e`)
    const encoderOf = (stageType: string) => (value: unknown) => {
      const found = encode.typed.get(stageType)
      if (found === undefined) throw new Error(`no encoder of ${stageType}`)
      return found(value as TypedRecord)
    }
    return [
      ...rowsOf(SCHEMAS.verified, ROWS, (value) => encode.verified(value as VerifiedStage)),
      ...rowsOf(SCHEMAS.deadLetter, ROWS, (value) => encode.deadLetter(value as DeadLetter)),
      ...rowsOf(SCHEMAS.outcome, ROWS, (value) => encode.outcome(value as OutcomeRow)),
      ...rowsOf(EVIDENCE_SCHEMA, ROWS, (value) => evidence(value as EvidenceRow)),
      ...rowsOf(HANDSHAKE_COMPLETED, ROWS_OF_TYPE, (value) => event(value as HandshakeCompleted)),
      ...kinds.flatMap(({ stageType, schema }) => rowsOf(schema, ROWS_OF_TYPE, encoderOf(stageType))),
    ]
  } finally {
    await registry.close()
  }
}

function rowsOf(schema: string, count: number, encode: (value: unknown) => Buffer): Row[] {
  const { name } = JSON.parse(schema)
  return fc
    .sample(valuesOf(JSON.parse(schema)), { numRuns: count, seed: SEED })
    .map((value) => ({ record: name, value, bytes: Buffer.from(encode(value)) }))
}

const base64 = ({ bytes }: Row): string => bytes.toString('base64')
const told = ({ record }: Row, bytes: string): string => `${record} ${bytes}`

/** The value with bytes as another language prints them. */
const plain = (value: unknown, bytes: (buffer: Buffer) => unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, function replace(this: Record<string, unknown>, key, one) {
      const raw = this[key]
      return Buffer.isBuffer(raw) ? bytes(raw) : one
    }),
  )

describe.skipIf(javaMissing !== null)(
  `Apache Avro for Java${javaMissing === null ? '' : ` (skipped: ${javaMissing})`}`,
  () => {
    it('reads the values that were written, and writes the same bytes', () => {
      const out = runJava('avro-java', 'Rows', [stack().registryUrl], `${rows.map(base64).join('\n')}\n`)
      const lines = out.split('\n').filter((line) => line !== '')
      expect(lines.length).toBe(rows.length)
      for (const [index, row] of rows.entries()) {
        const line = lines[index] ?? ''
        const blank = line.indexOf(' ')
        expect(told(row, line.slice(0, blank))).toBe(told(row, base64(row)))
        expect(JSON.parse(line.slice(blank + 1))).toEqual(plain(row.value, (one) => one.toString('latin1')))
      }
    })
  },
)

describe.skipIf(!hasPython)(`fastavro${hasPython ? '' : ' (skipped: there is no Python with venv)'}`, () => {
  it('reads the values that were written, and writes the same bytes', async () => {
    const file = join(folder, 'rows')
    writeFileSync(file, `${rows.map(base64).join('\n')}\n`)
    const lines = (await runPython('rewrite_rows.py', [stack().registryUrl, file])) as {
      readonly bytes: string
      readonly row: unknown
    }[]
    expect(lines.length).toBe(rows.length)
    for (const [index, row] of rows.entries()) {
      const line = lines[index]
      expect(told(row, line?.bytes ?? '')).toBe(told(row, base64(row)))
      expect(line?.row).toEqual(plain(row.value, (one) => ({ base64: one.toString('base64') })))
    }
  })
})
