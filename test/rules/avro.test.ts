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
    'avro/released/0.2.0/dead-letter.avsc':
      '32bdb551c4f2383f2a11369f7affedd981ffbca0ac8cfa6cc32dbff412a5b54b',
    'avro/released/0.2.0/evidence.avsc': 'af350075a965f55c9bfb7692f3945e42345c11b8a6892ada239e863216017829',
    'avro/released/0.2.0/handshake-completed.avsc':
      '521e1f8410fbbed7e239f7c47e32d67df8067826edac04d1343ee657217c09ff',
    'avro/released/0.2.0/outcome.avsc': 'd5665d0778d7c064f531324cc89a9de7515cd7ecb9eeeb30c751bd0b7639de91',
    'avro/released/0.2.0/stage/aml-business.avsc':
      '2053b7ae9291c4a454a22eff69f512f1d87fea4a16a10906f04d0b98477de85d',
    'avro/released/0.2.0/stage/aml-person.avsc':
      '92da07250ed9b18969c42770158400fdd5bb3b714ac0d482dddb8f1adbaf0760',
    'avro/released/0.2.0/stage/bank-acc.avsc':
      'b56e3d7412f733ce04b4e6a33d0ae297d2c83a74b6c64af94cdf1332daa3785f',
    'avro/released/0.2.0/stage/digilocker-doc.avsc':
      '211e00bd4d897ef3315be95219cfd538c57479b83dee95523a5cfe5f8052b071',
    'avro/released/0.2.0/stage/digital-address.avsc':
      '3b412e8b1fbbe561e8a250c93c219f3aedd2e1b59bbc28c6c883a367053043c6',
    'avro/released/0.2.0/stage/dl.avsc': '3d20ca40d2e8cc785b5f8edcbffda3647e06c7171c3e45469afc235bd5e7ab66',
    'avro/released/0.2.0/stage/eaadhaar.avsc':
      'ce1f5fa9ea587abc69d22b56a819b6bfea7e3567c3d2ad3420a3853fc6c64a2a',
    'avro/released/0.2.0/stage/ecourt-business.avsc':
      '9edfda6bb87e3f5369ffa0ec3274ba93023276c14f080e054bf213da3db9292c',
    'avro/released/0.2.0/stage/ecourt-person.avsc':
      '69c1f32ec1f894b2051a4652448a3aa6c6a2dc5fecfb8bb9118cfd58d339d258',
    'avro/released/0.2.0/stage/education.avsc':
      'df3bf580101f09d9ca01a63ec2066bb91241a6e360ce8c20515cb802f4ab80bb',
    'avro/released/0.2.0/stage/email-otp.avsc':
      '074d5a8bf085d271021707135a3b73066907e6df6cb50c89c2efdbdbefc5b149',
    'avro/released/0.2.0/stage/employment.avsc':
      '7d1fa39d7e8918330967c47dd2e94cf295335acf9291d52324c0c85ae880e614',
    'avro/released/0.2.0/stage/epan.avsc': '73c593683bc6e9c7aa4a650acf418eba86b0759b76866327a6b20a42d0a5a4f7',
    'avro/released/0.2.0/stage/epic.avsc': '50e6a49d449cb124bda4b4b1b18dc24e2c9e085ed12f9721d953711e51ea3d7c',
    'avro/released/0.2.0/stage/face-match.avsc':
      '3eaa7fca3114d7f2254d25b6ea4a77a8aa1337700832e53c7ed7335543a5833d',
    'avro/released/0.2.0/stage/fssai.avsc':
      'abdb789038185cbde23dc3b07cfeca37b1d6c9cd04aa771c0ab2bcdc0f1105f6',
    'avro/released/0.2.0/stage/gstin.avsc':
      'e0ae1090aaed0344c3290eb3b9c20933e0f71aec8a6f0059d7fd5c52823e57fc',
    'avro/released/0.2.0/stage/ipv.avsc': 'e53f8e88b9b353925e1381205dab208d27254de1b0a046af0b145c23feaf70c4',
    'avro/released/0.2.0/stage/master-business.avsc':
      '2936d41369c8c9cb36cfc1cc8640e25a07f1e4f5087a5ec6744cff484f52456a',
    'avro/released/0.2.0/stage/master-director.avsc':
      'cdb3a28d3a0fa2973185d919cb9bb3b06139a6061961e8d4e6ea17c848c71671',
    'avro/released/0.2.0/stage/mobile-otp.avsc':
      '6894429e82b8cee908b34d3ab279d4af79a4a1a31cca60203e2543aa41b74404',
    'avro/released/0.2.0/stage/pan.avsc': '72b2ea6dec31cdfcd581eadf8d86c1e70c9a3cca078a66bfc26a5db1d1d94541',
    'avro/released/0.2.0/stage/uidai.avsc':
      '6602ef9b16a6263a1d4fd4c0cef30f6145bcce93f22bcef8e560baba02ac2180',
    'avro/released/0.2.0/stage/vpa.avsc': '49c0be52047ef305927d86a063363134c75e77df7ca6b53ef6867f3dbf158228',
    'avro/released/0.2.0/verified-stage.avsc':
      'c8d2178c97dc5efc0dcce6a76e49307fe2f46e83a331f0adbabe37867db6b83b',
  }

  it('stay as they were released', () => {
    const digests = released.map(({ path, text }) => [path, createHash('sha256').update(text).digest('hex')])
    expect(Object.fromEntries(digests)).toEqual(DIGESTS)
  })

  it('are all still there', () => {
    const files = new Set(current.map(({ path }) => fileOf(path)))
    expect(released.map(({ path }) => fileOf(path)).filter((file) => !files.has(file))).toEqual([])
  })

  it('are there for every schema: what was never released is held to nothing', () => {
    const files = new Set(released.map(({ path }) => fileOf(path)))
    expect(current.map(({ path }) => fileOf(path)).filter((file) => !files.has(file))).toEqual([])
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
