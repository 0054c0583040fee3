import { parseDay, parseInstant } from '../core/dates.js'
import { exactNumber } from '../core/exact-number.js'
import { leafJson } from '../core/flat-json.js'
import type { Target } from './column-targets.js'

/** What the column holds; null where it cannot hold the value. */
export function columnValue(
  { column }: Target,
  text: string,
  kind: string | undefined,
): string | number | boolean | null {
  const isContainer = kind === 'object' || kind === 'array'
  switch (column?.content) {
    case 'json':
      return leafJson(text, kind)
    case 'any':
      return text
    case 'number':
      return isContainer ? null : exactNumber(text)
    case 'boolean':
      return isContainer ? null : booleanOf(text)
    default:
      return isContainer ? null : text
  }
}

function booleanOf(text: string): boolean | null {
  const lower = text.toLowerCase()
  return lower === 'true' ? true : lower === 'false' ? false : null
}

/** What the column beside it holds. */
export function parsedValue({ field }: Target, text: string, kind: string | undefined): number | null {
  switch (field?.parsed?.content) {
    case 'day':
      return kind === undefined ? parseDay(text) : null
    case 'instant':
      return parseInstant(text)
    default:
      return exactNumber(text.trim())
  }
}
