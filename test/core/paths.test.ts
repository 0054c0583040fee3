import { describe, expect, it } from 'vitest'
import { escapeName, fullPath, itemPath, memberPath } from '../../src/core/paths.js'

describe('paths', () => {
  it('join members by a point and put items in brackets', () => {
    expect(memberPath(itemPath(memberPath(memberPath('', 'a'), 'b'), 0), 'c')).toBe('a.b[0].c')
    expect(itemPath(itemPath('', 0), 1)).toBe('[0][1]')
  })

  it('escape what has a meaning, and only that', () => {
    expect(escapeName('a.b[0]\\e c$')).toBe('a\\.b\\[0\\]\\\\e c$')
    expect(escapeName('')).toBe('\\e')
    expect(memberPath('a', '')).toBe('a.\\e')
    expect(escapeName('__proto__')).toBe('__proto__')
  })

  it('stand under their column', () => {
    expect(fullPath('output', 'age')).toBe('output.age')
    expect(fullPath('input', '')).toBe('input')
    expect(fullPath('output', '[0].a')).toBe('output[0].a')
    expect(fullPath('output', escapeName('[0]'))).toBe('output.\\[0\\]')
  })
})
