import { COURT_FINDINGS, COURT_GAPS, COURT_OUTPUT, COURT_VARIANTS } from '../court-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.15 */
export const ecourtPerson: StageSpec = {
  name: 'ECOURT_PERSON',
  about: 'Court records of a person',
  source: '3.15',
  variants: COURT_VARIANTS,
  input: {
    name: { type: 'text', label: 'S', example: 'Asha Example', class: 'personal' },
    fatherName: { type: 'text', label: 'S', example: 'Invented Example', class: 'third-person' },
    birthDate: { type: 'date', form: 'DD-MM-YYYY', label: 'S', example: '01-02-1990', class: 'personal' },
    address: { type: 'text', label: 'S', example: 'FLAT 1, EXAMPLE COLONY', class: 'personal' },
    additionalAddress: { type: 'text', label: 'S', class: 'personal' },
    extended: { type: 'boolean', label: 'S', example: false },
    // Either the boolean false or a text.
    priority: { type: 'text', or: 'boolean', label: 'S', example: 'HIGH' },
  },
  output: COURT_OUTPUT,
  gaps: COURT_GAPS,
  shapes: [
    {
      input: {
        all: ['fatherName'],
        of: ['birthDate', 'address', 'additionalAddress', 'extended', 'priority'],
        least: 3,
      },
    },
    {
      input: { all: ['fatherName'] },
      output: COURT_FINDINGS,
    },
  ],
  pending: { form: 'items', label: 'D' },
}
