import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import type { BodyForm } from '../../src/simulator/json.js'
import { writeJson } from '../../src/simulator/json.js'
import {
  catalogueOf,
  createResultSource,
  type Profile,
  type ResultSourceOptions,
} from '../../src/simulator/results.js'
import { STAGE_TYPES } from '../../src/simulator/stages/model.js'

const SECRET = 'a-client-secret'
const BODY_FORMS: readonly BodyForm[] = ['compact', 'spaced', 'pretty', 'escaped']
const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => handshakeIdFor(7, n))

function source(options: Partial<ResultSourceOptions> = {}) {
  return createResultSource({ seed: 7, clientSecret: SECRET, ...options })
}

function hmac(text: string | Buffer, secret = SECRET): string {
  return createHmac('sha256', secret).update(text).digest('hex')
}

/** Cuts the value of `result` out by its place alone: between its name and that of the signature. */
function resultTextOf(body: string): string {
  const match = /"result"\s*:\s*([\s\S]*?)\s*,\s*"resultSignature"/.exec(body)
  return match?.[1] ?? ''
}

/** Re-writes JSON token by token: blanks out, strings and numbers as `JSON.stringify` writes them. */
function compactText(text: string): string {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|-?\d[0-9.eE+-]*|true|false|null|[{}[\]:,]/g) ?? []
  return tokens.map((token) => (/^["\d-]/.test(token) ? JSON.stringify(JSON.parse(token)) : token)).join('')
}

function sortedText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedText).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = value as Record<string, unknown>
  const names = Object.keys(members).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${sortedText(members[name])}`).join(',')}}`
}

describe('results are a function of the seed and the handshake alone', () => {
  it.each<Profile>(['mixed', 'small', 'large'])(
    'gives the same bytes again, in any order, for %s',
    (profile) => {
      const count = profile === 'large' ? 3 : 60
      const forward = ids(count).map((id) => source({ profile, cacheBytes: 0 }).resultFor(id).body.toString())
      const shared = source({ profile })
      const backward = ids(count)
        .reverse()
        .map((id) => shared.resultFor(id).body.toString())
        .reverse()
      expect(backward).toEqual(forward)
      expect(new Set(forward).size).toBe(count)
    },
  )

  it('gives other results for another seed', () => {
    const [id = ''] = ids(1)
    expect(source({ seed: 8 }).resultFor(id).body).not.toEqual(source().resultFor(id).body)
  })

  it('gives a handshake that was run again the same stages and other content, signed right', () => {
    for (const profile of ['mixed', 'small'] as const) {
      const [, , id = ''] = ids(3)
      const first = source({ profile }).resultFor(id)
      const again = source({ profile }).resultFor(id, { run: 1 })
      expect(again.stages).toEqual(first.stages)
      expect(again.signature).not.toBe(first.signature)
      expect(again.signature).toBe(hmac(again.resultBytes))
    }
  })

  it('tells every two results of the small profile apart', () => {
    const small = source({ profile: 'small' })
    expect(new Set(ids(3000).map((id) => small.resultFor(id).signature)).size).toBe(3000)
  })

  it('keeps the tree and the text of a result in step', () => {
    for (const profile of ['mixed', 'small'] as const) {
      const made = source({ profile })
      for (const id of ids(200)) {
        const known = made.handshake(id)
        expect(made.resultFor(id).resultBytes.toString()).toBe(writeJson(known.result, 'compact'))
        expect(JSON.parse(made.resultFor(id).body.toString())).toMatchObject({
          _id: id,
          number: known.number,
          tag: known.tag,
          requestId: known.requestId,
          consumed: true,
        })
      }
    }
  })
})

describe('signatures', () => {
  it.each(BODY_FORMS)('sign the exact bytes of result in a %s body', (body) => {
    const made = source({ body })
    for (const id of ids(150)) {
      const answer = made.resultFor(id)
      const text = answer.body.toString()
      expect(resultTextOf(text)).toBe(answer.resultBytes.toString())
      expect(JSON.parse(text).resultSignature).toBe(hmac(resultTextOf(text)))
    }
  })

  it.each(BODY_FORMS)('sign the compact form of a %s body, members in received order', (body) => {
    const made = source({ body, sign: 'compact' })
    for (const id of ids(150)) {
      const { body: bytes, signature } = made.resultFor(id)
      expect(signature).toBe(hmac(compactText(resultTextOf(bytes.toString()))))
    }
  })

  it.each(BODY_FORMS)('sign the sorted form of a %s body', (body) => {
    const made = source({ body, sign: 'sorted' })
    for (const id of ids(150)) {
      const { body: bytes, signature } = made.resultFor(id)
      expect(signature).toBe(hmac(sortedText(JSON.parse(resultTextOf(bytes.toString())))))
    }
  })

  it('differ between methods where numbers, blanks or the order of members matter', () => {
    const id = handshakeIdFor(7, 0)
    const stages = ['DIGILOCKER_DOC:numbered-params', 'MASTER_BUSINESS:done', 'FACE_MATCH']
    const signatures = (['raw', 'compact', 'sorted'] as const).map(
      (sign) => source({ stages, sign }).resultFor(id).signature,
    )
    expect(new Set(signatures).size).toBe(3)
    const text = source({ stages }).resultFor(id).resultBytes.toString()
    expect(text).toContain('"authorizedCapital":12345678901234567890')
    expect(text).toContain('"threshold":80.0')
    expect(text).toMatch(/"params":\{"10":.*"2":.*"1":null\}/)
  })

  it('use the secret they are asked to use', () => {
    const answer = source().resultFor(handshakeIdFor(7, 1), { clientSecret: 'another' })
    expect(answer.signature).toBe(hmac(answer.resultBytes, 'another'))
  })
})

