import type { StageSpec } from '../model.js'

/** Source: attestr.md section 3.4. Names of the output but `photo` are expected to be those of UIDAI */
export const eaadhaar: StageSpec = {
  name: 'EAADHAAR',
  about: 'e-Aadhaar through DigiLocker',
  source: '3.4',
  variants: [],
  input: {},
  output: {
    name: { type: 'text', label: 'I', example: 'Asha Example', class: 'personal' },
    birthDate: { type: 'date', form: 'unknown', label: 'I', example: '01-02-1990', class: 'personal' },
    gender: { type: 'text', label: 'I', example: 'F', class: 'personal' },
    careOf: { type: 'text', label: 'I', example: 'C/O Invented Example', class: 'personal' },
    houseNumber: { type: 'text', label: 'I', example: 'FLAT 1', class: 'personal' },
    street: { type: 'text', label: 'I', example: 'Example Street', class: 'personal' },
    landmark: { type: 'text', label: 'I', example: 'Near the example', class: 'personal' },
    location: { type: 'text', label: 'I', example: 'EXAMPLE COLONY', class: 'personal' },
    vtc: { type: 'text', label: 'I', example: 'Exampleabad', class: 'personal' },
    postOffice: { type: 'text', label: 'I', example: 'Example Colony', class: 'personal' },
    subdistrict: { type: 'text', label: 'I', example: 'Exampleabad', class: 'personal' },
    district: { type: 'text', label: 'I', example: 'Hyderabad', class: 'personal' },
    state: { type: 'text', label: 'I', example: 'Telangana', class: 'personal' },
    country: { type: 'text', label: 'I', example: 'India', class: 'personal' },
    zip: { type: 'text', label: 'I', example: '500000', class: 'personal' },
    photo: { type: 'text', label: 'C', example: '/9j/AAAA', class: 'biometric' },
  },
  gaps: [{ side: 'output', about: 'the masked Aadhaar number' }],
  shapes: [
    {
      input: { none: true },
      output: { all: ['photo'], of: ['name', 'birthDate', 'gender', 'vtc', 'zip'], least: 2 },
    },
  ],
  pending: null,
}
