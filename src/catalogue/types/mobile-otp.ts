import { EXPECTED_CHECK } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.16 */
export const mobileOtp: StageSpec = {
  name: 'MOBILE_OTP',
  about: 'A mobile number, by one-time password',
  source: '3.16',
  variants: [],
  input: {
    mobile: { type: 'text', label: 'S', example: '5000000000', class: 'personal' },
    req: { type: 'text', label: 'S', example: 'request-0001', class: 'secret' },
    otp: { type: 'text', label: 'S', example: '000000', class: 'secret' },
  },
  output: { ...EXPECTED_CHECK },
  gaps: [{ side: 'output', about: 'everything beyond what checks have in common' }],
  // No foreign name beside these: any check may be confirmed by a one-time password.
  shapes: [{ input: { all: ['mobile', 'req', 'otp'] }, closed: true }],
  pending: null,
}
