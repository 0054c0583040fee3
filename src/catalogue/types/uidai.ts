import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.3; the output is that of the documented sample result */
export const uidai: StageSpec = {
  name: 'UIDAI',
  about: 'Aadhaar offline XML',
  source: '3.3',
  variants: [
    { name: 'otp', about: 'one-time password and captcha: the documented sample, older', label: 'D' },
    { name: 'xml', about: 'an uploaded XML file, newer', label: 'S' },
  ],
  input: {
    uuid: {
      type: 'text',
      label: 'D',
      nullable: false,
      example: 'xxxxxxxx0000',
      class: 'government-id',
      aadhaar: true,
    },
    secret: { type: 'text', label: 'D', example: 'AbCdE', class: 'secret', in: ['otp'] },
    otp: { type: 'text', label: 'D', example: '000000', class: 'secret', in: ['otp'] },
    code: { type: 'text', label: 'D', example: '0000', class: 'secret' },
    email: { type: 'text', label: 'D', example: 'asha@example.com', class: 'personal' },
    mobile: { type: 'text', label: 'D', example: '5000000000', class: 'personal' },
    // A reference: the file behind it needs a credential.
    media: {
      type: 'text',
      label: 'S',
      example: 'MX1invented000001',
      class: 'biometric',
      action: 'keep',
      in: ['xml'],
    },
    validateMobile: { type: 'boolean', label: 'I', example: true, in: ['xml'] },
    validateEmail: { type: 'boolean', label: 'I', example: false, in: ['xml'] },
  },
  output: {
    name: { type: 'text', label: 'D', example: 'Asha Example', class: 'personal' },
    birthDate: { type: 'date', form: 'DD-MM-YYYY', label: 'D', example: '01-02-1990', class: 'personal' },
    gender: { type: 'text', label: 'D', example: 'F', class: 'personal' },
    // A line of the address. It may name a parent or a spouse, and is kept all the same: a rule of the operator hides it.
    careOf: { type: 'text', label: 'D', example: 'C/O Invented Example', class: 'personal' },
    houseNumber: { type: 'text', label: 'D', example: 'FLAT 1', class: 'personal' },
    street: { type: 'text', label: 'D', example: 'Example Street', class: 'personal' },
    landmark: { type: 'text', label: 'D', example: 'Near the example', class: 'personal' },
    location: { type: 'text', label: 'D', example: 'EXAMPLE COLONY', class: 'personal' },
    vtc: { type: 'text', label: 'D', example: 'Exampleabad', class: 'personal' },
    postOffice: { type: 'text', label: 'D', example: 'Example Colony', class: 'personal' },
    subdistrict: { type: 'text', label: 'D', example: 'Exampleabad', class: 'personal' },
    district: { type: 'text', label: 'D', example: 'Hyderabad', class: 'personal' },
    state: { type: 'text', label: 'D', example: 'Telangana', class: 'personal' },
    country: { type: 'text', label: 'D', example: 'India', class: 'personal' },
    zip: { type: 'text', label: 'D', example: '500000', class: 'personal' },
    hashedMobile: { type: 'text', label: 'D', example: '00'.repeat(32), class: 'personal' },
    hashedEmail: { type: 'text', label: 'D', example: '00'.repeat(32), class: 'personal' },
    pht: { type: 'text', label: 'D', example: '/9j/AAAA', class: 'biometric' },
    signature: { type: 'text', label: 'D', example: 'AAAA\nAAAA==' },
    digest: { type: 'text', label: 'D', example: 'AAAA=' },
  },
  gaps: [],
  shapes: [
    { input: { all: ['uuid', 'code'] } },
    { input: { all: ['uuid'], of: ['secret', 'otp', 'media'], least: 1 } },
    { output: { all: ['pht'], of: ['digest', 'hashedMobile', 'hashedEmail', 'vtc'], least: 2 } },
  ],
  pending: null,
}
