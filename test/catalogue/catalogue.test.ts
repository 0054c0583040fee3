/** Each type of the catalogue by itself: what must hold so that columns, rules and the docs can be made of it. */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BUILT_IN } from '../../src/catalogue/built-in.js'
import {
  columnClashes,
  columnsOf,
  containersOf,
  recordNameOf,
  topicSuffixOf,
} from '../../src/catalogue/columns.js'
import { createCatalogue } from '../../src/catalogue/index.js'
import { type Field, SIDES, type Side, type StageSpec } from '../../src/catalogue/model.js'
import { sensitivePathsOf } from '../../src/catalogue/sensitive.js'
import { STAGE_TYPES } from '../../src/simulator/stages/model.js'
import { DEFAULT_RULES } from '../support/flattening.js'

const catalogue = createCatalogue()
const types: readonly StageSpec[] = catalogue.types

interface Placed {
  readonly spec: StageSpec
  readonly side: Side
  readonly path: string
  readonly field: Field
}

const fieldsOf = (spec: StageSpec): Placed[] =>
  SIDES.flatMap((side) => Object.entries(spec[side]).map(([path, field]) => ({ spec, side, path, field })))
const all = types.flatMap(fieldsOf)
const show = ({ spec, side, path }: Placed): string => `${spec.name} ${side}.${path}`

describe('the list of types', () => {
  it('has every type that is known to exist, by the name it is looked up with', () => {
    expect(types.map(({ name }) => name)).toEqual([...STAGE_TYPES])
    expect(types).toHaveLength(24)
    for (const [name, spec] of Object.entries(BUILT_IN)) {
      expect(spec.name).toBe(name)
      expect(catalogue.find(name)).toBe(spec)
    }
  })

  it('knows nothing else, whatever the name', () => {
    for (const name of ['QUERY', 'pan', 'constructor', '__proto__', ''])
      expect(catalogue.find(name)).toBeNull()
  })

  it('has one file a type', () => {
    const folder = new URL('../../src/catalogue/types', import.meta.url).pathname
    expect(readdirSync(folder).sort()).toEqual(types.map(({ name }) => `${topicSuffixOf(name)}.ts`).sort())
  })
})

describe('names made of a type', () => {
  it('are those of the contract', () => {
    expect(recordNameOf('PAN')).toBe('attestr.stage.Pan')
    expect(recordNameOf('BANK_ACC')).toBe('attestr.stage.BankAcc')
    expect(topicSuffixOf('BANK_ACC')).toBe('bank-acc')
  })

  it('are legal in Avro and Kafka, and differ by more than letter case', () => {
    for (const { name } of types) {
      expect(recordNameOf(name)).toMatch(/^attestr\.stage\.[A-Z][A-Za-z0-9]*$/)
      expect(topicSuffixOf(name)).toMatch(/^[a-z0-9-]+$/)
    }
    for (const nameOf of [recordNameOf, topicSuffixOf]) {
      expect(new Set(types.map(({ name }) => nameOf(name).toLowerCase())).size).toBe(types.length)
    }
  })
})

describe('columns', () => {
  it.each(types.map((spec) => [spec.name, spec] as const))(
    'of %s are legal and differ by more than letter case',
    (_, spec) => {
      const columns = columnsOf(spec)
      expect(columns.length).toBeGreaterThan(0)
      for (const { name } of columns) expect(name).toMatch(/^(input|output)_[A-Za-z0-9_]+$/)
      expect(columnClashes(spec)).toEqual([])
    },
  )

  it('are made as the contract says', () => {
    const field = { type: 'text', label: 'I' } as const
    const columns = columnsOf({
      input: {
        'odd-name é': field,
        kind: { type: 'boolean', or: 'text', label: 'I' },
        list: { type: 'list', items: 'nested', inside: 'known', label: 'I' },
        'list[].a': field,
      },
      output: {
        address: { type: 'nested', inside: 'known', label: 'I' },
        'address.city': field,
        open: { type: 'nested', inside: 'unknown', label: 'I' },
        born: { type: 'date', form: 'DD-MM-YYYY', label: 'I' },
        at: { type: 'date', form: 'epoch-ms', label: 'I' },
        age: { type: 'number-as-text', label: 'I' },
      },
    })
    expect(columns.map(({ name, path, content }) => `${name} < ${path}: ${content}`)).toEqual([
      'input_odd_name__ < odd-name é: text',
      'input_kind < kind: any',
      'input_list < list: json',
      'output_address_city < address.city: text',
      'output_open < open: json',
      'output_born < born: text',
      'output_born_date < born: day',
      'output_at < at: number',
      'output_at_time < at: instant',
      'output_age < age: text',
      'output_age_number < age: parsed-number',
    ])
  })

  it('that clash are found: by letter case, by a replaced character, by nesting, by a parsed date', () => {
    const text = { type: 'text', label: 'I' } as const
    const clashes = (names: Readonly<Record<string, Field>>): string[] =>
      columnClashes({ input: {}, output: names }).map(({ path }) => path)
    expect(clashes({ Name: text, name: text })).toEqual(['name'])
    expect(clashes({ 'a-b': text, a_b: text })).toEqual(['a_b'])
    expect(clashes({ 'a.b': text, a_b: text })).toEqual(['a_b'])
    expect(clashes({ a: { type: 'date', form: 'unknown', label: 'I' }, a_Date: text })).toEqual(['a_Date'])
  })
})

