import { describe, expect, it } from 'vitest'
import { parseDay, parseInstant } from '../../src/core/dates.js'

const dateOf = (day: number | null): string | null =>
  day === null ? null : new Date(day * 86_400_000).toISOString().slice(0, 10)

describe('a date', () => {
  it.each([
    ['26-12-1985', 'DD-MM-YYYY', '1985-12-26'],
    [' 26/12/1985 ', 'DD-MM-YYYY', '1985-12-26'],
    ['29-02-2024', 'DD-MM-YYYY', '2024-02-29'],
    ['31-12-9999', 'DD-MM-YYYY', '9999-12-31'],
    ['1970-01-01', 'YYYY-MM-DD', '1970-01-01'],
    ['1969-12-31', 'YYYY-MM-DD', '1969-12-31'],
    ['2026-03-31T00:00:00Z', 'YYYY-MM-DD', '2026-03-31'],
    ['2026-03-31T00:00:00.000', 'YYYY-MM-DD', '2026-03-31'],
    ['01-02-1990', 'unknown', '1990-02-01'],
    ['1990-02-01', 'unknown', '1990-02-01'],
  ] as const)('%s of the form %s is %s', (text, form, day) => {
    expect(dateOf(parseDay(text, form))).toBe(day)
  })

  it.each([
    ['29-02-2023', 'DD-MM-YYYY'],
    ['12-26-1985', 'DD-MM-YYYY'],
    ['1985-12-26', 'DD-MM-YYYY'],
    ['26-12-1985', 'YYYY-MM-DD'],
    ['1-2-1990', 'unknown'],
    ['01-02-90', 'unknown'],
    ['01-01-0001', 'unknown'],
    ['00-00-0000', 'unknown'],
    ['2017-18', 'unknown'],
    ['03/2019', 'unknown'],
    ['xx-xx-1990', 'unknown'],
    ['', 'unknown'],
    ['2019-06-30T18:30:00.000Z', 'YYYY-MM-DD'],
    ['2019-07-01T00:00:00+05:30', 'YYYY-MM-DD'],
    ['2019-07-01Tnoon', 'unknown'],
    ['NA', 'unknown'],
  ] as const)('%s is none of the form %s', (text, form) => {
    expect(parseDay(text, form)).toBeNull()
  })
})

describe('a time', () => {
  it('is a whole number of milliseconds', () => {
    expect(parseInstant('1600000000000')).toBe(1_600_000_000_000)
    expect(parseInstant('0')).toBe(0)
    for (const text of ['', '-1', '1.5', '1e12', '999999999999999', 'soon'])
      expect(parseInstant(text)).toBeNull()
  })
})
