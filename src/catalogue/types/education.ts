import { EXPECTED_REFERENCE } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.13. The API has months and years as numbers, the SDK sends texts */
export const education: StageSpec = {
  name: 'EDUCATION',
  about: 'A degree, confirmed by staff',
  source: '3.13',
  variants: [],
  input: {
    level: {
      type: 'text',
      label: 'S',
      example: 'GRADUATE',
      class: 'personal',
      values: ['SSC', 'HSC', 'GRADUATE', 'POST_GRADUATE', 'DOCTORATE', 'OTHER', 'HIGHEST'],
    },
    course: { type: 'text', label: 'S', example: 'BTECH', class: 'personal' },
    courseName: { type: 'text', label: 'S', example: 'Example Engineering', class: 'personal' },
    reg: { type: 'text', label: 'S', example: 'EX-0001', class: 'personal' },
    startMonth: { type: 'number-as-text', label: 'S', example: '7', class: 'personal' },
    startYear: { type: 'number-as-text', label: 'S', example: '2008', class: 'personal' },
    ended: { type: 'boolean', label: 'S', example: true, class: 'personal' },
    endedMonth: { type: 'number-as-text', label: 'S', example: '6', class: 'personal' },
    endedYear: { type: 'number-as-text', label: 'S', example: '2012', class: 'personal' },
    documents: { type: 'list', items: 'text', inside: 'known', label: 'S', class: 'personal' },
  },
  output: { ...EXPECTED_REFERENCE },
  gaps: [{ side: 'output', about: 'the whole output' }],
  shapes: [
    {
      input: {
        of: ['level', 'course', 'courseName', 'startMonth', 'startYear', 'endedMonth', 'endedYear'],
        least: 4,
      },
    },
  ],
  pending: { form: 'reference', label: 'D' },
}
