import { CHECK } from '../check-output.js'
import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.8 */
export const gstin: StageSpec = {
  name: 'GSTIN',
  about: 'Registration for the goods and services tax',
  source: '3.8',
  variants: [
    { name: 'plain', about: 'the registration', label: 'D' },
    { name: 'filings', about: 'with `fetchFilings`: also returns filed in a financial year', label: 'D' },
  ],
  input: {
    // Characters 3 to 12 are the PAN of its holder.
    gstin: { type: 'text', label: 'D', nullable: false, example: '36ABCPE0000F1Z5', class: 'government-id' },
    fetchFilings: { type: 'boolean', label: 'D', example: false },
    fy: { type: 'text', label: 'D', example: '2017-18', in: ['filings'] },
  },
  output: {
    ...CHECK,
    active: { type: 'boolean', label: 'D', example: true },
    einvoiceEnabled: { type: 'boolean', label: 'D', example: false },
    legalName: { type: 'text', label: 'D', example: 'ASHA EXAMPLE', class: 'personal' },
    tradeName: { type: 'text', label: 'D', example: 'EXAMPLE TRADERS', class: 'personal' },
    pan: { type: 'text', label: 'D', example: 'ABCPE0000F', class: 'government-id' },
    constitution: { type: 'text', label: 'D', example: 'Proprietorship' },
    type: { type: 'text', label: 'D', example: 'Regular' },
    nature: { type: 'text', or: 'list', label: 'D', example: 'Retail Business' },
    state: { type: 'text', label: 'D', example: 'Telangana' },
    stateCode: { type: 'text', label: 'D', example: '36' },
    center: { type: 'text', label: 'D', example: 'EXAMPLEABAD' },
    centerCode: { type: 'text', label: 'D', example: 'YK0000' },
    registered: { type: 'date', form: 'unknown', label: 'D', example: '01-07-2017' },
    // The date of the register, not the epoch ms of the webhook's `updated`.
    updated: { type: 'date', form: 'unknown', label: 'D', example: '01-07-2019' },
    expiry: { type: 'date', form: 'unknown', label: 'D', example: '01-07-2029' },
    primaryAddress: { type: 'nested', inside: 'known', label: 'I', class: 'personal' },
    'primaryAddress.type': { type: 'text', label: 'I', example: 'Principal' },
    'primaryAddress.building': { type: 'text', label: 'I', example: 'FLAT 1' },
    'primaryAddress.buildingName': { type: 'text', label: 'I', example: 'EXAMPLE HOUSE' },
    'primaryAddress.floor': { type: 'text', label: 'I', example: '1' },
    'primaryAddress.street': { type: 'text', label: 'I', example: 'Example Street' },
    'primaryAddress.locality': { type: 'text', label: 'I', example: 'EXAMPLE COLONY' },
    'primaryAddress.district': { type: 'text', label: 'I', example: 'Hyderabad' },
    'primaryAddress.state': { type: 'text', label: 'I', example: 'Telangana' },
    'primaryAddress.zip': { type: 'text', label: 'I', example: '500000' },
    'primaryAddress.latitude': { type: 'number-as-text', label: 'I', example: '17.000000' },
    'primaryAddress.longitude': { type: 'number-as-text', label: 'I', example: '78.000000' },
    'primaryAddress.nature': { type: 'text', label: 'I', example: 'Retail Business' },
  },
  gaps: [
    { side: 'output', about: 'a list of additional addresses, each like primaryAddress' },
    { side: 'output', about: 'filings: a list of filing date, period, ARN and status' },
  ],
  shapes: [
    { input: { all: ['gstin', 'fetchFilings'] } },
    {
      input: { all: ['gstin'] },
      output: { of: ['legalName', 'tradeName', 'constitution', 'einvoiceEnabled', 'centerCode'], least: 2 },
    },
  ],
  pending: null,
}
