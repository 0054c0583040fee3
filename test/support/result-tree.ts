import fc from 'fast-check'
import { NumberText, type Rebuilt } from './rebuild.js'

/** Results as trees, and their text: what is rebuilt from records is compared with the tree, not with another parse. */

const NAMES = [
  'a',
  'b',
  '',
  'e',
  '\\e',
  '\\',
  '.',
  'a.b',
  '[0]',
  ']',
  '[',
  '0',
  '1',
  '__proto__',
  'constructor',
  'é',
  '😀',
  'input',
  'x y',
]
const NUMBERS = ['0', '-0', '1.0', '1e400', '-1.5E-7', '12345678901234567890', '0.10', '7']

export const anyName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NAMES) },
  fc.string({ unit: fc.constantFrom('\\', '.', '[', ']', 'e', '0', 'n'), maxLength: 5 }),
)
const anyText = fc.oneof(
  fc.constantFrom('', 'null', 'true', '1', '{}', '[]', 'text', 'a\n"b"'),
  fc.string({ maxLength: 8 }),
)

const scalar: fc.Arbitrary<Rebuilt> = fc.oneof(
  anyText,
  fc.constantFrom(...NUMBERS).map((text) => new NumberText(text)),
  fc.boolean(),
  fc.constant(null),
)

/** Values of any kind; names from `names`. */
export function tree(
  names: fc.Arbitrary<string> = anyName,
  leaf: fc.Arbitrary<Rebuilt> = scalar,
): fc.Arbitrary<Rebuilt> {
  return fc.letrec<{ value: Rebuilt }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      members(names, tie('value')),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  })).value
}

function members(
  names: fc.Arbitrary<string>,
  value: fc.Arbitrary<Rebuilt>,
): fc.Arbitrary<Map<string, Rebuilt>> {
  return fc
    .uniqueArray(fc.tuple(names, value), { maxLength: 4, selector: ([name]) => name })
    .map((all) => new Map(all))
}

/** Results of one to three stages; now and then a stage lacks `input` or `output`, or has more members. */
export function resultTree(value: fc.Arbitrary<Rebuilt> = tree()): fc.Arbitrary<Map<string, Rebuilt>> {
  const member = fc.tuple(fc.oneof(fc.constantFrom('input', 'output'), anyName), value)
  const stage = fc
    .uniqueArray(member, { maxLength: 3, selector: ([name]) => name })
    .map((all): Rebuilt => new Map(all))
  const id = fc.constantFrom('FS02zfeuv3tcnkq2mond2', 'FS0b', '1', '__proto__', 'a_-Z')
  return fc
    .uniqueArray(fc.tuple(id, stage), { minLength: 1, maxLength: 3, selector: ([name]) => name })
    .map((all) => new Map(all))
}

/** The text of a tree; every other string is written with nothing but escapes. */
export function textOf(value: Rebuilt): string {
  let strings = 0
  const string = (text: string): string => {
    strings += 1
    return strings % 2 === 0
      ? JSON.stringify(text)
      : `"${Array.from({ length: text.length }, (_, i) => unit(text, i)).join('')}"`
  }
  const write = (node: Rebuilt): string => {
    if (node instanceof NumberText) return node.text
    if (Array.isArray(node)) return `[${node.map(write).join(' ,')}]`
    if (node instanceof Map)
      return `{${[...node].map(([name, inner]) => `${string(name)}: ${write(inner)}`).join()}}`
    return typeof node === 'string' ? string(node) : JSON.stringify(node)
  }
  return write(value)
}

function unit(text: string, at: number): string {
  return `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`
}

/** Whether two trees are the same JSON value: same members in any order, same strings, same number text. */
export function sameTree(a: Rebuilt | undefined, b: Rebuilt | undefined): boolean {
  if (a instanceof NumberText) return b instanceof NumberText && a.text === b.text
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameTree(item, b[i]))
  if (a instanceof Map) {
    if (!(b instanceof Map) || a.size !== b.size) return false
    return [...a].every(([name, value]) => b.has(name) && sameTree(value, b.get(name)))
  }
  return a === b
}
