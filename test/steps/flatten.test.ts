import { describe, expect, it } from 'vitest'
import type { FlatStage } from '../../src/core/records.js'
import { withCheckDigit } from '../support/aadhaar.js'
import { DEFAULT_RULES, flattened, NO_RULES, stageOf, stagesOf } from '../support/flattening.js'

const NUMBER = withCheckDigit('48021234908')
const MASKED = `xxxxxxxx${NUMBER.slice(-4)}`
const VID = withCheckDigit('912345678901234')

/** Maps without prototype as plain ones, for comparing. */
const plain = (stage: FlatStage): Partial<FlatStage> => JSON.parse(JSON.stringify(stage))
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
const leaves = (count: number): string =>
  `{${Array.from({ length: count }, (_, i) => `"k${i}":${i}`).join()}}`

describe('flattening', () => {
  it('gives each value its path, text and kind', () => {
    const stage = stageOf(
      '{"input":{"a":{"b":[{"c":"x"},1.0]},"d.e":"1","[0]":"2","\\\\":"3","":"4"},"output":{"n":12345678901234567890,"t":true,"f":false,"z":null,"o":{},"l":[ ]},"startedAt":5,"more":{"x":[]}}',
    )
    expect(plain(stage)).toEqual({
      recordId: 'DS02zfeuv6n4gkq51hvw6/FS0a@000000000000',
      stageId: 'FS0a',
      stageType: null,
      stageTypeSource: 'UNKNOWN',
      status: 'COMPLETE',
      valid: null,
      input: { 'a.b[0].c': 'x', 'a.b[1]': '1.0', 'd\\.e': '1', '\\[0\\]': '2', '\\\\': '3', '\\e': '4' },
      output: { n: '12345678901234567890', t: 'true', f: 'false', z: 'null', o: '{}', l: '[]' },
      extra: { startedAt: '5', 'more.x': '[]' },
      kinds: {
        'input.a.b[1]': 'number',
        'output.n': 'number',
        'output.t': 'boolean',
        'output.f': 'boolean',
        'output.z': 'null',
        'output.o': 'object',
        'output.l': 'array',
        'extra.startedAt': 'number',
        'extra.more.x': 'array',
      },
      redactions: {},
    })
  })

  it.each([
    ['null', { '': 'null' }, { input: 'null' }],
    ['{}', { '': '{}' }, { input: 'object' }],
    ['{ }', { '': '{}' }, { input: 'object' }],
    ['[]', { '': '[]' }, { input: 'array' }],
    ['[1,"a"]', { '[0]': '1', '[1]': 'a' }, { 'input[0]': 'number' }],
    ['[[{"a":true}]]', { '[0][0].a': 'true' }, { 'input[0][0].a': 'boolean' }],
    ['"text"', { '': 'text' }, {}],
    ['""', { '': '' }, {}],
    ['1e400', { '': '1e400' }, { input: 'number' }],
    ['false', { '': 'false' }, { input: 'boolean' }],
  ])('gives the root %s the empty path', (value, input, kinds) => {
    expect(plain(stageOf(`{"input":${value}}`))).toMatchObject({ input, output: {}, kinds })
  })

  it('gives an empty map for a missing member, and a stage without members', () => {
    expect(plain(stageOf('{}'))).toMatchObject({
      input: {},
      output: {},
      extra: {},
      kinds: {},
      status: 'COMPLETE',
    })
  })

  it('tells the text null from a JSON null by its kind', () => {
    expect(plain(stageOf('{"input":{"a":"null","b":null}}'))).toMatchObject({
      input: { a: 'null', b: 'null' },
      kinds: { 'input.b': 'null' },
    })
  })

  it('takes any name for an ordinary one', () => {
    const stage = stageOf(
      '{"output":{"__proto__":"p","constructor":"c","toString":{"__proto__":1}},"__proto__":"q"}',
    )
    expect(Object.entries(stage.output)).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['toString.__proto__', '1'],
    ])
    expect(Object.keys(stage.extra)).toEqual(['__proto__'])
    for (const map of [stage.input, stage.output, stage.extra, stage.kinds, stage.redactions]) {
      expect(Object.getPrototypeOf(map)).toBeNull()
    }
  })

  it('knows input and output with escapes in their names', () => {
    expect(plain(stageOf('{"\\u0069nput":"a","o\\u0075tput":"b"}'))).toMatchObject({
      input: { '': 'a' },
      output: { '': 'b' },
      extra: {},
    })
  })

  it('keeps the received order of stages', () => {
    const ids = ['FS0b', '10', 'FS0a', '9', '__proto__']
    const stages = stagesOf(`{${ids.map((id) => `"${id}":{}`).join()}}`)
    expect(stages.map((stage) => stage.stageId)).toEqual(ids)
  })
})

