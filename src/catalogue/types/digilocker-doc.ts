import { EXPECTED_CHECK } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.5 */
export const digilockerDoc: StageSpec = {
  name: 'DIGILOCKER_DOC',
  about: 'A document out of DigiLocker',
  source: '3.5',
  variants: [],
  input: {
    issuer: { type: 'text', label: 'S', nullable: false, example: 'in.example.issuer' },
    document: { type: 'text', label: 'S', nullable: false, example: 'EXDOC' },
    // A true map: its keys differ by issuer, and most hold a number of the document.
    params: { type: 'nested', inside: 'partly', label: 'S', class: 'government-id' },
    'params.name': { type: 'text', label: 'S', example: 'Asha Example', class: 'personal' },
    'params.uid': {
      type: 'text',
      label: 'S',
      example: 'xxxxxxxx0000',
      class: 'government-id',
      aadhaar: true,
    },
  },
  output: { ...EXPECTED_CHECK },
  gaps: [
    { side: 'input', about: 'keys of params, which differ by issuer' },
    { side: 'output', about: 'the document, as XML, JSON, PDF content or a media id' },
  ],
  shapes: [{ input: { all: ['issuer', 'document'] } }],
  pending: null,
}
