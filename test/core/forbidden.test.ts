import { describe, expect, it } from 'vitest'
import { createForbiddenStreak } from '../../src/core/forbidden.js'

describe('a refused credential', () => {
  it('is to blame once it was refused five different handshakes in a row', () => {
    const streak = createForbiddenStreak()
    expect(['a', 'b', 'c', 'd', 'e', 'e'].map((id) => streak.forbidden('main', id))).toEqual([
      false,
      false,
      false,
      false,
      true,
      true,
    ])
  })

  it('is not to blame for one handshake that is refused often', () => {
    const streak = createForbiddenStreak()
    expect(Array.from({ length: 50 }, () => streak.forbidden('main', 'a'))).not.toContain(true)
  })

  it('starts anew with a 200', () => {
    const streak = createForbiddenStreak()
    for (const id of ['a', 'b', 'c', 'd']) streak.forbidden('main', id)
    streak.allowed('main')
    expect(streak.forbidden('main', 'e')).toBe(false)
  })

  it('is counted apart from other credentials', () => {
    const streak = createForbiddenStreak()
    for (const id of ['a', 'b', 'c', 'd']) streak.forbidden('main', id)
    streak.allowed('other')
    expect(streak.forbidden('other', 'e')).toBe(false)
    expect(streak.forbidden('main', 'e')).toBe(true)
  })
})
