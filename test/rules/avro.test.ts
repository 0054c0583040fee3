/** What FULL_TRANSITIVE makes impossible to repair later, for every schema from its first version. Source: product.md section 7. */
import { createHash } from 'node:crypto'
import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import { filesBelow } from './tree.js'

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }
type Names = { readonly [name: string]: Json }

const isObject = (value: Json | undefined): value is Names =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const schemas = filesBelow('avro').filter(({ path }) => path.endsWith('.avsc'))
const current = schemas.filter(({ path }) => !path.startsWith('avro/released/'))
const released = schemas.filter(({ path }) => path.startsWith('avro/released/'))
const fileOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']
const LOGICAL: Readonly<Record<string, string>> = { 'timestamp-millis': 'long', date: 'int' }

/** What is wrong with a type. */
function typeFaults(type: Json, at: string): string[] {
  if (typeof type === 'string') return PRIMITIVES.includes(type) ? [] : [`${at}: ${type} is not written out`]
  if (Array.isArray(type)) {
    const [none, other] = type as readonly Json[]
    if (type.length !== 2 || none !== 'null' || other === undefined)
      return [`${at}: a union that is not ["null", T]`]
    return typeFaults(other, at)
  }
  if (!isObject(type)) return [`${at}: no type`]
  const kind = type['type']
  switch (kind) {
    case 'record':
      return recordFaults(type, at)
    case 'map':
      return typeFaults(type['values'] ?? null, `${at}{}`)
    case 'array':
      return typeFaults(type['items'] ?? null, `${at}[]`)
    case 'enum':
      return [`${at}: an enum; closed lists are strings`]
    case 'fixed':
      return [`${at}: a fixed`]
    default: {
      const logical = type['logicalType']
      const known = typeof logical === 'string' && LOGICAL[logical] === kind
      return known ? [] : [`${at}: a type that is none, or a logical type without its base`]
    }
  }
}

function fieldFaults(field: Json, at: string): string[] {
  if (!isObject(field)) return [`${at}: no field`]
  const here = `${at}.${String(field['name'])}`
  const type = field['type'] ?? null
  const faults = typeFaults(type, here)
  if (typeof field['doc'] !== 'string') faults.push(`${here}: no doc`)
  if ('aliases' in field) faults.push(`${here}: an alias, which readers in other languages do not all know`)
  const isNullable = Array.isArray(type) && type[0] === 'null'
  const kind = isObject(type) ? type['type'] : type
  const expected = isNullable ? 'null' : kind === 'map' ? '{}' : kind === 'array' ? '[]' : undefined
  const given = JSON.stringify(field['default'])
  if (expected !== undefined && given !== expected) faults.push(`${here}: its default is not ${expected}`)
  return faults
}

function recordFaults(schema: Json, at: string): string[] {
  if (!isObject(schema) || schema['type'] !== 'record') return [`${at}: not a record`]
  const fields = schema['fields']
  if (!Array.isArray(fields)) return [`${at}: no fields`]
  const names = fields.map((field) => String(isObject(field) ? field['name'] : '').toLowerCase())
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  return [
    ...twice.map((name) => `${at}.${name}: another field differs in letter case alone`),
    ...fields.flatMap((field) => fieldFaults(field, at)),
  ]
}

const faultsOf = (text: string): string[] => {
  const schema = JSON.parse(text) as Json
  return recordFaults(schema, isObject(schema) ? String(schema['name']) : '')
}

/** Whether what one schema writes can be read with the other. */
function canRead(reader: string, writer: string): boolean {
  const [to, from] = [reader, writer].map((text) => avro.Type.forSchema(JSON.parse(text)))
  try {
    if (from !== undefined) to?.createResolver(from)
    return true
  } catch {
    return false
  }
}

