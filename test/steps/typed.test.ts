import { describe, expect, it } from 'vitest'
import { createCatalogue } from '../../src/catalogue/index.js'
import { type Field, SIDES } from '../../src/catalogue/model.js'
import { createProtect } from '../../src/steps/protect.js'
import { DEFAULT_RULES } from '../support/flattening.js'
import { flatStage, longRecords, typedRecord, typedStep } from './typed-support.js'

const extraOf = (row: { readonly [name: string]: unknown }): unknown =>
  row['extra'] === null ? null : JSON.parse(String(row['extra']))

describe('a typed record', () => {
  it('has a column for each field, and the head of the long form without nesting', () => {
    const row = typedRecord(
      'PAN',
      '{"input":{"pan":"ABCPE0000F","extended":false},"output":{"valid":true,"name":"ASHA"}}',
    )
    expect(row).toMatchObject({
      recordId: 'DS02zfeuv6n4gkq51hvw6/FS0a@000000000000',
      stageType: 'PAN',
      stageTypeSource: 'CATALOGUE',
      input_pan: 'ABCPE0000F',
      input_extended: false,
      output_valid: true,
      output_name: 'ASHA',
      output_gender: null,
      extra: null,
      redactions: null,
      verification_method: 'raw',
      origin_topic: 'attestr.handshakes',
      origin_offset: 42,
      attempt: 2,
      replays: 1,
      fetchedAt: 3,
    })
  })

  it('is made for no stage that was guessed, unknown, or of a type without columns', () => {
    const { typedOf } = typedStep()
    const stage = flatStage('PAN', '{"input":{"pan":"X"}}')
    const made = longRecords([
      stage,
      { ...stage, stageTypeSource: 'SHAPE' },
      { ...stage, stageType: null, stageTypeSource: 'UNKNOWN' },
      { ...stage, stageType: 'NOT_THERE' },
    ]).map((record) => typedOf(record) !== null)
    expect(made).toEqual([true, false, false, false])
  })

  it('has dates beside their text, and null beside a text that is none', () => {
    const row = typedRecord(
      'DL',
      '{"input":{"dl":"X","dob":"27-10-1989"},"output":{"issued":"2010-02-01","ntpExpiry":"LIFETIME"}}',
    )
    expect(row).toMatchObject({ input_dob: '27-10-1989', input_dob_date: 7239, output_issued_date: 14_641 })
    expect(row).toMatchObject({ output_ntpExpiry: 'LIFETIME', output_ntpExpiry_date: null })
  })

  it('has epoch milliseconds as a number and as a time', () => {
    const row = typedRecord('IPV', '{"input":{"startTs":1600000000000,"endTs":"1600000030000"}}')
    expect(row).toMatchObject({
      input_startTs: 1_600_000_000_000,
      input_startTs_time: 1_600_000_000_000,
      input_endTs: 1_600_000_030_000,
      input_endTs_time: 1_600_000_030_000,
    })
  })

  it('reads numbers that are texts, and booleans that are texts', () => {
    const row = typedRecord('EPIC', '{"output":{"valid":"True","age":"031"}}')
    expect(row).toMatchObject({ output_valid: true, output_age: '031', output_age_number: null, extra: null })
    expect(typedRecord('EPIC', '{"output":{"age":31}}')).toMatchObject({
      output_age: '31',
      output_age_number: 31,
    })
    expect(typedRecord('FACE_MATCH', '{"input":{"threshold":"72.50"}}')).toMatchObject({
      input_threshold: 72.5,
    })
  })

  it('keeps a number that no double holds outside of its column, by its exact characters', () => {
    const row = typedRecord('FACE_MATCH', '{"input":{"threshold":12345678901234567890}}')
    expect(row['input_threshold']).toBeNull()
    expect(row['extra']).toBe('{"input":{"threshold":12345678901234567890}}')
  })

  it('has lists as JSON text, nested objects in columns of their own', () => {
    const row = typedRecord(
      'GSTIN',
      '{"output":{"nature":["Retail","Export"],"primaryAddress":{"street":"A","latitude":"17.0","unheard":{"of":1}}}}',
    )
    expect(row).toMatchObject({
      output_nature: '["Retail","Export"]',
      output_primaryAddress_street: 'A',
      output_primaryAddress_latitude: '17.0',
      output_primaryAddress_latitude_number: 17,
    })
    expect(extraOf(row)).toEqual({ output: { primaryAddress: { unheard: { of: 1 } } } })
    expect(typedRecord('GSTIN', '{"output":{"nature":"Retail"}}')['output_nature']).toBe('Retail')
  })

  it.each([
    ['an object in the place of a text', '{"output":{"name":{"first":"A"}}}'],
    ['a list in the place of a text', '{"output":{"name":["A"]}}'],
    ['an empty object in the place of a text', '{"output":{"name":{}}}'],
    ['a word in the place of a boolean', '{"output":{"nameMatches":"Yes"}}'],
    ['a text in the place of a whole side', '{"output":"done"}'],
    ['a list in the place of a whole side', '{"output":[{"name":"A"}]}'],
    [
      'members that nobody knows',
      '{"input":{"cl":"x","a.b":{"":[1,{"[0]":"y"}]}},"output":{"__proto__":"z"}}',
    ],
    ['members beside input and output', '{"error":{"code":4002,"of":["x"]},"state":"done"}'],
  ])('keeps %s in extra', (_, members) => {
    expect(extraOf(typedRecord('PAN', members))).toEqual(JSON.parse(members))
  })

  it('says the same for absent, null, and an object that has columns and no members', () => {
    const seen = typedStep()
    const rows = ['{}', '{"input":null,"output":{}}', '{"output":{"name":null,"valid":null}}'].map(
      (members) => typedRecord('PAN', members, { seen }),
    )
    expect(rows[1]).toEqual(rows[0])
    expect(rows[2]).toEqual(rows[0])
    expect(seen.drift()).toEqual([])
  })

  it('shows what the privacy rules did, and nothing else of it', () => {
    const row = typedRecord(
      'UIDAI',
      '{"input":{"uuid":"4802xxxx9083","otp":"123456","code":"R12z"},"output":{"pht":"/9j/AAAA"}}',
      { rules: DEFAULT_RULES },
    )
    expect(row).toMatchObject({
      input_uuid: 'xxxxxxxx9083',
      input_otp: null,
      input_code: null,
      output_pht: null,
    })
    expect(JSON.parse(String(row['redactions']))).toEqual({
      'input.uuid': 'mask',
      'input.otp': 'drop',
      'input.code': 'drop',
      'output.pht': 'drop',
    })
    expect(row['extra']).toBeNull()
  })

  it('keeps dropped items as null, so that the others keep their places', () => {
    const rules = createProtect({ defaults: {}, rules: [] })
    const row = typedRecord(
      'EMPLOYMENT',
      '{"input":{"items":[{"employer":"A","token":"t"},{"employer":"B"}]}}',
      { rules },
    )
    expect(row['input_items']).toBe('[{"employer":"A","token":null},{"employer":"B"}]')
  })

  it('takes the fields that the operator adds', () => {
    const field = {
      type: 'text',
      form: null,
      class: null,
      action: null,
      aadhaar: false,
    } as const
    const seen = typedStep({
      PAN: { about: null, input: {}, output: { grade: field }, shapes: [] },
    })
    expect(typedRecord('PAN', '{"output":{"grade":"A"}}', { seen })).toMatchObject({
      output_grade: 'A',
      extra: null,
    })
  })

  it('takes the fields that the operator adds below an object of which nothing was known, and the rest as JSON', () => {
    const { types } = createCatalogue()
    const open = types.flatMap((spec) =>
      SIDES.flatMap((side) =>
        Object.entries<Field>(spec[side]).flatMap(([path, field]) =>
          field.type === 'nested' && field.inside !== 'known' && !path.includes('[]')
            ? [{ name: spec.name, side, path }]
            : [],
        ),
      ),
    )
    expect(open).toHaveLength(2)
    for (const { name, side, path } of open) {
      const own = { ...TEXT_FIELD }
      const none = { about: null, input: {}, output: {}, shapes: [] }
      const seen = typedStep({ [name]: { ...none, [side]: { [`${path}.zzadded`]: own } } })
      const members = path
        .split('.')
        .reduceRight<unknown>((inner, member) => ({ [member]: inner }), { zzadded: 'A', zzother: 'B' })
      const row = typedRecord(name, JSON.stringify({ [side]: members }), { seen })
      const column = `${side}_${path.replaceAll('.', '_')}`
      expect([name, path, row[`${column}_zzadded`], row[column], row['extra']]).toEqual([
        ...[name, path, 'A', '{"zzother":"B"}', null],
      ])
      expect(seen.drift()).toEqual([])
    }
  })
})

