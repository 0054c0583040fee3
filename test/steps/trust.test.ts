import { describe, expect, it } from 'vitest'
import { sourceText } from '../../src/core/json/tape.js'
import { ok, type Step } from '../../src/core/outcome.js'
import { readEnvelope } from '../../src/steps/envelope.js'
import { createFlatten, type Flatten } from '../../src/steps/flatten.js'
import { createProtect, PRIVACY_DEFAULTS, type PrivacyDefault } from '../../src/steps/protect.js'
import { createVerify, type TrustedResult, type Verify } from '../../src/steps/verify.js'
import { withCheckDigit } from '../support/aadhaar.js'
import { answerBytes, CREDENTIAL, HANDSHAKE_ID, signatureOf } from '../support/answers.js'
import { LIMITS, TYPE_RULES, TYPES, trusted } from '../support/flattening.js'

/**
 * The tests for P3 and P4 in a form that also takes faulty parts: each fault planted here is found by them.
 * The faulty parts are doubles; nothing in src can be switched to them.
 */

const SIGNED = '{"FS0a":{"input":{"a":1.0},"output":{"name":"A"}}}'
const COMPACT = '{"FS0a":{"input":{"a":1},"output":{"name":"A"}}}'
/** Result as received, text that was signed, whether the two belong together. */
const ANSWERS: readonly (readonly [string, string, boolean])[] = [
  [SIGNED, SIGNED, true],
  [SIGNED, COMPACT, true],
  [COMPACT.replace('"A"', '"B"'), COMPACT, false],
  [COMPACT.replace('1', '2'), COMPACT, false],
  [COMPACT.replace('{"a":1}', '{}'), COMPACT, false],
  ['{}', COMPACT, false],
]

/** P3: what is wrong with a verify step. Empty when it trusts what was signed and nothing else. */
function breachesOfTrust(verify: Verify): string[] {
  const breaches: string[] = []
  for (const [result, signed, isSigned] of ANSWERS) {
    const body = answerBytes(result, { resultSignature: JSON.stringify(signatureOf(signed)) })
    const reading = readEnvelope(body, HANDSHAKE_ID)
    if (reading.kind !== 'ready') throw new Error(reading.kind)
    const step = verify(reading.envelope, CREDENTIAL)
    if (step.kind !== 'ok') {
      if (isSigned) breaches.push(`${result} was refused`)
      continue
    }
    if (!isSigned) breaches.push(`${result} was trusted`)
    const { tape, node, verification } = step.value
    const hashed = signatureOf(sourceText(tape, node))
    if (hashed !== verification.signature || hashed !== signatureOf(signed))
      breaches.push(`${result}: other text than was hashed`)
  }
  return breaches
}

const verify = createVerify({ algorithm: 'sha256', method: 'auto', now: () => 0 })
const asReceived = (step: Step<TrustedResult>, envelope: Parameters<Verify>[0]): Step<TrustedResult> =>
  step.kind === 'ok' ? ok({ ...step.value, tape: envelope.tape, node: envelope.result }) : step

describe('P3: nothing unverified', () => {
  it('holds for the verify step', () => {
    expect(breachesOfTrust(verify)).toEqual([])
  })

  it('is seen to break when the signature is not compared', () => {
    const gullible: Verify = (envelope, credential) => {
      const signature = signatureOf(sourceText(envelope.tape, envelope.result))
      return verify({ ...envelope, signature }, credential)
    }
    expect(breachesOfTrust(gullible).length).toBeGreaterThan(0)
  })

  it('is seen to break when the received text is flattened in place of the hashed one', () => {
    const careless: Verify = (envelope, credential) => asReceived(verify(envelope, credential), envelope)
    expect(breachesOfTrust(careless)).toEqual([`${SIGNED}: other text than was hashed`])
  })
})

const NUMBER = withCheckDigit('48021234908')
const VID = withCheckDigit('912345678901234')
const PHOTO = 'QUJD'.repeat(3000)
/** Each canary, in a result and in a tag, by the rule that keeps it in. */
const CANARIES: Readonly<
  Record<PrivacyDefault, { readonly result: string; readonly tag: string; readonly marks: readonly string[] }>
> = {
  secrets: {
    result: `{"FS0a":{"input":{"otp":"M1","code":"M2","req":{"a":"M3"}},"output":{"list":[{"Token":"M4"}]},"auth":"M5"}}`,
    tag: '',
    marks: ['M1', 'M2', 'M3', 'M4', 'M5'],
  },
  'aadhaar-fields': {
    result: '{"FS0a":{"input":{"uuid":"480212349084"}},"FS0b":{"input":{"uuid":"4802xxxx9083"}}}',
    tag: '',
    marks: ['480212349084', '4802xxxx'],
  },
  'aadhaar-text': {
    result: `{"FS0a":{"input":{"a":"no. ${NUMBER}"},"output":{"${NUMBER}":[${NUMBER},"${VID}"]}}}`,
    tag: '',
    marks: [NUMBER, VID],
  },
  'tag-digits': { result: '{"FS0a":{}}', tag: `REF ${NUMBER}`, marks: [NUMBER] },
  media: {
    result: `{"FS0a":{"output":{"pht":"/9j/short","file":"${PHOTO}"}}}`,
    tag: '',
    marks: ['/9j/short', PHOTO],
  },
  catalogue: { result: '{"FS0pan":{"input":{"pan":"ABCPE0000F"}}}', tag: '', marks: ['ABCPE'] },
}

/** P4: the canaries that come out of flattening, by the rule that should keep them in. */
function leaks(flatten: Flatten, maskTag: (tag: string) => string): PrivacyDefault[] {
  return PRIVACY_DEFAULTS.filter((rule) => {
    const { result, tag, marks } = CANARIES[rule]
    const out = JSON.stringify([flatten(trusted(result), null), maskTag(tag)])
    return marks.some((mark) => out.includes(mark))
  })
}

describe('P4: nothing leaks', () => {
  it('holds with the default rules', () => {
    const protect = createProtect({ defaults: {}, rules: [], types: TYPE_RULES })
    expect(leaks(createFlatten({ limits: LIMITS, protect, stageTypeOf: TYPES }), protect.maskTag)).toEqual([])
  })

  it.each(PRIVACY_DEFAULTS)('is seen to break when %s is missing', (missing) => {
    const whole = createProtect({ defaults: {}, rules: [], types: TYPE_RULES })
    const without = createProtect({ defaults: { [missing]: 'keep' }, rules: [], types: TYPE_RULES })
    const found = leaks(
      createFlatten({ limits: LIMITS, protect: without, stageTypeOf: TYPES }),
      without.maskTag,
    )
    expect(found).toEqual([missing])
    expect(
      leaks(createFlatten({ limits: LIMITS, protect: whole, stageTypeOf: TYPES }), whole.maskTag),
    ).toEqual([])
  })
})
