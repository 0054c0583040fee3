import { CHECK } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.7 */
export const vpa: StageSpec = {
  name: 'VPA',
  about: 'UPI address',
  source: '3.7',
  variants: [],
  input: {
    // Often a mobile number.
    vpa: { type: 'text', label: 'D', nullable: false, example: 'asha@example', class: 'financial' },
  },
  output: {
    ...CHECK,
    name: { type: 'text', label: 'D', example: 'ASHA EXAMPLE', class: 'personal' },
  },
  gaps: [],
  shapes: [{ input: { all: ['vpa'] } }],
  pending: null,
}