describe('valid and status', () => {
  it.each([
    ['{"valid":true}', true],
    ['{"valid":false}', false],
    ['{"valid":"true"}', true],
    ['{"valid":"false"}', false],
    ['{"valid":"True"}', null],
    ['{"valid":null}', null],
    ['{"valid":1}', null],
    ['{"a":{"valid":true}}', null],
    ['[{"valid":true}]', null],
    ['true', null],
  ])('output %s gives valid %s', (output, valid) => {
    expect(stageOf(`{"output":${output},"valid":true,"input":{"valid":true}}`).valid).toBe(valid)
  })

  it.each([
    ['{"_id":"AR02zfeuv2iz5ksij09nf","number":"3801-575765-9695"}', 'PENDING'],
    ['{"number":1,"_id":"AR02zfeuv2iz5ksij09nf"}', 'PENDING'],
    ['{"_id":"AR02zfeuv2iz5ksij09nf"}', 'PENDING'],
    ['{"_id":"AR02zfeuv2iz5ksij09nf","valid":null}', 'PENDING'],
    ['{"items":[{"_id":"AR0abcdefg","number":"1"},{"_id":"AR0abcdefh","number":"2"}]}', 'PENDING'],
    ['{"_id":"AR02zfeuv2iz5ksij09nf","valid":true}', 'COMPLETE'],
    ['{"_id":"MX12zfeuv2iz5ksij09nf","number":"1"}', 'COMPLETE'],
    ['{"_id":1}', 'COMPLETE'],
    ['{"number":"1"}', 'COMPLETE'],
    ['{"_id":"AR0abcdefg","number":{"a":1}}', 'COMPLETE'],
    ['{"items":[]}', 'COMPLETE'],
    ['{"items":[{"_id":"AR0abcdefg"},{"valid":true}]}', 'COMPLETE'],
    ['{"items":[{"_id":"AR0abcdefg"}],"count":1}', 'COMPLETE'],
    ['[{"_id":"AR0abcdefg"}]', 'COMPLETE'],
    ['{}', 'COMPLETE'],
    ['null', 'COMPLETE'],
  ])('output %s is %s', (output, status) => {
    expect(stageOf(`{"output":${output}}`).status).toBe(status)
  })

  it('is not pending for a reference in input', () => {
    expect(stageOf('{"input":{"_id":"AR02zfeuv2iz5ksij09nf"}}').status).toBe('COMPLETE')
  })
})

describe('a result of an unexpected shape', () => {
  it('skips an empty one', () => {
    expect(flattened('{}')).toEqual({ kind: 'skip', code: 'no-stages' })
  })

  it.each([
    '[]',
    '"x"',
    '1',
    'true',
    '[{"FS0a":{}}]',
    '{"FS0a":null}',
    '{"FS0a":[]}',
    '{"FS0a":"x"}',
    '{"FS0a":{},"FS0b":1}',
    '{"":{}}',
    '{"FS0 a":{}}',
    '{"FS0.a":{}}',
    '{"FS0é":{}}',
    `{"${'a'.repeat(65)}":{}}`,
  ])('%s is dead', (text) => {
    expect(flattened(text)).toMatchObject({
      kind: 'dead',
      failure: { code: 'result-unexpected-shape', requestId: expect.any(String) },
    })
  })

  it('takes an id of 64 characters', () => {
    expect(flattened(`{"${'a'.repeat(64)}":{}}`).kind).toBe('ok')
  })

  it('wins over a limit', () => {
    expect(flattened(`{"FS0a":{"input":${nested(40)}},"FS0b":1}`)).toMatchObject({
      failure: { code: 'result-unexpected-shape' },
    })
  })
})

