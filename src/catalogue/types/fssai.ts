import type { StageSpec } from '../model.js'

/** Source: attestr.md sections 3.2 and 3.16 */
export const fssai: StageSpec = {
  name: 'FSSAI',
  about: 'Licence of the food safety authority',
  source: '3.16',
  variants: [],
  input: {
    reg: { type: 'text', label: 'D', nullable: false, example: '00000000000000' },
    fetchProducts: { type: 'boolean', label: 'D', example: false },
  },
  output: {
    // One version of the page says it is a text.
    valid: { type: 'boolean', or: 'text', label: 'D', nullable: false, example: true },
    message: { type: 'text', label: 'D', example: 'No record found' },
    expiry: { type: 'date', form: 'YYYY-MM-DD', label: 'I', example: '2029-02-01' },
  },
  gaps: [
    { side: 'output', about: 'name, status, type or category, and address' },
    { side: 'output', about: 'with fetchProducts: a list of products' },
  ],
  shapes: [{ input: { all: ['reg', 'fetchProducts'] } }],
  pending: null,
}
