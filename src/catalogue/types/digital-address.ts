import { EXPECTED_REFERENCE } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.12. Media ids are references: what is behind them needs a credential */
export const digitalAddress: StageSpec = {
  name: 'DIGITAL_ADDRESS',
  about: 'An address, by photographs and position',
  source: '3.12',
  variants: [],
  input: {
    address: { type: 'text', label: 'S', example: 'FLAT 1, EXAMPLE COLONY', class: 'personal' },
    stayingSinceMonth: { type: 'number-as-text', label: 'S', example: '4', class: 'personal' },
    stayingSinceYear: { type: 'number-as-text', label: 'S', example: '2010', class: 'personal' },
    docType: { type: 'text', label: 'S', example: 'UIDAI', class: 'personal' },
    frontDoc: { type: 'text', label: 'S', example: 'MX1invented000001', class: 'personal' },
    backDoc: { type: 'text', label: 'S', example: 'MX1invented000002', class: 'personal' },
    extOne: { type: 'list', items: 'text', inside: 'known', label: 'S', class: 'personal' },
    extTwo: { type: 'list', items: 'text', inside: 'known', label: 'S', class: 'personal' },
    origLatitude: { type: 'number', label: 'S', example: 17.5, class: 'personal' },
    origLongitude: { type: 'number', label: 'S', example: 78.5, class: 'personal' },
    latitude: { type: 'number', label: 'S', example: 17.5, class: 'personal' },
    longitude: { type: 'number', label: 'S', example: 78.5, class: 'personal' },
  },
  output: { ...EXPECTED_REFERENCE },
  gaps: [{ side: 'output', about: 'the whole output' }],
  shapes: [
    {
      input: {
        of: [
          'stayingSinceMonth',
          'stayingSinceYear',
          'frontDoc',
          'backDoc',
          'extOne',
          'extTwo',
          'origLatitude',
          'origLongitude',
        ],
        least: 3,
      },
    },
  ],
  pending: { form: 'reference', label: 'I' },
}
