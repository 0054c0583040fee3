import { Buffer } from 'node:buffer'
import { createHmac, createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { privacyRules, type RuleText } from '../../src/core/privacy-rule.js'
import type { FlatStage } from '../../src/core/records.js'
import { createProtect, type PrivacyConfig, type Protect } from '../../src/steps/protect.js'
import { createSealer } from '../../src/steps/seal.js'
import { withCheckDigit } from '../support/aadhaar.js'
import { stageOf, stagesOf, TYPE_RULES } from '../support/flattening.js'

const KEY = Buffer.alloc(32, 5)
const SEALER = createSealer([{ id: 'k1', key: KEY }])
const NUMBER = withCheckDigit('48021234908')
const MASKED = `xxxxxxxx${NUMBER.slice(-4)}`

type Row = readonly [path: string, action: string, stage?: string]

function under(rows: readonly Row[], more: Partial<PrivacyConfig> = {}): Protect {
  const texts: RuleText[] = rows.map(([path, action, stage = '*']) => ({ path, action, stage }))
  return createProtect({
    ...{ defaults: {}, rules: privacyRules(texts), types: TYPE_RULES, sealer: SEALER },
    ...{ hashKey: { id: 'h', key: createSecretKey(KEY) }, ...more },
  })
}
const hashOf = (text: string): string => `h1:h:${createHmac('sha256', KEY).update(text).digest('hex')}`
const flat = (members: string, rows: readonly Row[], more?: Partial<PrivacyConfig>): FlatStage =>
  stageOf(members, under(rows, more))
const opened = (stage: FlatStage, path: string): string => {
  const [column = '', ...names] = path.split('.')
  const sealed = stage[column as 'input' | 'output' | 'extra'][names.join('.')] ?? ''
  const end = SEALER.openText(sealed, { recordId: stage.recordId, path })
  return end.kind === 'open' ? end.plain : end.kind
}

describe('rules of the operator', () => {
  it('do what they say to a path and all below it, and say so', () => {
    const members =
      '{"input":{"a":"secret text","b":"secret text","c":"secret text","d":"secret text","e":"secret text"}}'
    const rows: Row[] = [
      ...([
        ['input.a', 'drop'],
        ['input.b', 'mask'],
        ['input.c', 'mask:2'],
      ] as Row[]),
      ...([
        ['input.d', 'hash'],
        ['input.e', 'encrypt'],
      ] as Row[]),
    ]
    const stage = flat(members, rows)
    expect({ ...stage.input }).toMatchObject({
      a: null,
      b: 'xxxxxxxtext',
      c: `${'x'.repeat(9)}xt`,
      d: hashOf('secret text'),
      e: expect.stringMatching(/^e1:k1:[\w-]{70,}$/),
    })
    expect(opened(stage, 'input.e')).toBe('secret text')
    expect({ ...stage.redactions }).toEqual({
      'input.a': 'drop',
      'input.b': 'mask',
      'input.c': 'mask',
      'input.d': 'hash',
      'input.e': 'encrypt',
    })
  })

  it('take the kind from numbers and literals, and tell no literal by its length', () => {
    const members = '{"output":{"n":12.50,"t":true,"f":false,"z":null,"o":{},"l":[]}}'
    const masked = flat(members, [['output', 'mask']])
    expect({ ...masked.output }).toEqual({ n: 'xxx50', t: 'xxxx', f: 'xxxx', z: 'null', o: '{}', l: '[]' })
    expect({ ...masked.kinds }).toEqual({ 'output.z': 'null', 'output.o': 'object', 'output.l': 'array' })
    const hashed = flat(members, [['output', 'hash']])
    expect({ ...hashed.output }).toMatchObject({ n: hashOf('12.50'), t: hashOf('true'), z: 'null' })
    const sealed = flat(members, [['output', 'encrypt']])
    expect(['n', 't', 'f'].map((name) => opened(sealed, `output.${name}`))).toEqual([
      '12.50',
      'true',
      'false',
    ])
    expect(sealed.output['t']?.length).toBe(sealed.output['f']?.length)
    expect(sealed.kinds['output.n']).toBeUndefined()
    expect(flat(members, [['output.n', 'mask:9']]).output['n']).toBe('xxx50')
    expect(flat('{"output":{"valid":true}}', [['output.valid', 'mask']]).valid).toBeNull()
  })

  it('are asked in order: the first that covers a place wins', () => {
    const members = '{"output":{"a":{"b":"text one","c":"text two"},"d":"text three"}}'
    expect({
      ...flat(members, [
        ['output.a', 'drop'],
        ['output.a.b', 'keep'],
      ]).output,
    }).toEqual({
      a: null,
      d: 'text three',
    })
    const kept = flat(members, [
      ['output.a.b', 'keep'],
      ['output.a', 'drop'],
      ['**', 'mask:0'],
    ])
    expect({ ...kept.output }).toEqual({ 'a.b': 'text one', 'a.c': null, d: 'xxxxxxxxxx' })
    const dropped = flat(members, [
      ['**.b', 'drop'],
      ['output.a', 'drop'],
    ])
    expect({ ...dropped.output }).toEqual({ a: null, d: 'text three' })
  })

  it('cover items of lists, each at its own path', () => {
    const members = '{"output":{"items":[{"reg":"first one"},{"reg":"second one"}]}}'
    const stage = flat(members, [['output.items[].reg', 'encrypt']])
    expect([0, 1].map((n) => opened(stage, `output.items[${n}].reg`))).toEqual(['first one', 'second one'])
  })

  it('cover members beside input and output under extra, whatever they are called', () => {
    const members = '{"other":"text one","Input":{"pan":"text two"},"extra":{"a":"text three"}}'
    expect({ ...flat(members, [['extra', 'drop']]).extra }).toEqual({ other: null, Input: null, extra: null })
    expect({ ...flat(members, [['extra.extra.a', 'drop']]).extra }).toMatchObject({
      'extra.a': null,
      other: 'text one',
    })
    expect(flat(members, [['input.pan', 'drop']]).extra['Input.pan']).toBe('text two')
  })

  it('are for stages by type or by id', () => {
    const result = '{"FS0pan":{"output":{"name":"A B C D"}},"FS0b":{"output":{"name":"A B C D"}}}'
    const names = (rows: readonly Row[]) => stagesOf(result, under(rows)).map(({ output }) => output['name'])
    expect(names([['output.name', 'drop', 'PAN']])).toEqual([null, 'A B C D'])
    expect(names([['output.name', 'drop', 'FS0b']])).toEqual(['A B C D', null])
    expect(names([['output.name', 'drop', 'FS0*']])).toEqual([null, null])
    expect(names([['output.name', 'drop', 'pan']])).toEqual(['A B C D', 'A B C D'])
  })

  it('mask no less than half of a text', () => {
    const texts = ['', 'a', 'ab', 'abcde', '😀😀😀😀']
    const stage = flat(`{"output":{"t":${JSON.stringify(texts)}}}`, [['output.t', 'mask:100']])
    expect(Object.values(stage.output)).toEqual(['', 'x', 'xb', 'xxxde', 'xx😀😀'])
  })
})

describe('rules and defaults', () => {
  it('drop secrets and media whatever a rule says, until the default is off', () => {
    const members = `{"input":{"otp":"123456","code":"0000"},"output":{"pht":"/9j/","doc":"${'QUJD'.repeat(3000)}"}}`
    for (const action of ['keep', 'mask', 'hash', 'encrypt']) {
      const stage = flat(members, [['**', action]])
      expect([...Object.values(stage.input), ...Object.values(stage.output)]).toEqual([
        null,
        null,
        null,
        null,
      ])
    }
    const off = flat(members, [['**', 'keep']], { defaults: { secrets: 'keep', media: 'keep' } })
    expect(off.input['otp']).toBe('123456')
    expect(off.output['pht']).toBe('/9j/')
  })

  it('leave Aadhaar numbers masked where a rule keeps or masks, and hash none', () => {
    const members = `{"input":{"uuid":"${NUMBER}"},"output":{"a":"no. ${NUMBER}","n":${NUMBER}}}`
    for (const action of ['keep', 'mask', 'mask:12', 'hash']) {
      const text = JSON.stringify(flat(members, [['**', action]]))
      expect(text).not.toContain(NUMBER.slice(0, 8))
      expect(text).not.toContain(hashOf(NUMBER))
    }
    expect(flat(members, [['**', 'hash']]).input['uuid']).toBe(MASKED)
    expect(flat(members, [['**', 'hash']], { allowAadhaarHash: true }).input['uuid']).toBe(hashOf(NUMBER))
    expect(opened(flat(members, [['**', 'encrypt']]), 'input.uuid')).toBe(NUMBER)
    expect(flat('{"input":{"uuid":"x"}}', [['**', 'hash']]).input['uuid']).toBe('x')
  })

  it('leave the last four digits of an Aadhaar number where nothing more came', () => {
    const card = (uuid: string) => stagesOf(`{"FS0uidai":{"input":{"uuid":${uuid}}}}`, under([]))[0]
    expect(card('"9083"')).toMatchObject({ input: { uuid: '9083' }, redactions: {} })
    expect(card('9083')).toMatchObject({ input: { uuid: '9083' }, kinds: { 'input.uuid': 'number' } })
    expect(card('"12349083"')).toMatchObject({ input: { uuid: 'xxxx9083' } })
    expect(card(`"${NUMBER}"`)).toMatchObject({ input: { uuid: MASKED } })
  })

  it('go before what a stage type asks for', () => {
    const pan = (rows: readonly Row[], more?: Partial<PrivacyConfig>) =>
      stagesOf('{"FS0pan":{"input":{"pan":"ABCPE0000F"}}}', under(rows, more))[0]?.input['pan']
    expect(pan([])).toBe('xxxxxx000F')
    expect(pan([['input.pan', 'keep', 'PAN']])).toBe('ABCPE0000F')
    expect(pan([['input.pan', 'hash', 'PAN']])).toBe(hashOf('ABCPE0000F'))
    expect(pan([], { defaults: { catalogue: 'keep' } })).toBe('ABCPE0000F')
  })

  it('take the longest path of a type, and keep within what it drops', () => {
    const rule = (path: string, action: 'keep' | 'drop' | 'mask') =>
      ({ path, action, isSecret: false, isAadhaar: false }) as const
    const types = new Map([
      ['PAN', [rule('output.a', 'drop'), rule('output.a.b', 'keep'), rule('output', 'mask')]],
    ])
    const [stage] = stagesOf(
      '{"FS0pan":{"output":{"a":{"b":"kept","c":"gone"},"d":"a mask"}}}',
      under([], { types }),
    )
    expect({ ...stage?.output }).toEqual({ 'a.b': 'kept', 'a.c': null, d: 'xxxask' })
  })

  it('hold for a type whatever list or object stands in the way', () => {
    const rule = (path: string) => ({ path, action: 'drop', isSecret: false, isAadhaar: false }) as const
    const types = new Map([['PAN', [rule('input.items[].references'), rule('output.person.name')]]])
    const values = (members: string): (string | null)[] => {
      const [stage] = stagesOf(`{"FS0pan":${members}}`, under([], { types }))
      return [stage?.input, stage?.output, stage?.extra].flatMap((column) => Object.values(column ?? {}))
    }
    for (const members of [
      '{"input":{"items":[{"references":[{"name":"a third"}]}]}}',
      '{"input":{"items":{"references":{"name":"a third"}}}}',
      '{"input":[{"items":[[{"references":"a third"}]]}]}',
      '{"Input":{"items":[{"references":["a third"]}]}}',
      '{"output":{"person":{"name":"a third"}}}',
      '{"output":[{"person":[{"name":"a third"}]}]}',
      '{"OUTPUT":{"person":{"name":"a third"}}}',
    ])
      expect([members, ...values(members)]).toEqual([members, null])
  })

  it('drop secrets in lists too', () => {
    const stage = flat('{"input":[{"code":"secret text","req":["secret text"]}]}', [])
    expect({ ...stage.input }).toEqual({ '[0].code': null, '[0].req': null })
  })

  it('take a member called [] for a member', () => {
    const members = '{"input":{"[]":"secret text"}}'
    expect(Object.values(flat(members, [['input.*', 'drop']]).input)).toEqual([null])
    expect(Object.values(flat(members, [['input.\\[\\]', 'drop']]).input)).toEqual([null])
    expect(Object.values(flat(members, [['input[]', 'drop']]).input)).toEqual(['secret text'])
  })

  it('need their keys', () => {
    const rules = (action: string) => privacyRules([{ stage: '*', path: '**', action }])
    expect(() => createProtect({ defaults: {}, rules: rules('hash') })).toThrow(RangeError)
    expect(() => createProtect({ defaults: {}, rules: rules('encrypt') })).toThrow(RangeError)
    expect(() => rules('mask:x')).toThrow(RangeError)
  })
})

describe('the scope of a stage', () => {
  it('is the very same for stages under the same rules, and another for others', () => {
    const protect = under([['output.name', 'drop', 'FS0b']])
    expect(protect.stageOf(null, 'FS0a')).toBe(protect.stageOf(null, 'FS0c'))
    expect(protect.stageOf(null, 'FS0a')).toBe(protect.stageOf('NO_TYPE', 'FS0a'))
    expect(protect.stageOf('PAN', 'FS0a')).toBe(protect.stageOf('PAN', 'FS0c'))
    expect(protect.stageOf('PAN', 'FS0a')).not.toBe(protect.stageOf('EPAN', 'FS0a'))
    expect(protect.stageOf(null, 'FS0a')).not.toBe(protect.stageOf(null, 'FS0b'))
  })
})