describe('limits', () => {
  const code = (text: string, limits = {}, rules = NO_RULES): string => {
    const step = flattened(text, rules, limits)
    return step.kind === 'dead' ? step.failure.code : step.kind
  }

  it('takes 32 levels within input, output and other members, and no more', () => {
    for (const member of ['input', 'output', 'other']) {
      expect(code(`{"FS0a":{"${member}":${nested(32)}}}`)).toBe('ok')
      expect(code(`{"FS0a":{"${member}":${nested(33)}}}`)).toBe('result-over-limits')
    }
    expect(code(`{"FS0a":{"input":${'['.repeat(32)}${']'.repeat(32)}}}`)).toBe('ok')
    expect(code(`{"FS0a":{"input":${'['.repeat(33)}${']'.repeat(33)}}}`)).toBe('result-over-limits')
  })

  it('takes 2,000 leaves a stage, over all its members, and no more', () => {
    expect(code(`{"FS0a":{"input":${leaves(1000)},"output":${leaves(999)},"x":{}}}`)).toBe('ok')
    expect(code(`{"FS0a":{"input":${leaves(1000)},"output":${leaves(1000)},"x":{}}}`)).toBe(
      'result-over-limits',
    )
    expect(code(`{"FS0a":{"input":${leaves(2000)}},"FS0b":{"input":${leaves(2000)}}}`)).toBe('ok')
  })

  it('takes 200 stages and no more', () => {
    const stages = (count: number): string =>
      `{${Array.from({ length: count }, (_, i) => `"FS0${i}":{}`).join()}}`
    expect(code(stages(200))).toBe('ok')
    expect(code(stages(201))).toBe('result-over-limits')
  })

  it('takes names of 512 characters and no more, escapes undone, also beside input', () => {
    for (const stage of [(name: string) => `{"input":{"${name}":1}}`, (name: string) => `{"${name}":1}`]) {
      expect(code(`{"FS0a":${stage('k'.repeat(512))}}`)).toBe('ok')
      expect(code(`{"FS0a":${stage('\\u006b'.repeat(512))}}`)).toBe('ok')
      expect(code(`{"FS0a":${stage('k'.repeat(513))}}`)).toBe('result-over-limits')
    }
  })

  it('counts after the privacy rules: what is dropped is one leaf and no depth', () => {
    expect(code(`{"FS0a":{"input":{"otp":${leaves(3000)}}}}`, {}, DEFAULT_RULES)).toBe('ok')
    expect(code(`{"FS0a":{"input":{"otp":${nested(60)}}}}`, {}, DEFAULT_RULES)).toBe('ok')
    expect(code(`{"FS0a":{"input":{"otp":{"${'k'.repeat(600)}":1}}}}`, {}, DEFAULT_RULES)).toBe('ok')
    expect(code('{"FS0a":{"input":{"otp":1,"b":1}}}', { leaves: 1 }, DEFAULT_RULES)).toBe(
      'result-over-limits',
    )
  })

  it('stops before long names over many leaves fill the memory', () => {
    const long = `"${'k'.repeat(500)}":`
    const deep = `{${long}`.repeat(30) + leaves(1900) + '}'.repeat(30)
    const text = `{${Array.from({ length: 150 }, (_, i) => `"FS0${i}":{"input":${deep}}`).join()}}`
    expect(flattened(text)).toMatchObject({
      failure: { code: 'result-over-limits', detail: 'stage 1: paths too long in all' },
    })
  })

  it('says which limit and which stage, and names no member', () => {
    expect(flattened(`{"FS0a":{},"Asha":{"Rao":${nested(40)}}}`)).toMatchObject({
      failure: { detail: 'stage 2: deeper than 32' },
    })
    expect(flattened('{"Asha Rao":1}')).toMatchObject({
      failure: { detail: 'stage 1 has an id of an unknown form' },
    })
  })
})

