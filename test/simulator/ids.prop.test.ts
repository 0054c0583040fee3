import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flowIdFor, handshakeIdFor, handshakeNumberOf, stageIdFor, uuidFor } from '../../src/simulator/ids.js'

const seed = fc.integer({ min: 0, max: 0xffff_ffff })
const place = fc.integer({ min: 0, max: 1_000_000_000 })

describe('ids', () => {
  it('of handshakes have the shape Attestr uses and lead back to their number', () => {
    fc.assert(
      fc.property(seed, place, (from, n) => {
        const id = handshakeIdFor(from, n)
        expect(id).toMatch(/^DS0[0-9a-zA-Z_-]{6,30}$/)
        expect(handshakeNumberOf(from, id)).toBe(n)
      }),
    )
  })

  it('that were not made from the seed lead to no number', () => {
    fc.assert(
      fc.property(seed, place, (from, n) => {
        const id = handshakeIdFor(from, n)
        expect(handshakeNumberOf(from, `${id.slice(0, 5)}${id[5] === 'a' ? 'b' : 'a'}${id.slice(6)}`)).toBe(
          null,
        )
      }),
    )
    expect(handshakeNumberOf(1, 'DS0')).toBe(null)
    expect(handshakeNumberOf(1, 'DS02zfeuv6n4gkq51hvw6')).toBe(null)
  })

  it('are told apart by case in the newer generation', () => {
    const ids = Array.from({ length: 400 }, (_, n) => handshakeIdFor(1, n))
    expect(new Set(ids).size).toBe(400)
    expect(ids.some((id) => /[A-Z]/.test(id.slice(3)) && /[a-z]/.test(id))).toBe(true)
    expect(ids.some((id) => /[-_]/.test(id))).toBe(true)
  })

  it('of flows, stages and snapshots are stable and well formed', () => {
    expect(flowIdFor(1, 0)).toMatch(/^FX0[0-9a-z]{18}$/)
    expect(stageIdFor(1, 0, 'PAN')).toMatch(/^FS0[0-9a-z]{18}$/)
    expect(stageIdFor(1, 0, 'PAN')).toBe(stageIdFor(1, 0, 'PAN'))
    expect(stageIdFor(1, 1, 'PAN')).not.toBe(stageIdFor(1, 0, 'PAN'))
    expect(uuidFor(1, 'x')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})
