import { describe, expect, it } from 'vitest'
import { parseScript } from '../../src/simulator/script.js'

describe('a fault script', () => {
  it('is taken as it is when it is right', () => {
    const script = {
      handshakes: { DS0abcdefg: [{ fault: { kind: 'archived', delayMs: 3 }, times: null }] },
      global: [
        { fault: { kind: 'status', status: 500, code: '5001', as: 'json' }, share: 0.5, by: 'handshake' },
      ],
    }
    expect(parseScript(script)).toEqual(script)
    expect(parseScript({})).toEqual({})
  })

  it.each([
    [[], 'script must be an object'],
    [{ globals: [] }, 'script.globals is unknown (known: handshakes, global)'],
    [{ global: {} }, 'global must be a list'],
    [{ global: [{}] }, 'global[0].fault must be an object'],
    [{ global: [{ fault: { kind: 'explode' } }] }, 'global[0].fault.kind is not one of'],
    [{ global: [{ fault: { kind: 'status' } }] }, 'global[0].fault.status is missing'],
    [{ global: [{ fault: { kind: 'status', status: 99 } }] }, 'global[0].fault.status has a wrong value'],
    [{ global: [{ fault: { kind: 'archived', status: 200 } }] }, 'global[0].fault.status is unknown'],
    [{ global: [{ fault: { kind: 'signature', value: 'odd' } }] }, 'global[0].fault.value has a wrong value'],
    [{ global: [{ fault: { kind: 'hang' }, share: 2 }] }, 'global[0].share has a wrong value'],
    [
      { handshakes: { DS0x: [{ fault: { kind: 'hang' }, times: -1 }] } },
      'handshakes.DS0x[0].times has a wrong',
    ],
  ])('is refused with the place of what is wrong: %j', (script, message) => {
    expect(() => parseScript(script)).toThrow(message)
  })
})
