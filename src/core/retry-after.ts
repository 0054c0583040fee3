const SECONDS = /^\d{1,9}$/
const DAYS = 'Mon|Tue|Wed|Thu|Fri|Sat|Sun'
const LONG_DAYS = 'Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday'
const MONTHS = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec'
const TIME = '\\d{2}:\\d{2}:\\d{2}'

/** The three date forms of HTTP. All are UTC; the last one does not say so. */
const DATES: readonly { readonly form: RegExp; readonly zone: string }[] = [
  { form: new RegExp(`^(?:${DAYS}), \\d{2} (?:${MONTHS}) \\d{4} ${TIME} GMT$`), zone: '' },
  { form: new RegExp(`^(?:${LONG_DAYS}), \\d{2}-(?:${MONTHS})-\\d{2} ${TIME} GMT$`), zone: '' },
  { form: new RegExp(`^(?:${DAYS}) (?:${MONTHS}) [ \\d]\\d ${TIME} \\d{4}$`), zone: ' GMT' },
]

/**
 * Reads a Retry-After header.
 *
 * In:     text   the header as received, null when there was none
 *         now    epoch ms, for the date form
 * Out:    ms to wait, 0 for a date in the past; null when there is nothing that could be used
 * Source: RFC 9110 section 10.2.3; product.md section 4, row 429
 */
export function readRetryAfter(text: string | null, now: number): number | null {
  if (text === null) return null
  const value = text.trim()
  if (SECONDS.test(value)) return Number(value) * 1000
  const date = DATES.find(({ form }) => form.test(value))
  if (date === undefined) return null
  const at = Date.parse(value + date.zone)
  return Number.isNaN(at) ? null : Math.max(0, at - now)
}
