import { EXPECTED_CHECK } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.11 */
export const ipv: StageSpec = {
  name: 'IPV',
  about: 'In-person verification by video',
  source: '3.11',
  variants: [],
  input: {
    videoMedia: {
      type: 'text',
      label: 'S',
      example: 'MX1invented000001',
      class: 'biometric',
      action: 'keep',
    },
    photoMedia: {
      type: 'text',
      label: 'S',
      example: 'MX1invented000002',
      class: 'biometric',
      action: 'keep',
    },
    otp: { type: 'text', label: 'S', nullable: false, example: '0000', class: 'secret' },
    startTs: { type: 'date', form: 'epoch-ms', label: 'S', nullable: false, example: 1_600_000_000_000 },
    endTs: { type: 'date', form: 'epoch-ms', label: 'S', nullable: false, example: 1_600_000_030_000 },
    lat: { type: 'number', label: 'S', example: 17.5, class: 'personal' },
    lng: { type: 'number', label: 'S', example: 78.5, class: 'personal' },
  },
  output: { ...EXPECTED_CHECK },
  gaps: [{ side: 'output', about: 'everything beyond what checks have in common' }],
  shapes: [
    { input: { all: ['videoMedia'], of: ['photoMedia', 'startTs', 'endTs'], least: 1 } },
    { input: { all: ['otp', 'startTs', 'endTs'] } },
  ],
  pending: null,
}
