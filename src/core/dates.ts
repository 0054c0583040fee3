/** Dates as Attestr writes them. Source: attestr.md section 3.2 */

/** How a field usually writes dates. Either is read: the place of the year tells them apart. */
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
 * In:     text   day or year first, hyphens or slashes between; blanks around it are trimmed
 * Out:    days since 1970-01-01; null for what is no such date
 */
export function parseDay(text: string): number | null {
  const trimmed = text.trim()
  const dayFirst = DAY_FIRST.exec(trimmed)
  if (dayFirst !== null) return dayOf(Number(dayFirst[3]), Number(dayFirst[2]), Number(dayFirst[1]))
  const yearFirst = YEAR_FIRST.exec(trimmed)
  return yearFirst === null ? null : dayOf(Number(yearFirst[1]), Number(yearFirst[2]), Number(yearFirst[3]))
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
