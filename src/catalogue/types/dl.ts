import { LATER_CHECK, REFERENCE } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.10. `ntp` is non-transport, `tp` is transport */
export const dl: StageSpec = {
  name: 'DL',
  about: 'Driving licence',
  source: '3.10',
  variants: [
    { name: 'pending', about: 'an async reference alone', label: 'D' },
    { name: 'final', about: 'the licence', label: 'D' },
  ],
  input: {
    dl: { type: 'text', label: 'S', example: 'EX0120000000001', class: 'government-id' },
    // The name of the same in the API; whether a stage has it is not known.
    reg: { type: 'text', label: 'I', example: 'EX0120000000001', class: 'government-id' },
    dob: {
      type: 'date',
      form: 'DD-MM-YYYY',
      label: 'S',
      nullable: false,
      example: '01-02-1990',
      class: 'personal',
    },
  },
  output: {
    ...REFERENCE,
    ...LATER_CHECK,
    active: { type: 'boolean', label: 'D', example: true, in: ['final'] },
    owner: { type: 'text', label: 'D', example: 'Asha Example', class: 'personal', in: ['final'] },
    issued: { type: 'date', form: 'unknown', label: 'D', example: '01-02-2010', in: ['final'] },
    ntpIssued: { type: 'date', form: 'unknown', label: 'D', example: '01-02-2010', in: ['final'] },
    ntpExpiry: { type: 'date', form: 'unknown', label: 'D', example: '01-02-2030', in: ['final'] },
    tpIssued: { type: 'date', form: 'unknown', label: 'D', example: '01-02-2010', in: ['final'] },
    tpExpiry: { type: 'date', form: 'unknown', label: 'D', example: '01-02-2030', in: ['final'] },
    rto: { type: 'text', label: 'D', example: 'EX-01, EXAMPLEABAD', in: ['final'] },
    type: { type: 'text', label: 'D', example: 'Non-Transport', in: ['final'] },
    categories: { type: 'list', items: 'nested', inside: 'unknown', label: 'D', in: ['final'] },
  },
  gaps: [{ side: 'output', about: 'keys of categories: class of vehicle, category and issue date' }],
  shapes: [
    { input: { all: ['dl', 'dob'] } },
    { input: { all: ['dl'] }, output: { of: ['owner', 'ntpIssued', 'ntpExpiry', 'rto'], least: 2 } },
    {
      input: { all: ['reg', 'dob'] },
      output: { of: ['ntpIssued', 'ntpExpiry', 'tpIssued', 'tpExpiry'], least: 2 },
    },
  ],
  pending: { form: 'reference', label: 'D' },
}
