import fc from 'fast-check'

/** JSON texts with all liberties of the grammar: blanks, escapes of any character, odd numbers, names that repeat. */

const blank = fc.constantFrom('', '', '', '', ' ', '\n', '\t\r')
const hex = (unit: number, upper: boolean): string => {
  const digits = unit.toString(16).padStart(4, '0')
  return `\\u${upper ? digits.toUpperCase() : digits}`
}
const escapeUnits = (text: string): string =>
  Array.from({ length: text.length }, (_, i) => hex(text.charCodeAt(i), i % 2 === 0)).join('')

const rawCharacter = fc.constantFrom(
  'a',
  'b',
  'é',
  'न',
  '😀',
  ' ',
  '/',
  '0',
  '\u007f',
  '\u2028',
  '{',
  '[',
  ',',
  ':',
)
const escapedCharacter = fc.constantFrom(
  ...['a', '"', '\u0000', 'é', '😀', '\ufeff', '\uffff'].map(escapeUnits),
)
const shortEscape = fc.constantFrom('\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t')

export const stringToken = fc
  .array(fc.oneof({ weight: 5, arbitrary: rawCharacter }, escapedCharacter, shortEscape), { maxLength: 6 })
  .map((parts) => `"${parts.join('')}"`)

/** Few names, each in several spellings, so that they often repeat. */
export const nameToken = fc.oneof(
  fc.constantFrom(
    '"a"',
    '"b"',
    '"\\u0061"',
    '"__proto__"',
    '"result"',
    '"\\u0072esult"',
    '""',
    '"1"',
    '"0"',
    '"é"',
  ),
  stringToken,
)

export const numberToken = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1.0',
    '12345678901234567890123',
    '1e400',
    '-1E-7',
    '0.10',
    '1e+2',
    '480212349083',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => String(number)),
  fc.integer().map(String),
)

export interface TextOptions {
  /** Whether a name may appear twice in an object. */
  readonly repeats: boolean
  readonly blanks: boolean
  readonly names?: fc.Arbitrary<string>
}

const readName = (token: string): string => JSON.parse(token)

/** Texts of any value, about `size` tokens deep and wide. */
export function jsonText(options: TextOptions): fc.Arbitrary<string> {
  const gap = options.blanks ? blank : fc.constant('')
  const name = options.names ?? nameToken
  const around = (inner: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(gap, inner, gap).map((parts) => parts.join(''))
  const { value } = fc.letrec<{ value: string }>((tie) => {
    const scalar = fc.oneof(stringToken, numberToken, fc.constantFrom('true', 'false', 'null'))
    const member = fc.tuple(around(name), around(tie('value')))
    const members = options.repeats
      ? fc.array(member, { maxLength: 4 })
      : fc.uniqueArray(member, { maxLength: 4, selector: ([token]) => readName(token) })
    const object = fc
      .tuple(gap, members)
      .map(([inside, all]) =>
        all.length === 0 ? `{${inside}}` : `{${all.map(([k, v]) => `${k}:${v}`).join()}}`,
      )
    const array = fc
      .tuple(gap, fc.array(around(tie('value')), { maxLength: 4 }))
      .map(([inside, all]) => (all.length === 0 ? `[${inside}]` : `[${all.join()}]`))
    return {
      value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalar, object, array),
    }
  })
  return around(value)
}

/** A text with one cut, insertion, removal or replacement. Never splits a surrogate pair: the text stays valid UTF-8. */
export function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const piece = fc.constantFrom(
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '0',
    '-',
    '.',
    'e',
    'u',
    ' ',
    '\n',
    '\u0000',
    'é',
    't',
    '\\ud800',
    '\\udc00',
    '\ufeff',
  )
  const change = fc.constantFrom('cut', 'insert', 'remove', 'replace', 'twice')
  return fc
    .tuple(text, change, fc.double({ min: 0, max: 1, noNaN: true }), piece)
    .map(([whole, kind, where, add]) => {
      const characters = [...whole]
      const at = Math.floor(where * characters.length)
      if (kind === 'cut') return characters.slice(0, at).join('')
      if (kind === 'twice') return whole + whole.slice(0, at)
      const removed = kind === 'insert' ? 0 : 1
      characters.splice(at, removed, ...(kind === 'remove' ? [] : [add]))
      return characters.join('')
    })
}
