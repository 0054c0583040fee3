import { EXPECTED_REFERENCE } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.13 */
export const employment: StageSpec = {
  name: 'EMPLOYMENT',
  about: 'Former and present work, confirmed by staff',
  source: '3.13',
  variants: [],
  input: {
    items: { type: 'list', items: 'nested', inside: 'known', label: 'S', class: 'personal' },
    'items[].employer': { type: 'text', label: 'S', example: 'Example & Co.' },
    'items[].reg': { type: 'text', label: 'S', example: 'EMP/0001' },
    'items[].position': { type: 'text', label: 'S', example: 'Clerk' },
    'items[].startDate': { type: 'date', form: 'DD-MM-YYYY', label: 'S', example: '01-02-2012' },
    'items[].ended': { type: 'boolean', label: 'S', example: true },
    'items[].endDate': { type: 'date', form: 'DD-MM-YYYY', label: 'S', example: '01-02-2018' },
    'items[].documents': { type: 'list', items: 'text', inside: 'known', label: 'S' },
    'items[].references': {
      type: 'list',
      items: 'nested',
      inside: 'known',
      label: 'S',
      class: 'third-person',
    },
    'items[].references[].name': { type: 'text', label: 'S', example: 'Invented Example' },
    'items[].references[].position': { type: 'text', label: 'S', example: 'Manager' },
    'items[].references[].email': { type: 'text', label: 'S', example: 'invented@example.com' },
    'items[].references[].contact': { type: 'text', label: 'S', example: '5000000000' },
  },
  output: { ...EXPECTED_REFERENCE },
  gaps: [{ side: 'output', about: 'the whole output' }],
  shapes: [
    {
      input: {
        all: ['items[].employer'],
        of: ['items[].position', 'items[].startDate', 'items[].endDate', 'items[].references'],
        least: 1,
      },
    },
  ],
  pending: { form: 'reference', label: 'D' },
}
