import { describe, expect, it } from 'vitest'
import { MINIMAL, problemsIn } from './files.js'

const problems = (types: string): readonly string[] =>
  problemsIn(`${MINIMAL}catalogue:\n  types:\n${types.replaceAll(/^/gm, '    ')}\n`)

describe('catalogue.types', () => {
  it('takes a type', () => {
    expect(problems('PASSPORT: { output: { name: { type: text } } }')).toEqual([])
  })

  it.each([
    [
      'a kind that is none',
      'X: { output: { a: { type: string } } }',
      'c.yaml:10:25 catalogue.types.X.output.a.type: must be one of text, number, number-as-text, boolean, date, list, nested, unknown',
    ],
    [
      'a missing kind',
      'X: { output: { a: {} } }',
      'c.yaml:10:20 catalogue.types.X.output.a.type: is missing',
    ],
    [
      'a name in small letters',
      'passport: {}',
      'c.yaml:10:5 catalogue.types.passport: has a name that is not allowed: it must be a stage type in capital letters, such as PAN or BANK_ACC',
    ],
    ['an odd path', 'X: { output: { "a..b": { type: text } } }', 'must be a path such as address.city'],
    ['a misspelled key', 'X: { outputs: {} }', 'is not a known key (did you mean output?)'],
    [
      'what stands against a built-in type',
      'PAN:\n  output:\n    name: { type: text }',
      'c.yaml:12:9 catalogue.types.PAN.output.name: is a field of the built-in type already',
    ],
  ])('refuses %s', (_, types, text) => {
    const found = problems(types)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(text)
  })
})

describe('records.form: typed', () => {
  const typed = (more: string): readonly string[] => problemsIn(`${MINIMAL}records: { form: typed }\n${more}`)

  it('is taken with types and without', () => {
    expect(typed('')).toEqual([])
    expect(typed('catalogue: { stages: { FS0000001: PAN, FS0000002: NOT_THERE } }\n')).toEqual([])
  })

  it('is refused where the topic of a type is another one already', () => {
    const problems = typed(
      'catalogue: { stages: { FS0000001: BANK_ACC } }\ntopics: { events: [attestr.verified.bank-acc] }\n',
    )
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('topics.events[0]: is the topic of typed records of BANK_ACC')
  })

  it('is refused where the topic of a type is that of evidence', () => {
    const keys = `privacy: { encryptionKeys: [{ id: k1, key: ${'ab'.repeat(32)} }] }\n`
    const topics = 'topics: { evidence: attestr.verified.pan }\n'
    const problems = typed(`catalogue: { stages: { FS0000001: PAN } }\n${topics}${keys}`)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('topics.evidence: is the topic of typed records of PAN')
  })

  it('is refused where the topic of a type would be too long', () => {
    const problems = typed(
      `catalogue: { flows: { FX0000001: { FS0000001: PAN } } }\ntopics: { verified: ${'v'.repeat(246)} }\n`,
    )
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('topics.verified: is too long for the topic of PAN')
  })
})
