import { CHECK } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.7. `ifsc` is a text in the input and an object in the output */
export const bankAcc: StageSpec = {
  name: 'BANK_ACC',
  about: 'Bank account, by a penny drop',
  source: '3.7',
  variants: [
    { name: 'plain', about: 'holder and state of the account', label: 'D' },
    { name: 'ifsc-details', about: 'also what is known of the branch', label: 'D' },
  ],
  input: {
    // Leading zeros count.
    acc: { type: 'text', label: 'S', nullable: false, example: '000000000001', class: 'financial' },
    ifsc: { type: 'text', label: 'S', nullable: false, example: 'EXMP0000001' },
  },
  output: {
    ...CHECK,
    name: { type: 'text', label: 'D', example: 'ASHA EXAMPLE', class: 'personal' },
    status: { type: 'text', label: 'C', example: 'SUCCESS' },
    suggestion: { type: 'text', label: 'C', example: 'Name differs in one word' },
    ifsc: { type: 'nested', inside: 'unknown', label: 'D', in: ['ifsc-details'] },
  },
  gaps: [{ side: 'output', about: 'keys of ifsc' }],
  shapes: [{ input: { all: ['acc', 'ifsc'] } }],
  pending: null,
}
