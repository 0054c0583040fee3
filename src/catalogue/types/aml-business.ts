import { EXPECTED_REFERENCE } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.15 */
export const amlBusiness: StageSpec = {
  name: 'AML_BUSINESS',
  about: 'A business against lists of sanctions',
  source: '3.15',
  variants: [{ name: 'extended', about: 'answered later', label: 'I' }],
  input: {
    businessName: { type: 'text', label: 'S', example: 'EXAMPLE LLP' },
  },
  output: { ...EXPECTED_REFERENCE },
  gaps: [{ side: 'output', about: 'the whole output' }],
  // One name that any search for a business has, and an output nobody has seen: nothing tells it.
  shapes: [],
  pending: { form: 'reference', label: 'I' },
}
