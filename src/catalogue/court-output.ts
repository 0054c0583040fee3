import { LATER_CHECK } from './check-output.js'
import type { Fields, Gap, SideShape, StageVariant } from './model.js'

/** What both court checks answer. Source: attestr.md section 3.15. Cases are allegations, and name other parties */

export const COURT_VARIANTS: readonly StageVariant[] = [
  { name: 'pending', about: '`items` of async references', label: 'C' },
  { name: 'final', about: 'what was found', label: 'C' },
]

export const COURT_OUTPUT: Fields = {
  items: { type: 'list', items: 'nested', inside: 'known', label: 'C', in: ['pending'] },
  'items[]._id': { type: 'text', label: 'C', example: 'AR0inventedreference', in: ['pending'] },
  'items[].number': { type: 'text', label: 'C', example: '3800-000000-0001', in: ['pending'] },
  ...LATER_CHECK,
  casesCount: { type: 'unknown', label: 'C', class: 'allegation', action: 'keep', in: ['final'] },
  finalRiskLevel: { type: 'unknown', label: 'C', class: 'allegation', action: 'keep', in: ['final'] },
  finalRiskSummary: { type: 'unknown', label: 'C', class: 'allegation', in: ['final'] },
  records: {
    type: 'list',
    items: 'unknown',
    inside: 'unknown',
    label: 'C',
    class: 'allegation',
    in: ['final'],
  },
}

export const COURT_GAPS: readonly Gap[] = [{ side: 'output', about: 'items of records' }]

export const COURT_FINDINGS: SideShape = {
  of: ['casesCount', 'finalRiskLevel', 'finalRiskSummary', 'records'],
  least: 2,
}