describe('profiles', () => {
  const sizes = (profile: Profile, count: number): number[] => {
    const made = source({ profile })
    return ids(count).map((id) => made.resultFor(id).body.length)
  }

  it('small has three stages and about 2 KB', () => {
    for (const size of sizes('small', 300)) {
      expect(size).toBeGreaterThan(1700)
      expect(size).toBeLessThan(2200)
    }
    expect(source({ profile: 'small' }).resultFor(handshakeIdFor(7, 0)).stages).toHaveLength(3)
  })

  it('large has about 1.5 MB', () => {
    for (const size of sizes('large', 3)) {
      expect(size).toBeGreaterThan(1_400_000)
      expect(size).toBeLessThan(1_600_000)
    }
  })

  it('mixed has one to five stages of every type, in three flows with their own ids', () => {
    const made = source()
    const results = ids(600).map((id) => ({ known: made.handshake(id), stages: made.resultFor(id).stages }))
    expect(new Set(results.map(({ stages }) => stages.length))).toEqual(new Set([1, 2, 3, 4, 5]))
    expect(new Set(results.flatMap(({ stages }) => stages.map((stage) => stage.stageType)))).toEqual(
      new Set(STAGE_TYPES),
    )
    expect(new Set(results.map(({ known }) => known.flowId)).size).toBe(3)
    expect(results.some(({ known }) => known.snapshot === null)).toBe(true)
    const { stages: catalogue } = catalogueOf(made)
    expect(Object.keys(catalogue)).toHaveLength(3 * STAGE_TYPES.length)
    for (const { stages } of results) {
      for (const { stageId, stageType } of stages) expect(catalogue[stageId]).toBe(stageType)
      expect(new Set(stages.map((stage) => stage.stageId)).size).toBe(stages.length)
    }
  })

  it('a list of stage types gives all of them in that order, a repeated type under two ids', () => {
    const made = source({ stages: ['PAN', 'UIDAI:otp', 'UIDAI:xml'] })
    const { stages } = made.resultFor(handshakeIdFor(7, 3))
    expect(stages.map((stage) => stage.stageType)).toEqual(['PAN', 'UIDAI', 'UIDAI'])
    expect(stages.map((stage) => stage.variant).slice(1)).toEqual(['otp', 'xml'])
    expect(new Set(stages.map((stage) => stage.stageId)).size).toBe(3)
  })

  it('refuses a stage type or variant that does not exist and says which there are', () => {
    expect(() => source({ stages: ['PASSPORT'] })).toThrow(/"PASSPORT" does not exist.*UIDAI/)
    expect(() => source({ stages: ['DL:lost'] })).toThrow(/DL has no variant "lost".*pending/)
  })
})

describe('the canary', () => {
  it('stands wherever a secret or a full Aadhaar number stands, and in every tag', () => {
    const canary = { secret: 'CANARY-SECRET', aadhaar: '234567890124' }
    const stages = ['UIDAI:otp', 'UIDAI:xml', 'IPV', 'MOBILE_OTP', 'EMAIL_OTP', 'DIGILOCKER_DOC:done']
    const made = source({ stages, canary })
    const body = JSON.parse(made.resultFor(handshakeIdFor(7, 5)).body.toString())
    expect(body.tag).toContain(canary.aadhaar)
    const inputs = made
      .resultFor(handshakeIdFor(7, 5))
      .stages.map(({ stageId }) => body.result[stageId].input)
    expect(inputs[0]).toMatchObject({ secret: canary.secret, otp: canary.secret, code: canary.secret })
    expect(inputs[1].code).toBe(canary.secret)
    expect(inputs[2].otp).toBe(canary.secret)
    expect(inputs[3]).toMatchObject({ otp: canary.secret, req: canary.secret })
    expect(inputs[4]).toMatchObject({ otp: canary.secret, req: canary.secret })
    expect(inputs[5].params.uid).toBe(canary.aadhaar)
  })
})
