import { EXPECTED_CHECK } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.16 */
export const emailOtp: StageSpec = {
  name: 'EMAIL_OTP',
  about: 'An email address, by one-time password',
  source: '3.16',
  variants: [],
  input: {
    email: { type: 'text', label: 'S', example: 'asha@example.com', class: 'personal' },
    req: { type: 'text', label: 'S', example: 'request-0001', class: 'secret' },
    otp: { type: 'text', label: 'S', example: '000000', class: 'secret' },
  },
  output: { ...EXPECTED_CHECK },
  gaps: [{ side: 'output', about: 'everything beyond what checks have in common' }],
  // No foreign name beside these: any check may be confirmed by a one-time password.
  shapes: [{ input: { all: ['email', 'req', 'otp'] }, closed: true }],
  pending: null,
}
