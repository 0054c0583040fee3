import { Buffer } from 'node:buffer'
import type { BodyForm } from './json.js'

/** The members of an answer as JSON texts; undefined leaves a member out. Source: the seed page */
export interface BodyParts {
  readonly id: string | undefined
  readonly number: string
  readonly tag: string
  readonly requestId: string
  readonly consumed: boolean
  /** epoch milliseconds */
  readonly archived: number | undefined
  readonly resultText: Buffer | string | undefined
  /** JSON text: a string with its quotes, `null`, or anything else */
  readonly signatureText: string | undefined
  /** more members, as JSON texts by name */
  readonly extra?: readonly (readonly [string, string])[]
}

const SEPARATORS: Readonly<Record<BodyForm, { open: string; colon: string; comma: string; close: string }>> =
  {
    compact: { open: '{', colon: ':', comma: ',', close: '}' },
    escaped: { open: '{', colon: ':', comma: ',', close: '}' },
    spaced: { open: '{ ', colon: ' : ', comma: ' , ', close: ' }' },
    pretty: { open: '{\n  ', colon: ': ', comma: ',\n  ', close: '\n}\n' },
  }

/** The bytes of an answer; `resultBytes` is a part of them, empty without a result. */
export interface Body {
  readonly body: Buffer
  readonly resultBytes: Buffer
}

/**
 * Puts the body of an answer together around the exact text of `result`.
 *
 * Out:    JSON in the member order of the seed page
 */
export function composeBody(parts: BodyParts, form: BodyForm): Body {
  const { open, colon, comma, close } = SEPARATORS[form]
  const members = [
    ...(parts.id === undefined ? [] : [`"_id"${colon}${JSON.stringify(parts.id)}`]),
    `"number"${colon}${JSON.stringify(parts.number)}`,
    `"tag"${colon}${JSON.stringify(parts.tag)}`,
    `"requestId"${colon}${JSON.stringify(parts.requestId)}`,
    `"consumed"${colon}${parts.consumed}`,
    ...(parts.archived === undefined ? [] : [`"archived"${colon}${parts.archived}`]),
    ...(parts.extra ?? []).map(([name, text]) => `${JSON.stringify(name)}${colon}${text}`),
  ]
  const hasResult = parts.resultText !== undefined
  const head = Buffer.from(open + members.join(comma) + (hasResult ? `${comma}"result"${colon}` : ''))
  const result = typeof parts.resultText === 'object' ? parts.resultText : Buffer.from(parts.resultText ?? '')
  const hasSignature = parts.signatureText !== undefined
  const tail = Buffer.from(
    (hasSignature ? `${comma}"resultSignature"${colon}${parts.signatureText}` : '') + close,
  )
  const body = Buffer.concat([head, result, tail])
  return { body, resultBytes: body.subarray(head.length, head.length + result.length) }
}
