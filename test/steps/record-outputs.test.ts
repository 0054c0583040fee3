import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import { createCatalogue } from '../../src/catalogue/index.js'
import { typedKindsOf } from '../../src/catalogue/typed-kinds.js'
import type { Output } from '../../src/core/model.js'
import type { FlatStage } from '../../src/core/records.js'
import { createEncoders } from '../../src/io/registry/encoders.js'
import { SCHEMAS } from '../../src/io/registry/schemas.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { createResultSource } from '../../src/simulator/results.js'
import { type RecordForm, recordOutputs } from '../../src/steps/record-outputs.js'
import { createRoute, type RouteDeps } from '../../src/steps/route.js'
import { chain, handshake, message, NOW, protect, RETRY, verification } from './route-support.js'
import { flatStage, longRecords, typedStep } from './typed-support.js'

const types = createCatalogue().types.map(({ name }) => name)
const kinds = typedKindsOf({
  records: { form: 'typed' },
  topics: { verified: 'v' },
  catalogue: { stages: Object.fromEntries(types.map((name, n) => [`FS0${n}`, name])), flows: {}, types: {} },
})
const schemas = new Map(kinds.map(({ topic, schema }) => [topic, avro.Type.forSchema(JSON.parse(schema))]))
const encoders = createEncoders({
  ids: { verified: 1, deadLetter: 2, outcome: 3 },
  typed: kinds.map((kind, n) => ({ ...kind, id: 10 + n })),
})

const formsOf = (form: RecordForm, json = false) => ({
  ...{ form, json, typedOf: typedStep().typedOf },
  topics: new Map(kinds.map(({ stageType, topic }) => [stageType, topic])),
})

const PAN = flatStage('PAN', '{"input":{"pan":"ABCPE0000F"},"output":{"valid":true,"name":"ASHA"}}')
const OTHER: FlatStage = {
  ...flatStage('X', '{"input":{"a":1}}'),
  stageType: null,
  stageTypeSource: 'UNKNOWN',
}
const GUESSED: FlatStage = { ...PAN, stageTypeSource: 'SHAPE' }

function outputs(form: RecordForm, stages: readonly FlatStage[], json = false): readonly Output[] {
  const address = { topic: 'v', key: Buffer.from('k'), headers: [], sourcePartition: 3 }
  const deps = { encoders, forms: formsOf(form, json), maxRecordBytes: 1_000_000 }
  const made = recordOutputs(longRecords(stages, json), address, deps)
  if (made.kind === 'dead') throw new Error(made.failure.code)
  return made.value
}

const read = ({ topic, value }: Output): Record<string, unknown> =>
  (schemas.get(topic) ?? avro.Type.forSchema(JSON.parse(SCHEMAS.verified))).fromBuffer(value.subarray(5))

describe('records of an event', () => {
  it.each([
    ['long', ['v', 'v', 'v']],
    ['typed', ['v.pan', 'v', 'v']],
    ['both', ['v', 'v.pan', 'v', 'v']],
  ] as const)('of the form %s: nothing guessed is typed, nothing is left out', (form, topics) => {
    const made = outputs(form, [PAN, OTHER, GUESSED])
    expect(made.map(({ topic }) => topic)).toEqual(topics)
    for (const output of made) expect(output).toMatchObject({ key: Buffer.from('k'), sourcePartition: 3 })
  })

  it('carry the same id in both forms', () => {
    const [long, typed] = outputs('both', [PAN]).map(read)
    for (const name of ['recordId', 'resultId', 'handshakeId', 'stageIndex', 'stageCount', 'fetchedAt']) {
      expect(typed?.[name]).toEqual(long?.[name])
    }
    expect(typed).toMatchObject({ input_pan: 'ABCPE0000F', output_name: 'ASHA', output_gender: null })
  })

  it('have JSON text where it is asked for', () => {
    const [with_] = outputs('long', [OTHER], true).map(read)
    expect(with_).toMatchObject({ inputJson: '{"a":1}', outputJson: null })
    const [without] = outputs('long', [OTHER]).map(read)
    expect(without).toMatchObject({ inputJson: null, outputJson: null })
  })

  it.each(types)('of type %s encode whatever the simulator answers, and read back', (name) => {
    const source = createResultSource({ seed: 5, clientSecret: 's', stages: [name] })
    for (let n = 0; n < 20; n += 1) {
      const { result } = JSON.parse(source.resultFor(handshakeIdFor(5, n)).body.toString())
      const stage = flatStage(name, JSON.stringify(Object.values(result)[0]))
      const [output] = outputs('typed', [stage])
      if (output === undefined) throw new Error('no record')
      expect(read(output)).toMatchObject({ stageType: name, recordId: stage.recordId, stageCount: 1 })
    }
  })
})

describe('the outcome of an event', () => {
  const routeOf = (parts: Partial<RouteDeps>) =>
    createRoute({
      ...{ encoders, maxRecordBytes: 1_000_000, hashKey: null, protect, now: () => NOW },
      topics: { verified: 'v', deadLetter: 'd', outcomes: 'o', retry: RETRY },
      deadLetters: { undecodable: 'reference', headers: [] },
      ...parts,
    })
  const end = {
    ...{ message: message(), chain, calls: 1, startedAt: NOW, event: handshake(), verification },
    ...{ envelope: { number: null, requestId: null, tag: null }, fetchedAt: NOW, stages: [PAN, OTHER] },
    signed: Buffer.from('what was signed'),
  }
  const outcomeType = avro.Type.forSchema(JSON.parse(SCHEMAS.outcome))

  it.each([
    ['long', 2],
    ['typed', 2],
    ['both', 3],
  ] as const)('tells how many records there are, in the form %s', (form, count) => {
    const { outputs: made } = routeOf({ forms: formsOf(form) }).verified(end)
    const row = outcomeType.fromBuffer(made.at(-1)?.value.subarray(5) ?? Buffer.alloc(0)) as object
    expect(made).toHaveLength(count + 1)
    expect(row).toMatchObject({ outcome: 'VERIFIED', records: count })
  })

  it('is a dead letter alone when one record of them is too large', () => {
    const large = { ...PAN, output: { ...PAN.output, name: 'x'.repeat(3000) } }
    const { outputs: made, code } = routeOf({ forms: formsOf('typed'), maxRecordBytes: 3000 }).verified({
      ...end,
      stages: [OTHER, large],
    })
    expect(code).toBe('record-too-large')
    expect(made.map(({ topic }) => topic)).toEqual(['d', 'o'])
  })
})
