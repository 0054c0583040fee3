import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCatalogue } from '../../src/catalogue/index.js'
import { SIDES } from '../../src/catalogue/model.js'
import { createShapeOf, leastNames, namesIn } from '../../src/catalogue/shape.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { createResultSource } from '../../src/simulator/results.js'
import { STAGE_VARIANTS } from '../../src/simulator/stages/index.js'
import { STAGE_TYPES } from '../../src/simulator/stages/model.js'
import { DEFAULT_RULES, stageOf } from '../support/flattening.js'
import { type JsonStage, namesOf } from './names.js'

const { types } = createCatalogue()
const shapeOf = createShapeOf(types)
const guess = (stage: JsonStage): string | null => shapeOf(namesOf(stage))

interface SimulatedStage {
  readonly type: string
  readonly variant: string
  readonly stage: { readonly input: Record<string, unknown>; readonly output: Record<string, unknown> }
}

const PER_VARIANT = 25
/** Every variant of every type, as the simulator sends it. */
const simulated: readonly SimulatedStage[] = STAGE_TYPES.flatMap((type) =>
  Object.keys(STAGE_VARIANTS[type]).flatMap((variant) => {
    const source = createResultSource({ seed: 7, clientSecret: 's', stages: [`${type}:${variant}`] })
    return Array.from({ length: PER_VARIANT }, (_, n) => {
      const { result } = JSON.parse(source.resultFor(handshakeIdFor(7, n)).body.toString())
      return { type, variant, stage: Object.values(result)[0] as SimulatedStage['stage'] }
    })
  }),
)

/** What cannot be told: too little is there, and other types have it too. */
const IN_DOUBT: readonly string[] = [
  ...['AML_BUSINESS:done', 'AML_BUSINESS:pending', 'EMPLOYMENT:no-jobs', 'MASTER_DIRECTOR:invalid'],
]

describe('shapes', () => {
  it('need names that the type has, at most two levels deep, and enough of them to say something', () => {
    for (const spec of types) {
      for (const shape of spec.shapes) {
        for (const side of SIDES) {
          const { all = [], of = [], least = 0, none } = shape[side] ?? {}
          for (const name of [...all, ...of]) {
            expect(`${spec.name} ${name} ${spec[side][name] !== undefined}`).toBe(`${spec.name} ${name} true`)
            expect(name.split('.').length).toBeLessThanOrEqual(2)
          }
          expect(least).toBeLessThanOrEqual(of.length)
          if (shape[side] !== undefined) expect(none === true || all.length + least > 0).toBe(true)
        }
        expect(shape.input ?? shape.output).toBeDefined()
      }
    }
  })

  it('are shared by no two types', () => {
    for (const spec of types) {
      for (const shape of spec.shapes) {
        const fitting = types.filter((other) => createShapeOf([other])(leastNames(shape)) !== null)
        expect(fitting.map(({ name }) => name)).toEqual([spec.name])
      }
    }
  })

  it('fit every name of their type at once, and no other type', () => {
    for (const spec of types.filter(({ shapes }) => shapes.length > 0)) {
      const names = { input: namesIn(Object.keys(spec.input)), output: namesIn(Object.keys(spec.output)) }
      expect(shapeOf(names)).toBe(spec.name)
    }
  })

  it('are there for all types but one that nothing tells', () => {
    expect(types.filter(({ shapes }) => shapes.length === 0).map(({ name }) => name)).toEqual([
      'AML_BUSINESS',
    ])
  })
})

describe('a simulated stage', () => {
  it('is told, or is one of those in doubt', () => {
    const wrong = simulated.filter(({ type, variant, stage }) => {
      const expected = IN_DOUBT.includes(`${type}:${variant}`) ? null : type
      return guess(stage) !== expected
    })
    expect([...new Set(wrong.map(({ type, variant }) => `${type}:${variant}`))]).toEqual([])
  })

  it('is told as well by the flattened columns, after the privacy rules', () => {
    for (const { type, variant, stage } of simulated) {
      const flat = stageOf(JSON.stringify(stage), DEFAULT_RULES)
      const names = { input: namesIn(Object.keys(flat.input)), output: namesIn(Object.keys(flat.output)) }
      const expected = IN_DOUBT.includes(`${type}:${variant}`) ? null : type
      expect(`${variant} ${shapeOf(names)}`).toBe(`${variant} ${expected}`)
    }
  })

  it('is judged by its names alone: with every value null it is the same', () => {
    const emptied = (side: Record<string, unknown>): Record<string, unknown> =>
      Object.fromEntries(Object.keys(side).map((name) => [name, null]))
    for (const { type, stage } of simulated.filter(({ type }) => type !== 'EMPLOYMENT')) {
      const nulls = { input: emptied(stage.input), output: emptied(stage.output) }
      expect(`${type} ${guess(nulls)}`).toBe(`${type} ${guess(stage)}`)
    }
  })
})

