import { EXPECTED_CHECK } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.5 */
export const epan: StageSpec = {
  name: 'EPAN',
  about: 'e-PAN card',
  source: '3.5',
  variants: [],
  input: {
    pan: { type: 'text', label: 'S', nullable: false, example: 'ABCPE0000F', class: 'government-id' },
    downloadPdf: { type: 'boolean', label: 'S', nullable: false, example: false },
  },
  output: { ...EXPECTED_CHECK },
  gaps: [
    { side: 'output', about: 'what is read from the card' },
    { side: 'output', about: 'with downloadPdf: the content of a PDF, or a media id' },
  ],
  shapes: [{ input: { all: ['pan', 'downloadPdf'] } }],
  pending: null,
}
