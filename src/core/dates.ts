/** Dates as Attestr writes them. Source: attestr.md section 3.2 */

/** Where the day, the month and the year stand; `unknown` takes either, which the place of the year tells apart. */
export type DayForm = 'DD-MM-YYYY' | 'YYYY-MM-DD' | 'unknown'

const DAY_FIRST = /^(\d{2})[-/](\d{2})[-/](\d{4})$/
/** Midnight may stand behind it. Another time may be one of another day where the writer's clock is: India is ahead. */
const YEAR_FIRST = /^(\d{4})-(\d{2})-(\d{2})(?:T00:00:00(?:\.0{1,9})?Z?)?$/
const DAY_MS = 86_400_000
/** Four digits, and none of the years that stand for no date. */
const FIRST_YEAR = 1000

/**
 * Reads a date of the calendar.
 *
 * In:     form   how the field writes dates; blanks around them are trimmed, slashes stand for hyphens
 * Out:    days since 1970-01-01; null for what is no such date
 */
export function parseDay(text: string, form: DayForm): number | null {
  const trimmed = text.trim()
  if (form !== 'YYYY-MM-DD') {
    const [, day, month, year] = DAY_FIRST.exec(trimmed) ?? []
    if (day !== undefined) return dayOf(Number(year), Number(month), Number(day))
  }
  if (form !== 'DD-MM-YYYY') {
    const [, year, month, day] = YEAR_FIRST.exec(trimmed) ?? []
    if (year !== undefined) return dayOf(Number(year), Number(month), Number(day))
  }
  return null
}

function dayOf(year: number, month: number, day: number): number | null {
  if (year < FIRST_YEAR) return null
  const date = new Date(Date.UTC(year, month - 1, day))
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  return date.getTime() / DAY_MS
}

const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** A moment in epoch ms, null for what is none between 1970 and 9999. */
export function parseInstant(text: string): number | null {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  return value <= LAST_MS ? value : null
}
