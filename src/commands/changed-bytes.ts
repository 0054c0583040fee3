import { Buffer } from 'node:buffer'

/** One way in which the text of a result may have been written before something changed it. */
export interface Rewriting {
  readonly bytes: Buffer
  /** How it is written, in words. */
  readonly how: string
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g
const NOT_ASCII = /[\u007f-\uffff]/g

interface Style {
  readonly how: string
  readonly write: (tokens: readonly string[]) => string
}

const pretty =
  (indent: string, lineBreak: string) =>
  (tokens: readonly string[]): string => {
    let depth = 0
    let text = ''
    for (const [at, token] of tokens.entries()) {
      const next = tokens[at + 1] ?? ''
      const opens = token === '{' || token === '['
      const closesNext = next === '}' || next === ']'
      if (opens) depth += 1
      if (closesNext && !opens) depth -= 1
      if (opens && closesNext) depth -= 1
      text += token
      if (token === ':') text += ' '
      else if (token === ',' || (opens && !closesNext) || (closesNext && !opens))
        text += lineBreak + indent.repeat(depth)
    }
    return text
  }

const STYLES: readonly Style[] = [
  { how: 'without blanks', write: (tokens) => tokens.join('') },
  {
    how: 'with a blank after each comma and colon',
    write: (tokens) => tokens.map((token) => (token === ',' || token === ':' ? `${token} ` : token)).join(''),
  },
  { how: 'on lines indented by two blanks', write: pretty('  ', '\n') },
  { how: 'on lines indented by four blanks', write: pretty('    ', '\n') },
  { how: 'on lines indented by tabs', write: pretty('\t', '\n') },
  { how: 'on lines indented by two blanks that end in CR LF', write: pretty('  ', '\r\n') },
]

interface Spelling {
  readonly how: string
  readonly spell: (token: string) => string
}

const plain = (token: string): string => JSON.stringify(JSON.parse(token))
const ascii = (token: string): string =>
  plain(token).replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
const slashes = (token: string): string => token.replaceAll('/', '\\/')

const SPELLINGS: readonly Spelling[] = [
  { how: '', spell: (token) => token },
  { how: ', letters beyond ASCII as they are', spell: plain },
  { how: ', letters beyond ASCII as \\u escapes', spell: ascii },
  { how: ', slashes escaped', spell: (token) => slashes(plain(token)) },
  { how: ', slashes and letters beyond ASCII escaped', spell: (token) => slashes(ascii(token)) },
]

/**
 * The ways in which programs and editors write the same JSON: whichever matches a signature shows that the secret is right and
 * that the bytes are others than those that were signed.
 *
 * In:     text   of the result, sound JSON
 */
export function* rewritings(text: string): Iterable<Rewriting> {
  const lines = text.replaceAll('\r\n', '\n')
  yield { bytes: Buffer.from(lines), how: 'with lines that end in LF' }
  yield { bytes: Buffer.from(lines.replaceAll('\n', '\r\n')), how: 'with lines that end in CR LF' }
  for (const form of ['NFC', 'NFD'] as const)
    yield { bytes: Buffer.from(text.normalize(form)), how: `in Unicode form ${form}` }
  const tokens = text.match(TOKEN) ?? []
  for (const { how, write } of STYLES) {
    for (const { how: spelled, spell } of SPELLINGS) {
      const written = write(tokens.map((token) => (token.startsWith('"') ? spell(token) : token)))
      yield { bytes: Buffer.from(written), how: how + spelled }
    }
  }
}
