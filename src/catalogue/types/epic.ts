import { CHECK } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.9 */
export const epic: StageSpec = {
  name: 'EPIC',
  about: 'Voter id',
  source: '3.9',
  variants: [],
  input: {
    epic: { type: 'text', label: 'D', nullable: false, example: 'EXM0000000', class: 'government-id' },
  },
  output: {
    ...CHECK,
    name: { type: 'text', label: 'D', example: 'Asha Example', class: 'personal' },
    gender: { type: 'text', label: 'D', example: 'F', class: 'personal' },
    relationName: { type: 'text', label: 'D', example: 'Invented Example', class: 'third-person' },
    relationType: { type: 'text', label: 'D', example: 'FATHER', class: 'personal' },
    dob: { type: 'date', form: 'DD-MM-YYYY', label: 'D', example: '01-02-1990', class: 'personal' },
    age: { type: 'number-as-text', label: 'D', example: '31', class: 'personal' },
    houseNumber: { type: 'text', label: 'D', example: 'FLAT 1', class: 'personal' },
    area: { type: 'text', label: 'D', example: 'EXAMPLE COLONY', class: 'personal' },
    district: { type: 'text', label: 'D', example: 'Hyderabad', class: 'personal' },
    state: { type: 'text', label: 'D', example: 'Telangana', class: 'personal' },
    assemblyConstituency: { type: 'text', label: 'D', example: 'Exampleabad', class: 'personal' },
    assemblyConstituencyNumber: { type: 'text', label: 'D', example: '1', class: 'personal' },
    parliamentaryConstituency: { type: 'text', label: 'C', example: 'Exampleabad', class: 'personal' },
    pollingStation: { type: 'text', label: 'D', example: 'Example School, Room 1', class: 'personal' },
    partNumber: { type: 'text', label: 'D', example: '1', class: 'personal' },
  },
  gaps: [{ side: 'output', about: 'more fields: the table that was read is cut off' }],
  shapes: [{ input: { all: ['epic'] } }],
  pending: null,
}
