import { EXPECTED_CHECK } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.11. Media ids are references: what is behind them needs a credential */
export const faceMatch: StageSpec = {
  name: 'FACE_MATCH',
  about: 'A photograph against that of a document',
  source: '3.11',
  variants: [],
  input: {
    src: {
      type: 'text',
      label: 'S',
      nullable: false,
      example: 'MX1invented000001',
      class: 'biometric',
      action: 'keep',
    },
    targetFront: {
      type: 'text',
      label: 'S',
      nullable: false,
      example: 'MX1invented000002',
      class: 'biometric',
      action: 'keep',
    },
    targetBack: {
      type: 'text',
      label: 'S',
      example: 'MX1invented000003',
      class: 'biometric',
      action: 'keep',
    },
    type: {
      type: 'text',
      label: 'D',
      nullable: false,
      example: 'UIDAI',
      values: ['UIDAI', 'DL', 'PAN', 'VOTER', 'PASSPORT', 'GOV'],
    },
    threshold: { type: 'number', label: 'S', nullable: false, example: 80 },
  },
  output: {
    ...EXPECTED_CHECK,
    valid: { type: 'boolean', label: 'D', example: true },
    // Derived from faces, but of no use to find one: risk services need it.
    score: { type: 'unknown', label: 'I', class: 'biometric', action: 'keep' },
  },
  gaps: [],
  shapes: [{ input: { all: ['src', 'targetFront'] } }],
  pending: null,
}