/** Out: the share that is still told; every other one must be in doubt. */
function toldOf(changed: readonly { readonly type: string; readonly stage: JsonStage }[]): number {
  let told = 0
  for (const { type, stage } of changed) {
    const found = guess(stage)
    if (found === type) told += 1
    else expect(`${type} is taken for ${found}`).toBe(`${type} is taken for null`)
  }
  return told / changed.length
}

const told = simulated.filter(({ type, variant }) => !IN_DOUBT.includes(`${type}:${variant}`))
const without = (side: Record<string, unknown>, name: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(side).filter(([other]) => other !== name))

describe('a changed stage is of the same type or in doubt, never of another one', () => {
  it('with any one member missing; told unless it is the one that tells', () => {
    const changed = told.flatMap(({ type, stage }) => [
      ...Object.keys(stage.input).map((name) => ({
        type,
        stage: { ...stage, input: without(stage.input, name) },
      })),
      ...Object.keys(stage.output).map((name) => ({
        type,
        stage: { ...stage, output: without(stage.output, name) },
      })),
    ])
    expect(changed.length).toBeGreaterThan(5_000)
    expect(toldOf(changed)).toBeGreaterThan(0.85)
  })

  it('with a foreign member in the output, or in an input of two or more', () => {
    const extra = { fieldOfTomorrow: 1 }
    const changed = told.flatMap(({ type, stage }) => [
      { type, stage: { ...stage, input: { ...stage.input, ...extra } } },
      { type, stage: { ...stage, output: { ...stage.output, ...extra } } },
    ])
    expect(toldOf(changed)).toBeGreaterThan(0.7)
  })

  it('with what the SDK sends beside each input, always told', () => {
    const transport = { cl: 'x', hs: 'x', lc: 'en', stage: 'FS0x' }
    const changed = told.map(({ type, stage }) => ({
      type,
      stage: { ...stage, input: { ...stage.input, ...transport } },
    }))
    expect(toldOf(changed)).toBe(1)
  })

  it('with any members missing and any foreign ones added', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...told),
        fc.infiniteStream(fc.boolean()),
        fc.uniqueArray(fc.stringMatching(/^x[a-z]{3,8}$/), { maxLength: 4 }),
        ({ type, stage }, keeps, foreign) => {
          const thin = (side: Record<string, unknown>): Record<string, unknown> =>
            Object.fromEntries(Object.entries(side).filter(() => keeps.next().value))
          const extra = Object.fromEntries(foreign.map((name) => [name, 'x']))
          const found = guess({ input: thin(stage.input), output: { ...thin(stage.output), ...extra } })
          expect([type, null]).toContain(found)
        },
      ),
      { numRuns: 5_000 },
    )
  })

  it('with the output of another type: the type of its input, of its output, or in doubt', () => {
    fc.assert(
      fc.property(fc.constantFrom(...told), fc.constantFrom(...told), (one, other) => {
        const found = guess({ input: one.stage.input, output: other.stage.output })
        expect([one.type, other.type, null]).toContain(found)
      }),
      { numRuns: 5_000 },
    )
  })

  it('with an input or an output that is no object', () => {
    for (const odd of [null, [], 'text', 7, [{ pan: 'x', extended: true }]]) {
      expect(guess({ input: odd, output: odd })).toBeNull()
    }
  })
})

