import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FAILURES } from '../../src/core/failure.js'
import {
  type Action,
  classify,
  createPolicy,
  POLICY_ROWS,
  policyRows,
  readAction,
} from '../../src/core/policy.js'

const dead = (code: Extract<Action, { kind: 'dead' }>['code']): Action => ({ kind: 'dead', code })
const pause = (reason: Extract<Action, { kind: 'pause' }>['reason']): Action => ({ kind: 'pause', reason })

/** product.md section 4, row by row. */
const TABLE: readonly (readonly [number, number | null, Action])[] = [
  [200, null, { kind: 'read' }],
  [200, 4001, { kind: 'read' }],
  [201, null, { kind: 'retry' }],
  [204, null, { kind: 'retry' }],
  [206, 4001, { kind: 'retry' }],
  [301, null, pause('redirect')],
  [302, 4031, pause('redirect')],
  [304, null, pause('redirect')],
  [307, null, pause('redirect')],
  [400, 4001, dead('request-rejected')],
  [400, 4002, { kind: 'not-found' }],
  [400, 4003, dead('request-rejected')],
  [400, 4005, pause('credit')],
  [400, 40015, dead('request-rejected')],
  [400, 40034, dead('request-rejected')],
  [400, 40051, pause('version')],
  [400, 4999, dead('request-rejected')],
  [400, null, dead('request-rejected')],
  [401, 4016, pause('credentials')],
  [401, 4017, dead('request-rejected')],
  [401, null, pause('credentials')],
  [403, 4031, { kind: 'forbidden' }],
  [403, 4035, pause('service')],
  [403, 4039, pause('ip')],
  [403, 40398, dead('consent-invalid')],
  [403, 40399, dead('consent-invalid')],
  [403, 4999, dead('request-rejected')],
  [403, null, dead('request-rejected')],
  [404, null, { kind: 'not-found' }],
  [404, 4041, { kind: 'not-found' }],
  [404, 4002, { kind: 'not-found' }],
  [405, null, dead('request-rejected')],
  [412, 4121, dead('request-rejected')],
  [429, 4291, { kind: 'wait' }],
  [429, 4292, { kind: 'wait' }],
  [429, 4293, pause('daily-quota')],
  [429, 4294, pause('daily-quota')],
  [429, 4299, { kind: 'wait' }],
  [429, null, { kind: 'wait' }],
  [500, 5001, { kind: 'retry' }],
  [500, 4016, { kind: 'retry' }],
  [500, null, { kind: 'retry' }],
  [502, null, { kind: 'retry' }],
  [503, 4005, { kind: 'retry' }],
  [504, null, { kind: 'retry' }],
  [599, null, { kind: 'retry' }],
]

describe('the policy', () => {
  it.each(TABLE)('answers %d with code %s by the table', (status, code, action) => {
    expect(classify(status, code)).toEqual(action)
  })

  it('holds a row of the test for every row of the table', () => {
    for (const row of POLICY_ROWS) {
      const tested = TABLE.some(([status, code]) => {
        const statusFits =
          typeof row.status === 'number' ? row.status === status : row.status[0] === String(status)[0]
        return statusFits && (row.code === '*' || row.code === (code ?? 'none'))
      })
      expect(tested, `${row.status} ${row.code}`).toBe(true)
    }
  })

  it('has an answer for anything', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), fc.option(fc.nat()), (status, code) => {
        expect(classify(status, code).kind).toBeTypeOf('string')
      }),
    )
  })

  it('names a row once', () => {
    const keys = POLICY_ROWS.map(({ status, code }) => `${status}/${code}`)
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('an override of the policy', () => {
  const overrides = [
    { status: 500, action: 'wait' },
    { status: 403, code: 4031, action: 'dead:handshake-forbidden' },
    { status: 418, code: null, action: 'retry' },
    { status: 500, code: 5001, action: 'pause:service' },
  ]
  const own = createPolicy(overrides)

  it.each([
    [403, 4031, dead('handshake-forbidden')],
    [418, null, { kind: 'retry' }],
    [418, 77, { kind: 'retry' }],
    [500, 5001, pause('service')],
    [500, null, { kind: 'wait' }],
    [403, 4039, pause('ip')],
  ])('wins over the table: %d %s', (status, code, action) => {
    expect(own(status, code)).toEqual(action)
  })
})

describe('the rows in force', () => {
  const overrides = [
    { status: 404, code: null, action: 'dead:handshake-not-found' },
    { status: 403, code: 4031, action: 'dead:handshake-forbidden' },
    { status: 418, code: 7, action: 'retry' },
  ]
  const rows = policyRows(overrides)

  it('are the table itself without overrides', () => {
    expect(policyRows([])).toEqual(POLICY_ROWS.map((row) => ({ ...row, source: 'default' })))
  })

  it('hold each override, and no row that it hides', () => {
    expect(rows.filter(({ source }) => source === 'configuration')).toHaveLength(3)
    expect(rows.filter(({ status }) => status === 404)).toHaveLength(1)
    expect(rows.filter(({ status, code }) => status === 403 && code === 4031)).toHaveLength(1)
    expect(rows).toHaveLength(POLICY_ROWS.length + 1)
  })

  it('say in their order what the policy does', () => {
    const own = createPolicy(overrides)
    for (const status of [200, 204, 302, 400, 401, 403, 404, 418, 429, 500, 503]) {
      for (const code of [null, 7, 4001, 4002, 4005, 4016, 4031, 4035, 4291, 4293, 5001]) {
        const row = rows.find(
          (one) =>
            (one.status === status || one.status === `${Math.floor(status / 100)}xx`) &&
            (one.code === '*' || one.code === (code ?? 'none')),
        )
        const action = row === undefined ? null : (readAction(row.action) ?? { kind: row.action })
        expect(own(status, code), `${status} ${code}`).toEqual(action)
      }
    }
  })
})

describe('an action in the configuration', () => {
  it('is read for every failure code and reason', () => {
    for (const code of Object.keys(FAILURES)) {
      expect(readAction(`dead:${code}`)).toEqual({ kind: 'dead', code })
      expect(readAction(`delay:${code}`)).toEqual({ kind: 'delay', code })
    }
    expect(readAction('retry')).toEqual({ kind: 'retry' })
    expect(readAction('wait')).toEqual({ kind: 'wait' })
    expect(readAction('pause:credit')).toEqual({ kind: 'pause', reason: 'credit' })
  })

  it.each([
    '',
    'dead',
    'dead:',
    'dead:nothing',
    'dead:request-rejected:too',
    'pause:broker-down',
    'pause:toString',
    'dead:constructor',
    'read',
    'not-found',
    'Retry',
    'skip',
  ])('is refused: %j', (text) => {
    expect(readAction(text)).toBeNull()
  })
})
