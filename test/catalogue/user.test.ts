import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { columnsOf } from '../../src/catalogue/columns.js'
import { createCatalogue } from '../../src/catalogue/index.js'
import { sensitivePathsOf } from '../../src/catalogue/sensitive.js'
import { createShapeOf } from '../../src/catalogue/shape.js'
import type { UserTypes } from '../../src/catalogue/user.js'
import { userTypeProblems } from '../../src/catalogue/user-problems.js'
import { catalogue as schema } from '../../src/config/schema-catalogue.js'
import { namesOf } from './names.js'

const typesOf = (yaml: string): UserTypes => schema.parse({ types: parse(yaml) }).types
const problemsOf = (yaml: string): string[] =>
  userTypeProblems(typesOf(yaml)).map(({ path, text }) => `${path.join(' ')}: ${text}`)

const PASSPORT = `
PASSPORT:
  about: Passport
  input:
    fileNumber: { type: text, class: government-id }
    dob: { type: date, form: DD-MM-YYYY, class: personal }
  output:
    _id: { type: text }
    holder.given: { type: text, class: personal }
    holder: { type: nested }
    visas[].country: { type: text }
    visas[].kin: { type: text, class: third-person, action: mask }
    constructor.a: { type: text }
    left: { type: list }
    open: { type: nested }
  shapes:
    - { input: { all: [fileNumber], of: [dob], least: 1 }, closed: true }
    - { output: { all: ['visas[].country'] } }
`

describe('a type of the operator', () => {
  const catalogue = createCatalogue(typesOf(PASSPORT))
  const passport = catalogue.find('PASSPORT')

  it('has no problem, and comes after ours', () => {
    expect(problemsOf(PASSPORT)).toEqual([])
    expect(catalogue.types.at(-1)).toBe(passport)
    expect(catalogue.types).toHaveLength(25)
    expect(passport).toMatchObject({
      about: 'Passport',
      source: null,
      pending: null,
    })
  })

  it('has its fields, with the containers around them, which come first', () => {
    expect(Object.entries(passport?.output ?? {}).map(([path, { type }]) => `${path} ${type}`)).toEqual([
      '_id text',
      'holder nested',
      'holder.given text',
      'visas list',
      'visas[].country text',
      'visas[].kin text',
      'constructor nested',
      'constructor.a text',
      'left list',
      'open nested',
    ])
    expect(passport?.output['holder']).toMatchObject({ inside: 'known' })
    expect(passport?.output['open']).toMatchObject({ inside: 'unknown' })
    expect(passport?.input['fileNumber']).toMatchObject({ type: 'text', label: 'O' })
  })

  it('has columns, sensitive paths and a shape like any other', () => {
    const columns = columnsOf(passport ?? { input: {}, output: {} })
    expect(columns.map(({ name, content }) => `${name} ${content}`)).toEqual([
      ...['input_fileNumber text', 'input_dob text', 'input_dob_date day', 'output__id text'],
      ...['output_holder_given text', 'output_visas json', 'output_constructor_a text', 'output_left json'],
      'output_open json',
    ])
    const paths = passport === null ? [] : sensitivePathsOf(passport)
    expect(paths.map(({ path, action }) => `${path} ${action}`)).toEqual([
      'input.fileNumber mask',
      'input.dob keep',
      'output.holder.given keep',
      'output.visas[].kin mask',
    ])
    const shapeOf = createShapeOf(catalogue.types)
    expect(shapeOf(namesOf({ input: { fileNumber: 'x', dob: 'x' } }))).toBe('PASSPORT')
    expect(shapeOf(namesOf({ input: { fileNumber: 'x', dob: 'x', more: 'x' } }))).toBeNull()
    expect(shapeOf(namesOf({ output: { visas: [{ country: 'x' }], holder: {} } }))).toBe('PASSPORT')
    expect(shapeOf(namesOf({ input: { pan: 'x', extended: true } }))).toBe('PAN')
  })
})

