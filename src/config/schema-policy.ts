/** The key `policy`: overrides of the table of answers. Source: product.md sections 4 and 10. */
import { z } from 'zod'
import { FAILURES, type FailureCode } from '../core/failure.js'
import { isPolicyCode, POLICY_REASONS, readAction } from '../core/policy.js'
import { suggest } from './suggest.js'
import { whole } from './values.js'

const CODES = Object.keys(FAILURES).filter((code) => isPolicyCode(code as FailureCode))
const KINDS = ['dead', 'delay', 'retry', 'wait', 'pause']
const MAX_ROWS = 1_000

const didYouMean = (near: string | null, otherwise: string): string =>
  near === null ? otherwise : ` (did you mean ${near}?)`

/** Out: what is wrong with an action, null when nothing is. */
function actionProblem(action: string): string | null {
  const [kind = ''] = action.split(':', 1)
  const target = action === kind ? null : action.slice(kind.length + 1)
  if (target !== null && (kind === 'dead' || kind === 'delay')) return codeProblem(target)
  if (readAction(action) !== null) return null
  if (target !== null && kind === 'pause') return reasonProblem(target)
  const near = suggest(kind, KINDS)
  return `must be dead:CODE, delay:CODE, retry, wait or pause:REASON${didYouMean(near === kind ? null : near, '')}`
}

function reasonProblem(reason: string): string {
  const near = suggest(reason, POLICY_REASONS)
  return `names a pause reason that does not exist${didYouMean(near, `; there are ${POLICY_REASONS.join(', ')}`)}`
}

function codeProblem(code: string): string | null {
  if (CODES.includes(code)) return null
  if (Object.hasOwn(FAILURES, code)) return 'names a failure code that no answer of the API leads to'
  const near = suggest(code, CODES)
  return `names a failure code that does not exist${didYouMean(near, '; see `attestr-kafka codes`')}`
}

const row = z.strictObject({
  status: whole('HTTP status; 200 is always read.', 100, 599),
  code: whole('Code of Attestr; null for every code of the status.', 0).nullable().default(null),
  action: z
    .string()
    .superRefine((value, context) => {
      const problem = actionProblem(value)
      if (problem !== null) context.addIssue({ code: 'custom', message: problem })
    })
    .describe('dead:CODE, delay:CODE, retry, wait or pause:REASON.'),
})

export const policy = z
  .array(row)
  .max(MAX_ROWS)
  .default([])
  .describe(
    'Overrides of the table of answers; `attestr-kafka codes --policy --config FILE` prints what holds.',
  )
