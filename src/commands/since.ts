import { InvalidArgumentError } from 'commander'

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const DURATION = /^([1-9]\d{0,8})([smhd])$/
const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/

/**
 * Reads the time of `--since`.
 *
 * In:     text  RFC 3339, or a duration back from now such as `90s`, `30m`, `2h`, `7d`
 *         now   epoch ms
 * Out:    epoch ms
 * Throws: InvalidArgumentError, also for a time to come
 * Source: product.md section 10
 */
export function parseSince(text: string, now: number): number {
  const [, count = '', unit = ''] = DURATION.exec(text) ?? []
  const time = count === '' ? readTime(text) : now - Number(count) * (UNIT_MS[unit] ?? 0)
  if (time === null)
    throw new InvalidArgumentError(
      'It must be a time such as 2026-01-31T12:00:00Z, or a duration back such as 2h or 7d.',
    )
  if (time > now) throw new InvalidArgumentError('It must not lie in the future.')
  return Math.max(0, time)
}

function readTime(text: string): number | null {
  const [, date = '', time = '', fraction = '', zone = ''] = RFC_3339.exec(text) ?? []
  if (date === '') return null
  const day = Date.parse(`${date}T00:00:00Z`)
  // The parser takes the 30th of February for the 1st of March.
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return null
  const millis = fraction.padEnd(3, '0').slice(0, 3)
  const at = Date.parse(`${date}T${time}.${millis}${zone.toUpperCase()}`)
  return Number.isNaN(at) ? null : at
}
