/** Reads and writes parts of the project's pages: what stands between `<!-- NAME -->` and `<!-- end of NAME -->`. */

/** The path of a file of the project. */
export const page = (path: string): string => new URL(`../../${path}`, import.meta.url).pathname

const marks = (name: string): readonly [string, string] => [`<!-- ${name} -->\n`, '<!-- end of ']

/** The part, without its marks. Throws when the page has none of this name. */
export function between(text: string, name: string): string {
  const [open, close] = marks(name)
  const start = text.indexOf(open)
  const end = text.indexOf(close, start)
  if (start < 0 || end < 0) throw new Error(`the page has no part ${name}`)
  return text.slice(start + open.length, end)
}

/** The page with another text in the part. */
export function withPart(text: string, name: string, part: string): string {
  const [open, close] = marks(name)
  between(text, name)
  const start = text.indexOf(open) + open.length
  return `${text.slice(0, start)}${part}\n${text.slice(text.indexOf(close, start))}`
}

/** The cells of a Markdown table, heading left out. */
export function tableOf(part: string): string[][] {
  const lines = part.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  )
}