describe('fields', () => {
  it('come after the list or object they lie in, which is of that kind', () => {
    const wrong = all.filter(({ spec, side, path }) => {
      const paths = Object.keys(spec[side])
      return containersOf(path).some((around) => {
        const outer = spec[side][around.path]
        const isBefore = paths.indexOf(around.path) < paths.indexOf(path)
        const isOpen = outer !== undefined && 'inside' in outer && outer.inside !== 'unknown'
        return outer?.type !== around.type || !isBefore || !isOpen
      })
    })
    expect(wrong.map(show)).toEqual([])
  })

  it('have members only where these are said to be known, and then some', () => {
    const empty = all.filter(({ spec, side, path, field }) => {
      if (!('inside' in field) || field.inside === 'unknown') return false
      if (field.type === 'list' && field.items !== 'nested') return false
      return !Object.keys(spec[side]).some((other) => containersOf(other).some((one) => one.path === path))
    })
    expect(empty.map(show)).toEqual([])
  })

  it('name only variants that the type has', () => {
    const wrong = all.filter(({ spec, field }) =>
      field.in?.some((name) => !spec.variants.some((variant) => variant.name === name)),
    )
    expect(wrong.map(show)).toEqual([])
  })

  it('have examples of their kind and form', () => {
    const kinds = {
      text: 'string',
      number: 'number',
      'number-as-text': 'string',
      boolean: 'boolean',
    } as const
    const forms = { 'DD-MM-YYYY': /^\d\d-\d\d-\d{4}$/, 'YYYY-MM-DD': /^\d{4}-\d\d-\d\d$/ } as const
    for (const placed of all) {
      const { field } = placed
      if (field.example === undefined) continue
      const at = show(placed)
      if (field.type in kinds) {
        expect(`${at} ${typeof field.example}`).toBe(`${at} ${kinds[field.type as keyof typeof kinds]}`)
      }
      if (field.type === 'number-as-text') expect(Number(field.example)).not.toBeNaN()
      if ('values' in field && field.values !== undefined) expect(field.values).toContain(field.example)
      if (field.type === 'date') {
        if (field.form === 'epoch-ms') expect(field.example).toBeTypeOf('number')
        else if (field.form !== 'unknown') expect(`${field.example}`).toMatch(forms[field.form])
      }
    }
  })

  it('have an example wherever a documented value is a single one', () => {
    const single = all.filter(({ field }) =>
      ['text', 'number', 'number-as-text', 'boolean'].includes(field.type),
    )
    const without = single.filter(({ field }) => field.example === undefined).map(show)
    // Second names and second addresses, which are mostly null.
    expect(without).toEqual(['AML_PERSON input.middleName', 'ECOURT_PERSON input.additionalAddress'])
  })

  it('show no Aadhaar number in an example, and nothing of the documented sample', () => {
    const sample = [
      'Prajakt',
      'Akhilesh',
      '4802',
      '9083',
      'FxxBb',
      '3xx839',
      'Rxxz',
      'Srinagar',
      'Khairatabad',
      '26-12-1985',
    ]
    for (const placed of all) {
      const text = String(placed.field.example ?? '')
      expect(`${show(placed)} ${DEFAULT_RULES.matches(text)}`).toBe(`${show(placed)} false`)
      for (const part of sample) expect(text).not.toContain(part)
    }
  })

  it('are not taken from the simulator where the names are not known', () => {
    const madeUp = [
      ...['BANK_ACC input.fetchIfsc', 'BANK_ACC output.ifsc.branch', 'EPAN output.pdf', 'PAN output.address'],
      ...['PAN output.maskedAadhaar', 'EAADHAAR output.uuid', 'GSTIN output.filings', 'FSSAI output.name'],
      ...['FSSAI output.products', 'AML_PERSON output.matches', 'DIGILOCKER_DOC output.xml'],
      ...['GSTIN output.additionalAddresses', 'DL output.categories[].class'],
    ]
    const known = all.map(show)
    expect(known.filter((name) => madeUp.some((made) => name.startsWith(made)))).toEqual([])
  })
})

