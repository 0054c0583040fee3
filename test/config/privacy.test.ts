import { describe, expect, it } from 'vitest'
import { configOf, MINIMAL, problemsIn } from './files.js'

const KEY = '00'.repeat(32)
const HASH_KEY = `hashKey: "${KEY}"`
const KEYS = `encryptionKeys: [{ id: k1, key: "${KEY}" }]`
const among = (...lines: string[]): readonly string[] =>
  problemsIn(`${MINIMAL}privacy:\n${lines.map((line) => `  ${line}\n`).join('')}`)
const rules = (...texts: string[]): string => `rules: [${texts.map((text) => `{ ${text} }`).join(', ')}]`

describe('privacy.rules', () => {
  it('are taken as they are written, with every action', () => {
    const actions = ['keep', 'drop', 'mask', 'mask:2', 'hash', 'encrypt']
    const texts = actions.map((action, n) => `stage: PAN, path: output.a${n}, action: "${action}"`)
    expect(among(rules(...texts), HASH_KEY, KEYS)).toEqual([])
    const { privacy } = configOf(
      `${MINIMAL}privacy: { ${rules('stage: "*", path: "**.pin", action: drop')} }`,
    )
    expect(privacy.rules).toEqual([{ stage: '*', path: '**.pin', action: 'drop' }])
    expect(privacy.hashKeyId).toBe('main')
  })

  it.each([
    ['stage: PAN, path: input.pan, action: masks', 'action: must be keep, drop, mask, mask:N (N characters'],
    ['stage: PAN, path: "input..pan", action: drop', 'path: has a name of no characters'],
    ['stage: PAN, path: "input.a[0]", action: drop', 'path: has a bracket: items are written []'],
    ['stage: PAN, path: pan, action: drop', 'path: must begin with input, output, extra, * or **'],
    ['stage: "PAN|EPAN", path: input, action: drop', 'stage: must be a stage type, a stage id, or a pattern'],
    ['stage: PAM, path: input.pan, action: drop', 'stage: is neither a stage type of the catalogue nor'],
    ['stage: PAM, path: input.pan, action: drop', '(did you mean PAN?)'],
    ['stage: "X*", path: input.pan, action: drop', 'stage: is neither a stage type'],
    ['stage: PAN, path: output.name, action: hash', 'action: needs privacy.hashKey'],
    ['stage: PAN, path: output.name, action: encrypt', 'action: needs privacy.encryptionKeys'],
    ['stage: "*", path: input.otp, action: keep', 'path: has no effect: the default `secrets` drops'],
    ['stage: "*", path: output.a.Token.b, action: mask', 'privacy.defaults.secrets: keep turns it off'],
    ['stage: UIDAI, path: output.pht, action: keep', 'path: has no effect: the default `media` drops'],
  ])('refuses { %s }', (rule, text) => {
    const [first = '', ...more] = among(rules(rule))
    expect(first).toMatch(/^c\.yaml:9:\d+ privacy\.rules\[0\]\./)
    expect(first).toContain(text)
    expect(more).toEqual([])
  })

  it('may name stage ids and patterns', () => {
    const stages = ['FS02zfeuv3tcnkq2mond2', 'FS0*', '*', 'F*', 'ECOURT_*', 'A?L_PERSON']
    expect(among(rules(...stages.map((stage) => `stage: "${stage}", path: output.x, action: drop`)))).toEqual(
      [],
    )
    const named = 'catalogue: { stages: { other-id: PAN } }\n'
    const rule = `privacy: { ${rules('stage: other-id, path: output.x, action: drop')} }\n`
    expect(problemsIn(MINIMAL + named + rule)).toEqual([])
  })

  it('say nothing twice', () => {
    const rule = 'stage: PAN, path: output.Name, action: drop'
    expect(
      among(rules(rule, 'stage: "*", path: output.name, action: keep', rule.replace('Name', 'name'))),
    ).toEqual([
      expect.stringContaining('privacy.rules[2].path: is for the same stage and path as privacy.rules[0]'),
    ])
  })

  it('have an effect where the default is off', () => {
    const rule = rules('stage: "*", path: input.otp, action: mask')
    expect(among(rule, 'defaults: { secrets: keep }')).toEqual([])
  })
})

describe('hash', () => {
  const aadhaar = (path: string): unknown =>
    expect.stringContaining(`hashes ${path}, which holds Aadhaar numbers`)

  it.each([
    ['UIDAI', 'input.uuid', 'input.uuid'],
    ['"*"', '"input.*"', 'input.uuid'],
    ['"*"', '"**"', 'input.uuid'],
    ['FS0abc', 'input', 'input.uuid'],
    ['DIGILOCKER_DOC', 'input.params', 'input.params.uid'],
    ['UIDAI', 'input.uuid.below', 'input.uuid'],
  ])('is refused for stage %s and path %s', (stage, path, place) => {
    expect(among(HASH_KEY, rules(`stage: ${stage}, path: ${path}, action: hash`))).toEqual([aadhaar(place)])
    const allowed = 'allowAadhaarHash: true'
    expect(among(HASH_KEY, allowed, rules(`stage: ${stage}, path: ${path}, action: hash`))).toEqual([])
  })

  it('is taken where another rule goes before it at every Aadhaar path', () => {
    const hash = 'stage: "*", path: "input.**", action: hash'
    const first = ['stage: "*", path: input.uuid, action: mask', 'stage: "*", path: "**.uid", action: drop']
    expect(among(HASH_KEY, rules(...first, hash))).toEqual([])
    expect(among(HASH_KEY, rules(hash, ...first))).toEqual([aadhaar('input.uuid')])
    const forOneType = first.map((rule) => rule.replace('"*"', 'UIDAI'))
    expect(among(HASH_KEY, rules(...forOneType, hash))).toEqual([aadhaar('input.uuid')])
  })

  it('is taken elsewhere', () => {
    expect(among(HASH_KEY, rules('stage: PAN, path: input.pan, action: hash'))).toEqual([])
  })
})

describe('keys', () => {
  it.each([
    [
      'encryptionKeys: [{ id: k1, key: short }]',
      'encryptionKeys[0].key: must be 32 bytes as 64 hex digits or',
    ],
    [`encryptionKeys: [{ id: "a:b", key: "${KEY}" }]`, 'encryptionKeys[0].id: must be 1 to 64 letters'],
    [
      `encryptionKeys: [{ id: a, key: "${KEY}" }, { id: a, key: "${KEY}" }]`,
      'encryptionKeys[1].id: is the same id as privacy.encryptionKeys[0].id',
    ],
    ['hashKey: short', 'hashKey: must be 32 bytes'],
    ['hashKeyId: "a b"', 'hashKeyId: must be 1 to 64 letters'],
  ])('%s is refused', (line, text) => {
    expect(among(line)).toEqual([expect.stringContaining(`privacy.${text}`)])
  })

  it('come out as hex, from base64 too', () => {
    const key = Buffer.alloc(32, 7)
    const yaml = `encryptionKeys: [{ id: k1, key: "${key.toString('base64')}" }]`
    const [first] = configOf(`${MINIMAL}privacy: { ${yaml} }\n`).privacy.encryptionKeys
    expect(first?.key.reveal()).toBe(key.toString('hex'))
  })
})
