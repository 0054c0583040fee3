import type { Fields } from './model.js'

/** Members that many types have in common. */

/** A check says whether its input is valid; if not, `valid` and `message` are all there is. Source: attestr.md section 3.2 */
export const CHECK: Fields = {
  valid: { type: 'boolean', label: 'D', nullable: false, example: true },
  message: { type: 'text', label: 'D', example: 'No record found' },
}

/** The same where no page of the output was seen. */
export const EXPECTED_CHECK: Fields = {
  valid: { type: 'boolean', label: 'I', example: true },
  message: { type: 'text', label: 'I', example: 'No record found' },
}

/** The same of a check that may be pending: then neither is there. */
export const LATER_CHECK: Fields = {
  valid: { type: 'boolean', label: 'D', example: true },
  message: { type: 'text', label: 'D', example: 'No record found' },
}

/** An output that is still to come. Source: attestr.md sections 3.18 and 6.3 */
export const REFERENCE: Fields = {
  _id: { type: 'text', label: 'D', example: 'AR0inventedreference' },
  number: { type: 'text', label: 'D', example: '3800-000000-0001' },
}

/** The same where it is only inferred that the stage is asynchronous. */
export const EXPECTED_REFERENCE: Fields = {
  _id: { type: 'text', label: 'I', example: 'AR0inventedreference' },
  number: { type: 'text', label: 'I', example: '3800-000000-0001' },
}