describe('fields added to a built-in type', () => {
  const yaml = `BANK_ACC: { output: { utr: { type: text }, ifsc.branch: { type: text } } }`
  const spec = createCatalogue(typesOf(yaml)).find('BANK_ACC')

  it('come after its own, which stay as they are', () => {
    const own = createCatalogue().find('BANK_ACC')
    expect(problemsOf(yaml)).toEqual([])
    expect(Object.keys(spec?.output ?? {})).toEqual([...Object.keys(own?.output ?? {}), 'utr', 'ifsc.branch'])
    expect(spec).toMatchObject({ ...own, output: own?.output })
    expect(spec?.shapes).toBe(own?.shapes)
  })

  it('leave every column that was there, so that no schema loses one', () => {
    const before = columnsOf(createCatalogue().find('BANK_ACC') ?? { input: {}, output: {} })
    expect(columnsOf(spec ?? { input: {}, output: {} })).toEqual(expect.arrayContaining(before))
  })

  it('do not change the built-in catalogue', () => {
    expect(createCatalogue().find('BANK_ACC')?.output['utr']).toBeUndefined()
  })
})

describe('a problem is named', () => {
  it.each([
    ['X: {}', 'X: has no field'],
    ['PAN: { output: { name: { type: text } } }', 'PAN output name: is a field of the built-in type already'],
    [
      'PAN: { output: { name.first: { type: text } } }',
      'PAN output name.first: lies within a field that is no nested object',
    ],
    [
      'BANK_ACC: { output: { "ifsc[].a": { type: text } } }',
      'BANK_ACC output ifsc[].a: lies within a field that is no list',
    ],
    [
      'PAN: { shapes: [{ input: { none: true } }], output: { a: { type: text } } }',
      'PAN shapes: is given for a built-in type, which has its own',
    ],
    [
      'X: { output: { a: { type: text }, a.b: { type: text } } }',
      'X output a.b: lies within a field that is no nested object',
    ],
    [
      'X: { output: { a: { type: text, form: YYYY-MM-DD } } }',
      'X output a: has a form, which only dates have',
    ],
    ['X: { output: { a: { type: text, action: drop } } }', 'X output a: has an action and no class'],
    [
      'X: { output: { a: { type: text, aadhaar: true } } }',
      'X output a: holds an Aadhaar number: its class must be government-id',
    ],
    [
      'X: { output: { a: { type: text }, A: { type: text } } }',
      'X output A: has the column name of another field, letter case aside',
    ],
    [
      'X: { output: { a-b: { type: text }, a_b: { type: text } } }',
      'X output a_b: has the column name of another field, letter case aside',
    ],
    [
      'PAN: { output: { NAME: { type: text } } }',
      'PAN output NAME: has the column name of another field, letter case aside',
    ],
    [
      'BANKACC: { output: { a: { type: text } } }',
      'BANKACC: has the record name of BANK_ACC, letter case aside',
    ],
    ['X: { output: { a: { type: text } }, shapes: [{}] }', 'X shapes 0: fits everything'],
    [
      'X: { output: { a: { type: text } }, shapes: [{ output: {} }] }',
      'X shapes 0 output: needs all, of or none',
    ],
    [
      'X: { output: { a: { type: text } }, shapes: [{ output: { all: [b] } }] }',
      'X shapes 0 output all 0: names a field that the type does not have',
    ],
    [
      'X: { output: { a.b.c: { type: text } }, shapes: [{ output: { all: [a.b.c] } }] }',
      'X shapes 0 output all 0: lies too deep: shapes look at two levels',
    ],
    [
      'X: { output: { a: { type: text } }, shapes: [{ output: { of: [a] } }] }',
      'X shapes 0 output of: needs least beside it, at least 1',
    ],
    [
      'X: { output: { a: { type: text } }, shapes: [{ output: { of: [a], least: 2 } }] }',
      'X shapes 0 output least: is more than of has names',
    ],
    [
      'X: { output: { a: { type: text } }, shapes: [{ output: { all: [a], none: true } }] }',
      'X shapes 0 output none: cannot stand beside all and of',
    ],
    [
      'X: { input: { vpa: { type: text } }, shapes: [{ input: { all: [vpa] } }] }',
      'X shapes: cannot be told from VPA',
    ],
    [
      'X: { input: { pan: { type: text }, extended: { type: boolean } }, shapes: [{ input: { all: [pan] } }] }',
      'X shapes: cannot be told from PAN',
    ],
  ])('%s', (yaml, problem) => {
    expect(problemsOf(yaml)).toEqual([problem])
  })

  it('once for each place, all at once', () => {
    expect(problemsOf('{ A_B: { output: { a: { type: text, action: drop } } }, AB: {} }')).toEqual([
      'A_B output a: has an action and no class',
      'AB: has the record name of A_B, letter case aside',
      'AB: has no field',
    ])
  })
})
