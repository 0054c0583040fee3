import { COURT_FINDINGS, COURT_GAPS, COURT_OUTPUT, COURT_VARIANTS } from '../court-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.15 */
export const ecourtBusiness: StageSpec = {
  name: 'ECOURT_BUSINESS',
  about: 'Court records of a business',
  source: '3.15',
  variants: COURT_VARIANTS,
  input: {
    businessName: { type: 'text', label: 'S', example: 'EXAMPLE LLP' },
    reg: { type: 'text', label: 'S', example: 'U00000EX2000PTC000000' },
    address: { type: 'text', label: 'S', example: 'FLAT 1, EXAMPLE COLONY' },
    extended: { type: 'boolean', label: 'S', example: false },
    priority: { type: 'text', or: 'boolean', label: 'S', example: 'HIGH' },
  },
  output: COURT_OUTPUT,
  gaps: COURT_GAPS,
  shapes: [
    { input: { all: ['businessName', 'priority'], of: ['address', 'extended'], least: 1 } },
    {
      input: { all: ['businessName'] },
      output: COURT_FINDINGS,
    },
  ],
  pending: { form: 'items', label: 'D' },
}
