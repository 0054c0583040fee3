import { CHECK } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.6 */
export const pan: StageSpec = {
  name: 'PAN',
  about: 'Permanent account number of the income tax department',
  source: '3.6',
  variants: [
    { name: 'basic', about: 'name and state of the number', label: 'C' },
    { name: 'comprehensive', about: 'with `extended`: also birth date, gender and address', label: 'D' },
  ],
  input: {
    pan: { type: 'text', label: 'S', nullable: false, example: 'ABCPE0000F', class: 'government-id' },
    extended: { type: 'boolean', label: 'S', example: false },
  },
  output: {
    ...CHECK,
    name: { type: 'text', label: 'D', example: 'ASHA EXAMPLE', class: 'personal' },
    displayName: { type: 'text', label: 'D', example: 'Asha Example', class: 'personal' },
    category: { type: 'text', label: 'D', example: 'Person' },
    // Yes, no, and one value more.
    aadhaarLinked: { type: 'boolean', or: 'text', label: 'D', example: true, class: 'personal' },
    panStatus: { type: 'text', label: 'C', example: 'EXISTING AND VALID' },
    panStatusCode: { type: 'text', label: 'C', example: 'E' },
    nameMatches: { type: 'boolean', label: 'C', example: true },
    birthOrIncorporatedDateMatches: { type: 'boolean', label: 'C', example: true },
    gender: { type: 'text', label: 'D', example: 'female', class: 'personal', in: ['comprehensive'] },
    birthOrIncorporatedDate: {
      type: 'date',
      form: 'unknown',
      label: 'D',
      example: '01-02-1990',
      class: 'personal',
      in: ['comprehensive'],
    },
  },
  gaps: [
    { side: 'output', about: 'comprehensive: the address, with state, district and pin' },
    { side: 'output', about: 'comprehensive: the masked Aadhaar number' },
  ],
  shapes: [
    { input: { all: ['pan', 'extended'] } },
    {
      input: { all: ['pan'] },
      output: {
        of: [
          'displayName',
          'category',
          'aadhaarLinked',
          'panStatus',
          'panStatusCode',
          'nameMatches',
          'birthOrIncorporatedDateMatches',
          'birthOrIncorporatedDate',
        ],
        least: 2,
      },
    },
  ],
  pending: null,
}
