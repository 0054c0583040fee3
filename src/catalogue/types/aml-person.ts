import { EXPECTED_REFERENCE } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.15. What the API takes beyond the SDK's form may or may not stand in a stage */
export const amlPerson: StageSpec = {
  name: 'AML_PERSON',
  about: 'A person against lists of sanctions and politically exposed persons',
  source: '3.15',
  variants: [{ name: 'extended', about: 'answered later', label: 'I' }],
  input: {
    firstName: { type: 'text', label: 'S', example: 'Asha', class: 'personal' },
    middleName: { type: 'text', label: 'S', class: 'personal' },
    lastName: { type: 'text', label: 'S', example: 'Example', class: 'personal' },
    dob: { type: 'date', form: 'DD-MM-YYYY', label: 'S', example: '01-02-1990', class: 'personal' },
    tag: { type: 'text', label: 'I', example: 'REF-0001' },
    threshold: { type: 'number', label: 'I', example: 80 },
    dobDelta: { type: 'number', label: 'I', example: 1 },
    countries: { type: 'list', items: 'text', inside: 'known', label: 'I' },
    gender: { type: 'text', label: 'I', example: 'F', class: 'personal' },
    extended: { type: 'boolean', label: 'I', example: false },
    webhook: { type: 'boolean', label: 'I', example: false },
  },
  output: { ...EXPECTED_REFERENCE },
  gaps: [{ side: 'output', about: 'the whole output' }],
  // No foreign name beside these: other types take a name and a birth date too.
  shapes: [{ input: { all: ['firstName', 'lastName', 'dob'] }, closed: true }],
  pending: { form: 'reference', label: 'I' },
}
