import { describe, expect, it } from 'vitest'
import { crc32c } from '../../src/core/crc32c.js'

describe('crc32c', () => {
  // RFC 3720, appendix B.4
  it.each([
    ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 rising bytes', Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
    ['32 falling bytes', Uint8Array.from({ length: 32 }, (_, at) => 31 - at), 0x113fdb5c],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s is the published one', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected)
  })
})
