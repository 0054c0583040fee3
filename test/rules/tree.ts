/** The files of the repository as the rules read them. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

export const ROOT = new URL('../../', import.meta.url).pathname

export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string
  readonly text: string
}

/** What is made, fetched or kept by tools. */
const NOT_OURS = new Set(['.git', 'node_modules', 'dist', 'coverage', '.cache'])

/** Every file below a folder of the repository, in order. */
export function filesBelow(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (NOT_OURS.has(entry.name)) return []
      if (entry.isDirectory()) return filesBelow(path)
      return entry.isFile() ? [{ path, text: readFileSync(join(ROOT, path), 'utf8') }] : []
    })
}

export const typescriptBelow = (folder: string): SourceFile[] =>
  filesBelow(folder).filter(({ path }) => path.endsWith('.ts'))

/** The text with blanks for comments and for the content of strings, so that words in them count for nothing. */
export function codeOf(text: string): string {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\$]|\\.|\$(?!\{))*`/g
  return text.replace(token, (found) => found.replace(/[^\n]/g, ' '))
}

export interface Import {
  readonly from: string
  /** A file of the repository, or a package with its `node:` prefix. */
  readonly to: string
  readonly isFile: boolean
}

/** What a file imports, statically or not; types too. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const found = text.matchAll(/(?:\bfrom|\bimport\(|\brequire\(|\bload\(|^import)\s*'([^']+)'/gm)
  return [...found].map(([, name = '']) => {
    if (!name.startsWith('.')) return { from: path, to: name, isFile: false }
    const target = join(ROOT, dirname(path), name).replace(/\.js$/, '.ts')
    return { from: path, to: relative(ROOT, target), isFile: true }
  })
}