describe('privacy rules while flattening', () => {
  it('put one null at the place of a whole subtree, with no kind', () => {
    const stage = stageOf(
      '{"input":{"otp":{"a":[1,2],"b":{}},"code":7,"x":1},"output":{"pht":"/9j/","Secret":[]}}',
      DEFAULT_RULES,
    )
    expect(plain(stage)).toMatchObject({
      input: { otp: null, code: null, x: '1' },
      output: { pht: null, Secret: null },
      redactions: {
        'input.otp': 'drop',
        'input.code': 'drop',
        'output.pht': 'drop',
        'output.Secret': 'drop',
      },
    })
    expect(Object.keys(stage.kinds)).toEqual(['input.x'])
  })

  it('leave a JSON null a JSON null', () => {
    expect(
      plain(stageOf('{"input":{"otp":null,"code":null},"output":{"pht":null}}', DEFAULT_RULES)),
    ).toMatchObject({
      input: { otp: 'null', code: 'null' },
      output: { pht: 'null' },
      kinds: { 'input.otp': 'null', 'input.code': 'null', 'output.pht': 'null' },
      redactions: {},
    })
  })

  it('hold for members beside input and output', () => {
    expect(
      plain(stageOf(`{"token":"t","note":"${NUMBER}","deep":[{"auth":1}]}`, DEFAULT_RULES)),
    ).toMatchObject({
      extra: { token: null, note: MASKED, 'deep[0].auth': null },
      redactions: { 'extra.token': 'drop', 'extra.note': 'mask', 'extra.deep[0].auth': 'drop' },
    })
  })

  it('mask texts and numbers, which lose their kind', () => {
    const stage = stageOf(
      `{"input":{"uuid":"4802xxxx9083","a":${NUMBER},"b":[${NUMBER}.0]},"output":{"t":"no. ${NUMBER}"}}`,
      DEFAULT_RULES,
    )
    expect(plain(stage)).toMatchObject({
      input: { uuid: 'xxxxxxxx9083', a: MASKED, 'b[0]': `${MASKED}.0` },
      output: { t: `no. ${MASKED}` },
      kinds: {},
      redactions: { 'input.uuid': 'mask', 'input.a': 'mask', 'input.b[0]': 'mask', 'output.t': 'mask' },
    })
  })

  it('say nothing of a value that is masked already', () => {
    expect(stageOf('{"input":{"uuid":"xxxxxxxx9083"}}', DEFAULT_RULES).redactions).toEqual(
      Object.create(null),
    )
  })

  it('drop media found by its text alone', () => {
    const stage = stageOf(
      `{"output":{"pdf":"${'QUJD'.repeat(3000)}","list":["${'QUJD'.repeat(3000)}"]}}`,
      DEFAULT_RULES,
    )
    expect(plain(stage)).toMatchObject({
      output: { pdf: null, 'list[0]': null },
      redactions: { 'output.pdf': 'drop', 'output.list[0]': 'drop' },
    })
  })

  it('mask numbers in member names and stage ids, also in the paths of kinds', () => {
    const [stage] = stagesOf(
      `{"${NUMBER}":{"output":{"${NUMBER}":{"n":1},"id ${NUMBER}":"x"},"${NUMBER}":true}}`,
      DEFAULT_RULES,
    )
    expect(JSON.stringify(stage)).not.toContain(NUMBER.slice(0, 8))
    expect(stage && plain(stage)).toMatchObject({
      stageId: MASKED,
      output: { [`${MASKED}.n`]: '1', [`id ${MASKED}`]: 'x' },
      extra: { [MASKED]: 'true' },
      kinds: { [`output.${MASKED}.n`]: 'number', [`extra.${MASKED}`]: 'boolean' },
      redactions: {
        [`output.${MASKED}`]: 'mask',
        [`output.id ${MASKED}`]: 'mask',
        [`extra.${MASKED}`]: 'mask',
      },
    })
  })

  it('lose no value when names are masked alike', () => {
    const twin = Array.from({ length: 200 }, (_, i) =>
      withCheckDigit(`2${String(i).padStart(7, '0')}${NUMBER.slice(-4, -1)}`),
    )
      .filter((number) => number.endsWith(NUMBER.slice(-4)))
      .slice(0, 3)
    expect(twin.length).toBe(3)
    const names = [...twin, NUMBER, MASKED, `${MASKED}-2`]
    const members = `{${names.map((name, i) => `"${name}":"v${i}"`).join()}}`
    const stage = stageOf(`{"output":${members},"input":[${members}]}`, DEFAULT_RULES)
    expect(Object.values(stage.output)).toEqual(names.map((_, i) => `v${i}`))
    expect(plain(stage).output).toEqual({
      [`${MASKED}-3`]: 'v0',
      [`${MASKED}-4`]: 'v1',
      [`${MASKED}-5`]: 'v2',
      [`${MASKED}-6`]: 'v3',
      [MASKED]: 'v4',
      [`${MASKED}-2`]: 'v5',
    })
    expect(Object.keys(stage.input).length).toBe(names.length)
    const stages = stagesOf(`{${names.map((name) => `"${name}":{}`).join()}}`, DEFAULT_RULES)
    expect(new Set(stages.map(({ stageId }) => stageId)).size).toBe(names.length)
  })

  it('mask a VID that is a name', () => {
    expect(Object.keys(stageOf(`{"output":{"${VID}":1}}`, DEFAULT_RULES).output)).toEqual([
      `xxxxxxxxxxxx${VID.slice(-4)}`,
    ])
  })

  it('give the same answer for the same result, however many names came before', () => {
    const text = `{"FS0a":{"input":{"otp":"1","a":{"b":"${NUMBER}"}},"output":{"items":[{"token":1},{"x":2}]}}}`
    const before = stagesOf(text, DEFAULT_RULES)
    for (let round = 0; round < 30; round += 1) {
      const names = Array.from({ length: 1000 }, (_, i) => `"n${round}-${i}":{"auth":1}`)
      stagesOf(`{"FS0a":{"input":{${names.join()}}}}`, DEFAULT_RULES)
    }
    expect(stagesOf(text, DEFAULT_RULES)).toEqual(before)
  })
})