const TEXT_FIELD = {
  ...{ type: 'text', form: null, class: null, action: null, aadhaar: false },
} as const

describe('drift', () => {
  it('is counted by the path of the catalogue, and logged once for each', () => {
    const seen = typedStep()
    const members =
      '{"input":{"secretName":"v"},"output":{"one":1,"two":{"three":3},"nameMatches":"true","name":7,"birthOrIncorporatedDate":"soon"},"Asha":1}'
    typedRecord('PAN', members, { seen })
    typedRecord('PAN', members, { seen })
    const entry = (path: string, drift: string, count: number) => ({ stageType: 'PAN', path, drift, count })
    expect(seen.drift()).toEqual([
      entry('input', 'unknown-field', 2),
      entry('output', 'unknown-field', 4),
      entry('output.nameMatches', 'other-kind', 2),
      entry('output.name', 'other-kind', 2),
      entry('output.birthOrIncorporatedDate', 'unparsed-date', 2),
      entry('stage', 'unknown-field', 2),
    ])
    expect(seen.logged).toHaveLength(6)
    expect(JSON.stringify([seen.drift(), seen.logged])).not.toMatch(/secretName|one|two|three|Asha|soon/)
  })

  it('is seen within lists and nested objects', () => {
    const seen = typedStep()
    typedRecord(
      'EMPLOYMENT',
      '{"input":{"items":[{"employer":1,"documents":["MX1"],"references":[{"name":"A","new":1}]},"odd",[1]]}}',
      { seen },
    )
    expect(seen.drift().map(({ path, drift }) => `${path} ${drift}`)).toEqual([
      'input.items[].employer other-kind',
      'input.items[].references[] unknown-field',
      'input.items[] other-kind',
    ])
    const other = typedStep()
    typedRecord('GSTIN', '{"output":{"primaryAddress":"Pune"}}', { seen: other })
    typedRecord('GSTIN', '{"output":{"primaryAddress":["Pune"]}}', { seen: other })
    expect(other.drift()).toMatchObject([{ path: 'output.primaryAddress', drift: 'other-kind', count: 2 }])
  })

  it('is seen where a list or object of which nothing is known is the other one, or another item', () => {
    const drift = (name: string, members: string): string[] => {
      const seen = typedStep()
      typedRecord(name, members, { seen })
      return seen.drift().map((entry) => `${entry.path} ${entry.drift}`)
    }
    expect(drift('BANK_ACC', '{"output":{"ifsc":[{"a":1}]}}')).toEqual(['output.ifsc other-kind'])
    expect(drift('BANK_ACC', '{"output":{"ifsc":{"a":1}}}')).toEqual([])
    expect(drift('DL', '{"output":{"categories":{"a":1}}}')).toEqual(['output.categories other-kind'])
    expect(drift('EDUCATION', '{"input":{"documents":[1]}}')).toEqual(['input.documents[] other-kind'])
    expect(drift('EDUCATION', '{"input":{"documents":["MX1"]}}')).toEqual([])
    expect(drift('DIGILOCKER_DOC', '{"input":{"params":{"name":"A","rollno":"1"}}}')).toEqual([])
  })

  it('is none where a rule changed the value, where nothing is known, and for what the SDK sends along', () => {
    const seen = typedStep()
    typedRecord(
      'DL',
      '{"input":{"dob":"234567890124","cl":1,"hs":{"a":1}},"output":{"categories":[{"a":1}]}}',
      {
        ...{ rules: DEFAULT_RULES, seen },
      },
    )
    typedRecord('ECOURT_PERSON', '{"output":{"casesCount":{"all":[1]},"records":[{"x":1}]}}', { seen })
    expect(seen.drift()).toEqual([])
  })

  it.each(createCatalogue().types.map((spec) => [spec.name, spec] as const))(
    'is none for the examples of %s',
    (name, spec) => {
      const seen = typedStep()
      const members = SIDES.map((side) => {
        const fields = Object.entries<Field>(spec[side]).filter(([path]) => !/[.[]/.test(path))
        const values = fields.filter(([, { example }]) => example !== undefined)
        return [side, Object.fromEntries(values.map(([path, { example }]) => [path, example]))]
      })
      const row = typedRecord(name, JSON.stringify(Object.fromEntries(members)), { seen })
      expect(seen.drift()).toEqual([])
      expect(row['extra']).toBeNull()
    },
  )
})
