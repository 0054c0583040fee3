import type { Environment } from './environment.js'

/** Where `${NAME}` and `${file:PATH}` take their text from. `readText` throws when the file cannot be read. */
export interface Substitutes {
  readonly env: Environment
  readonly readText: (path: string) => string
}

export type Substituted =
  | { readonly kind: 'same' }
  | { readonly kind: 'text'; readonly text: string; readonly substituted: boolean }
  | { readonly kind: 'problem'; readonly text: string }

const TOKEN = /\$\$\{|\$\{([^}]*)(\}?)/g
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Replaces `${NAME}` and `${file:PATH}` in one parsed scalar; `$${` stands for a literal `${`.
 *
 * In:     scalar  text of a scalar, after parsing: what is put in can never change the structure of the file
 * Out:    the text, or the first problem; a problem names variables and paths, never what they hold
 * Source: product.md section 10
 */
export function substitute(scalar: string, from: Substitutes): Substituted {
  if (!scalar.includes('${')) return { kind: 'same' }
  let text = ''
  let end = 0
  let substituted = false
  for (const token of scalar.matchAll(TOKEN)) {
    text += scalar.slice(end, token.index)
    end = token.index + token[0].length
    if (token[0] === '$${') {
      text += '${'
      continue
    }
    const found = token[2] === '' ? undefined : lookUp(token[1] ?? '', from)
    if (found === undefined) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the user's notation
      return { kind: 'problem', text: 'has ${ without NAME} or file:PATH}; write $${ for a literal ${' }
    }
    if ('problem' in found) return { kind: 'problem', text: found.problem }
    text += found.text
    substituted = true
  }
  return { kind: 'text', text: text + scalar.slice(end), substituted }
}

function lookUp(
  inner: string,
  from: Substitutes,
): { readonly text: string } | { readonly problem: string } | undefined {
  if (inner.startsWith('file:') && inner.length > 'file:'.length) {
    const path = inner.slice('file:'.length)
    try {
      return { text: from.readText(path).replace(/\r?\n$/, '') }
    } catch (error) {
      return { problem: `the file ${path} cannot be read (${reasonOf(error)})` }
    }
  }
  if (!NAME.test(inner)) return undefined
  const text = from.env[inner]
  return text === undefined ? { problem: `the environment variable ${inner} is not set` } : { text }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'no such file',
}

/** A fixed word for why a file cannot be read; messages of the system are not passed on. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? 'it cannot be opened'
}