describe('sensitive paths', () => {
  const found = types.flatMap((spec) => sensitivePathsOf(spec).map((one) => ({ type: spec.name, ...one })))
  const pathsOf = (wanted: (one: (typeof found)[number]) => boolean): string[] =>
    found.filter(wanted).map(({ type, path, action }) => `${type} ${path} ${action}`)

  it('are these secrets, all of them dropped', () => {
    expect(pathsOf((one) => one.class === 'secret')).toEqual([
      'UIDAI input.secret drop',
      'UIDAI input.otp drop',
      'UIDAI input.code drop',
      'IPV input.otp drop',
      'MOBILE_OTP input.req drop',
      'MOBILE_OTP input.otp drop',
      'EMAIL_OTP input.req drop',
      'EMAIL_OTP input.otp drop',
    ])
  })

  it('are these Aadhaar numbers, all of them masked', () => {
    expect(pathsOf((one) => one.aadhaar)).toEqual([
      'UIDAI input.uuid mask',
      'DIGILOCKER_DOC input.params.uid mask',
    ])
  })

  it('are these photographs under both of their names, dropped, while media ids are kept', () => {
    expect(pathsOf((one) => one.class === 'biometric' && one.action === 'drop')).toEqual([
      'UIDAI output.pht drop',
      'EAADHAAR output.photo drop',
    ])
    const kept = all.filter(({ field }) => field.class === 'biometric' && field.action === 'keep')
    const media = kept.filter(({ field }) => String(field.example).startsWith('MX1'))
    expect(media.length).toBe(kept.length - 1)
  })

  it('are these of third persons, dropped unless a public register has them', () => {
    expect(pathsOf((one) => one.class === 'third-person')).toEqual([
      'EPIC output.relationName drop',
      'MASTER_BUSINESS output.partners keep',
      'MASTER_BUSINESS output.designatedPartners keep',
      'MASTER_BUSINESS output.directorsAndSignatories keep',
      'ECOURT_PERSON input.fatherName drop',
      'EMPLOYMENT input.items[].references drop',
    ])
  })

  it('are government ids, masked unless a public register has them', () => {
    expect(pathsOf((one) => one.class === 'government-id' && !one.aadhaar)).toEqual([
      'DIGILOCKER_DOC input.params mask',
      'PAN input.pan mask',
      'EPAN input.pan mask',
      'GSTIN input.gstin mask',
      'GSTIN output.pan mask',
      'EPIC input.epic mask',
      'DL input.dl mask',
      'DL input.reg mask',
      'MASTER_DIRECTOR input.reg keep',
      'MASTER_DIRECTOR output.din keep',
    ])
  })

  it('ask for no key that a configuration may not have', () => {
    expect(found.filter(({ action }) => action === 'hash' || action === 'encrypt')).toEqual([])
  })
})

describe('what may be pending', () => {
  it('is what the API answers later, with the fields of its reference', () => {
    const pending = types.filter((spec) => spec.pending !== null)
    expect(pending.map(({ name }) => name)).toEqual([
      ...['DL', 'AML_PERSON', 'AML_BUSINESS', 'ECOURT_PERSON', 'ECOURT_BUSINESS', 'DIGITAL_ADDRESS'],
      ...['EDUCATION', 'EMPLOYMENT'],
    ])
    for (const { name, output, pending: form } of pending) {
      const at = form?.form === 'items' ? ['items', 'items[]._id', 'items[].number'] : ['_id', 'number']
      expect(`${name} ${at.filter((path) => output[path] === undefined)}`).toBe(`${name} `)
      for (const path of at) expect(output[path]?.nullable).toBeUndefined()
      // Nothing is there while the check runs.
      expect(output['valid']?.nullable).toBeUndefined()
    }
  })
})
