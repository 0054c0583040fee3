import { NumberText, type Rebuilt } from './rebuild.js'
import { verdictOf } from './reference-json.js'

const BLANKS = /[ \t\n\r]*/y
const STRING = /"(?:[^"\\]|\\.)*"/y
const NUMBER = /-?[0-9.eE+-]+/y

/**
 * The value of a JSON text, numbers as their characters: a reading that shares nothing with the scanner.
 *
 * Out: null for a text that the rules for JSON refuse
 */
export function referenceTree(text: string): { readonly value: Rebuilt } | null {
  if (verdictOf(text) !== 'valid') return null
  let at = 0
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0] ?? ''
    at += found.length
    return found
  }
  const skip = (): string => {
    take(BLANKS)
    return text[at] ?? ''
  }
  const members = (): Map<string, Rebuilt> => {
    const all = new Map<string, Rebuilt>()
    for (at += 1; skip() !== '}'; ) {
      if (text[at] === ',') at += 1
      skip()
      const name: string = JSON.parse(take(STRING))
      skip()
      at += 1
      all.set(name, value())
    }
    at += 1
    return all
  }
  const items = (): Rebuilt[] => {
    const all: Rebuilt[] = []
    for (at += 1; skip() !== ']'; ) {
      if (text[at] === ',') at += 1
      all.push(value())
    }
    at += 1
    return all
  }
  const value = (): Rebuilt => {
    const first = skip()
    if (first === '{') return members()
    if (first === '[') return items()
    if (first === '"') return JSON.parse(take(STRING)) as string
    const word = ['true', 'false', 'null'].find((known) => text.startsWith(known, at))
    if (word === undefined) return new NumberText(take(NUMBER))
    at += word.length
    return JSON.parse(word) as boolean | null
  }
  return { value: value() }
}