describe.each(current)('$path', ({ path, text }) => {
  it('follows the rules that allow it to change later', () => {
    expect(faultsOf(text)).toEqual([])
  })

  it('is in the namespace attestr, one record a file, with a doc', () => {
    const schema = JSON.parse(text) as Names
    expect(schema).toMatchObject({ type: 'record', namespace: expect.stringMatching(/^attestr(\.|$)/) })
    expect(typeof schema['doc']).toBe('string')
    const words = String(schema['name']).replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`)
    expect(fileOf(path)).toBe(`${words.toLowerCase()}.avsc`)
  })

  it('reads what every released version wrote, and is read by every one', () => {
    const versions = released.filter((one) => fileOf(one.path) === fileOf(path))
    for (const version of versions) {
      expect(`${version.path} ${canRead(text, version.text)} ${canRead(version.text, text)}`).toBe(
        `${version.path} true true`,
      )
    }
  })
})

describe('released schemas', () => {
  /** SHA-256 of each file. A release adds a folder and its lines here; nothing else ever changes. */
  const DIGESTS: Readonly<Record<string, string>> = {
    'avro/released/0.1.0/dead-letter.avsc':
      '32bdb551c4f2383f2a11369f7affedd981ffbca0ac8cfa6cc32dbff412a5b54b',
    'avro/released/0.1.0/handshake-completed.avsc':
      '521e1f8410fbbed7e239f7c47e32d67df8067826edac04d1343ee657217c09ff',
    'avro/released/0.1.0/outcome.avsc': 'd5665d0778d7c064f531324cc89a9de7515cd7ecb9eeeb30c751bd0b7639de91',
    'avro/released/0.1.0/verified-stage.avsc':
      '9828422b4044aca72bdf302afe68da9c19983f5a5c0db0f6b791536dc4e3d603',
  }

  it('stay as they were released', () => {
    const digests = released.map(({ path, text }) => [path, createHash('sha256').update(text).digest('hex')])
    expect(Object.fromEntries(digests)).toEqual(DIGESTS)
  })

  it('are all still there', () => {
    const files = new Set(current.map(({ path }) => fileOf(path)))
    expect(released.map(({ path }) => fileOf(path)).filter((file) => !files.has(file))).toEqual([])
    expect(released.length).toBeGreaterThanOrEqual(4)
  })

  it('can read each other, both ways', () => {
    const wrong = released.flatMap((one) =>
      released
        .filter((other) => fileOf(other.path) === fileOf(one.path) && !canRead(one.text, other.text))
        .map((other) => `${one.path} cannot read ${other.path}`),
    )
    expect(wrong).toEqual([])
  })
})

describe('these rules', () => {
  const record = (...fields: Json[]): string => JSON.stringify({ type: 'record', name: 'R', fields })
  const field = (type: Json, more: Names = {}): Json => ({ name: 'f', type, doc: 'd', ...more })

  it.each([
    ['an enum', field({ type: 'enum', name: 'E', symbols: ['A'] })],
    ['null as the second branch', field(['string', 'null'])],
    ['three branches', field(['null', 'string', 'int'], { default: null })],
    ['a nullable without a default', field(['null', 'string'])],
    ['a nullable with another default', field(['null', 'string'], { default: 'x' })],
    ['a map without a default', field({ type: 'map', values: 'string' })],
    ['an array with a default that is not empty', field({ type: 'array', items: 'int' }, { default: [1] })],
    ['a reference', field('attestr.Other')],
    ['a field without a doc', { name: 'f', type: 'string' }],
    [
      'a rule broken inside',
      field(
        { type: 'array', items: { type: 'record', name: 'I', fields: [field(['null', 'int'])] } },
        { default: [] },
      ),
    ],
  ])('find %s', (_, broken) => {
    expect(faultsOf(record(broken))).toHaveLength(1)
  })

  it('pass what is right', () => {
    const right = [field(['null', { type: 'long', logicalType: 'timestamp-millis' }], { default: null })]
    expect(faultsOf(record(...right))).toEqual([])
  })

  it.each([
    [
      'a new field without a default',
      [field('string')],
      [field('string'), { ...(field('int') as Names), name: 'g' }],
    ],
    ['a type that changed', [field('string')], [field('int')]],
    [
      'a field that is gone and had no default',
      [field('string'), { ...(field('int') as Names), name: 'g' }],
      [field('string')],
    ],
  ])('see that %s breaks readers one way or the other', (_, before, after) => {
    const [old, next] = [record(...before), record(...after)]
    expect(canRead(old, next) && canRead(next, old)).toBe(false)
  })

  it('see that a new nullable field breaks nobody', () => {
    const added = { ...(field(['null', 'string'], { default: null }) as Names), name: 'g' }
    const [old, next] = [record(field('string')), record(field('string'), added)]
    expect([canRead(old, next), canRead(next, old)]).toEqual([true, true])
  })
})
