import { describe, expect, it } from 'vitest'
import { createLedger } from '../../src/simulator/ledger.js'

const headers = { acceptEncoding: null, contentType: null, authorizationOk: true, credential: 0 }

describe('the ledger', () => {
  it('knows the most calls that began within any one second', () => {
    let now = 0
    const ledger = createLedger({ keep: 2, nowMs: () => now })
    const at = (moment: number): void => {
      now = moment
      ledger.end(ledger.begin({ handshakeId: 'DS0a', headers }), 200, true)
    }
    for (const moment of [0, 100, 999, 1000, 1050, 1999, 5000]) at(moment)
    expect(ledger.summary().maxPerSecond).toBe(4)
    for (let i = 0; i < 20_000; i += 1) at(10_000 + i)
    expect(ledger.summary().maxPerSecond).toBe(1000)
  })

  it('ends a call once, and keeps calls in flight through a reset', () => {
    const ledger = createLedger({ keep: 10, nowMs: () => 0 })
    const call = ledger.begin({ handshakeId: 'DS0a', headers })
    ledger.begin({ handshakeId: 'DS0b', headers })
    ledger.reset()
    expect(ledger.summary()).toMatchObject({ calls: 0, inFlight: 2, maxInFlight: 0 })
    ledger.end(call, 200, true)
    ledger.end(call, 500, false)
    expect(ledger.summary()).toMatchObject({ inFlight: 1, byStatus: { 200: 1 } })
  })
})
