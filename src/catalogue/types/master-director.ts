import { CHECK } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.14 */
export const masterDirector: StageSpec = {
  name: 'MASTER_DIRECTOR',
  about: 'A company director in the register of the ministry',
  source: '3.14',
  variants: [{ name: 'advanced', about: 'also contact data', label: 'C' }],
  input: {
    // A DIN stands in a public register.
    reg: {
      type: 'text',
      label: 'D',
      nullable: false,
      example: '00000000',
      class: 'government-id',
      action: 'keep',
    },
  },
  output: {
    ...CHECK,
    din: { type: 'unknown', label: 'C', example: '00000000', class: 'government-id', action: 'keep' },
    status: { type: 'unknown', label: 'C' },
    firstName: { type: 'unknown', label: 'C', example: 'Asha', class: 'personal' },
    middleName: { type: 'unknown', label: 'C', class: 'personal' },
    lastName: { type: 'unknown', label: 'C', example: 'Example', class: 'personal' },
    fullName: { type: 'unknown', label: 'C', example: 'Asha Example', class: 'personal' },
    dinAllocationDate: { type: 'date', form: 'unknown', label: 'C' },
    disqualified: { type: 'unknown', label: 'C' },
    dir3KYCFiled: { type: 'unknown', label: 'C' },
    dir3KYCFiledFY: { type: 'unknown', label: 'C' },
    associations: { type: 'list', items: 'unknown', inside: 'unknown', label: 'C' },
    signatoryAssociations: { type: 'list', items: 'unknown', inside: 'unknown', label: 'C' },
    pastAssociations: { type: 'list', items: 'unknown', inside: 'unknown', label: 'C' },
    indexId: { type: 'unknown', label: 'C' },
    updated: { type: 'unknown', label: 'C' },
  },
  gaps: [
    { side: 'output', about: 'fields whose names begin with disqualification and with dinSurrender' },
    { side: 'output', about: 'items of the three lists of associations' },
    { side: 'output', about: 'advanced: contact data' },
  ],
  shapes: [
    {
      input: { all: ['reg'] },
      output: {
        of: [
          'din',
          'dinAllocationDate',
          'dir3KYCFiled',
          'dir3KYCFiledFY',
          'signatoryAssociations',
          'pastAssociations',
          'disqualified',
        ],
        least: 3,
      },
    },
  ],
  pending: null,
}
