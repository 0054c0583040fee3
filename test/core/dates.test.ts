import { describe, expect, it } from 'vitest'
import { parseDay, parseInstant } from '../../src/core/dates.js'

const dateOf = (day: number | null): string | null =>
  day === null ? null : new Date(day * 86_400_000).toISOString().slice(0, 10)

describe('a date', () => {
  it.each([
    ['26-12-1985', '1985-12-26'],
    [' 26/12/1985 ', '1985-12-26'],
    ['29-02-2024', '2024-02-29'],
    ['31-12-9999', '9999-12-31'],
    ['1970-01-01', '1970-01-01'],
    ['1969-12-31', '1969-12-31'],
    ['2026-03-31T00:00:00Z', '2026-03-31'],
    ['2026-03-31T00:00:00.000', '2026-03-31'],
    ['01-02-1990', '1990-02-01'],
    ['1990-02-01', '1990-02-01'],
  ])('%s is %s', (text, day) => {
    expect(dateOf(parseDay(text))).toBe(day)
  })

  it.each([
    '29-02-2023',
    '12-26-1985',
    '1985-26-12',
    '1-2-1990',
    '01-02-90',
    '01-01-0001',
    '00-00-0000',
    '2017-18',
    '03/2019',
    'xx-xx-1990',
    '',
    '2019-06-30T18:30:00.000Z',
    '2019-07-01T00:00:00+05:30',
    '2019-07-01Tnoon',
    'NA',
  ])('%s is none', (text) => {
    expect(parseDay(text)).toBeNull()
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