describe('what is no stage of the catalogue is in doubt', () => {
  const check = { valid: true, message: null }
  // Attestr's other APIs as stages that may come: attestr.md section 3.17, and types that its pages do not have.
  it.each<readonly [string, JsonStage]>([
    [
      'a vehicle',
      {
        input: { reg: 'EX01AB0000' },
        output: {
          ...check,
          ...{ status: 'ACTIVE', registered: 'x', owner: 'x', masked: false, fitnessUpto: 'x', rto: 'x' },
          ...{ insuranceUpto: 'x', chassisNumber: 'x', engineNumber: 'x', fuelType: 'x', ownerNumber: 1 },
          ...{ lender: null, cubicCapacity: 1, cylinders: 4, seatingCapacity: 5 },
        },
      },
    ],
    [
      'text read from a picture',
      { input: { src: 'MX1x', additional: null, type: 'PAN' }, output: { ...check, data: { pan: 'x' } } },
    ],
    [
      'a passport',
      {
        input: { fileNumber: 'x', dob: 'x', name: 'x' },
        output: { ...check, name: 'x', passportNumber: 'x' },
      },
    ],
    [
      'a passport by names',
      { input: { firstName: 'x', lastName: 'x', dob: 'x', passport: 'x' }, output: check },
    ],
    [
      'a signature',
      { input: { document: 'MX1x', signers: [{ name: 'x', email: 'x' }] }, output: { signed: true } },
    ],
    ['both kinds of a card', { input: { pan: 'x', extended: true, downloadPdf: true }, output: check }],
    [
      'two addresses for money',
      { input: { vpa: 'x', acc: 'x', ifsc: 'x' }, output: { ...check, name: 'x' } },
    ],
    ['a voter id among other things', { input: { epic: 'x', selfie: 'x', liveness: true }, output: check }],
    ['a number alone', { input: { pan: 'x' }, output: check }],
    ['a registration alone', { input: { reg: 'x' }, output: check }],
    ['a business alone', { input: { businessName: 'x' }, output: { _id: 'AR0x', number: 'x' } }],
    ['a list of items', { input: { items: [{ sku: 'x', price: 1 }] }, output: check }],
    [
      'a one-time password for something else',
      { input: { mobile: 'x', req: 'x', otp: 'x', pan: 'x' }, output: check },
    ],
    [
      'a pan with a foreign output',
      { input: { pan: 'x', extended: true }, output: { score: 1, accounts: [], enquiries: [] } },
    ],
    ['a photograph and nothing else', { input: {}, output: { photo: 'x' } }],
    ['a free form', { input: { question1: 'x', question2: 'x' }, output: {} }],
    ['nothing', { input: {}, output: {} }],
    ['a stage without its members', {}],
  ])('%s', (_, stage) => {
    expect(guess(stage)).toBeNull()
  })

  it('whatever its names are', () => {
    const name = fc.oneof(
      fc.string(),
      fc.constantFrom('name', 'valid', 'status', 'message', 'address', 'type', 'reg'),
    )
    const side = fc.dictionary(name, fc.constant(null), { maxKeys: 8 })
    fc.assert(
      fc.property(side, side, (input, output) => {
        expect(guess({ input, output })).toBeNull()
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a stage of the catalogue that no simulator sends', () => {
  it.each<readonly [string, JsonStage]>([
    ['UIDAI', { input: { uuid: 'x', otp: 'x' } }],
    ['UIDAI', { input: { uuid: 'x', media: 'x' }, output: { name: 'x' } }],
    ['UIDAI', { input: {}, output: { pht: 'x', digest: 'x', vtc: 'x', name: 'x' } }],
    ['EAADHAAR', { input: { hs: 'x' }, output: { photo: 'x', name: 'x', gender: 'x', maskedNumber: 'x' } }],
    ['PAN', { input: { pan: 'x' }, output: { valid: true, name: 'x', category: 'x', aadhaarLinked: true } }],
    [
      'BANK_ACC',
      {
        input: { acc: 'x', ifsc: 'x', fetchIfscDetails: true },
        output: { valid: true, name: 'x', utr: 'x' },
      },
    ],
    ['GSTIN', { input: { gstin: 'x', fetchFilings: true, fy: null }, output: { valid: false } }],
    [
      'DL',
      { input: { reg: 'x', dob: 'x' }, output: { valid: true, owner: 'x', ntpIssued: 'x', ntpExpiry: 'x' } },
    ],
    ['FACE_MATCH', { input: { src: 'x', targetFront: 'x' }, output: { valid: true, similarity: 0.9 } }],
    ['IPV', { input: { otp: 'x', startTs: 1, endTs: 2 } }],
    [
      'MASTER_BUSINESS',
      { input: { reg: 'x' }, output: { valid: true, llpin: 'x', businessName: 'x', rocCode: 'x' } },
    ],
    [
      'MASTER_DIRECTOR',
      { input: { reg: 'x' }, output: { din: 'x', dinAllocationDate: 'x', disqualified: false } },
    ],
    ['AML_PERSON', { input: { firstName: 'x', lastName: 'x', dob: 'x', threshold: 80, webhook: true } }],
    ['ECOURT_BUSINESS', { input: { businessName: 'x' }, output: { casesCount: 0, finalRiskLevel: 'LOW' } }],
    ['EMPLOYMENT', { input: { items: [{ employer: 'x', position: 'x', startDate: 'x', ended: false }] } }],
    ['FSSAI', { input: { reg: 'x', fetchProducts: false }, output: { valid: false } }],
  ])('%s', (type, stage) => {
    expect(guess(stage)).toBe(type)
  })
})

describe('names in flattened columns', () => {
  it('are those of members and of the members of these, escapes and indexes apart', () => {
    const { members, inner } = namesIn([
      'a',
      'b.c.d',
      'l[0].m',
      'l[12].n.o',
      'g[0][1].h',
      'a\\.b.c\\[0\\]',
      '\\e',
      '',
    ])
    expect([...members]).toEqual(['a', 'b', 'l', 'g', 'a\\.b', '\\e'])
    expect([...inner]).toEqual(['b.c', 'l[].m', 'l[].n', 'g[].h', 'a\\.b.c\\[0\\]'])
    expect([...namesIn(['[0].pan', '[1]']).members]).toEqual(['[]'])
  })
})
