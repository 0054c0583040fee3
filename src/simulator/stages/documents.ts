import type { Draw } from '../draw.js'
import { orderedObject, type Tree } from '../json.js'
import { invalidOutput, type StageContent, type Variants } from './model.js'

/** PAN, EPAN and DIGILOCKER_DOC. Source: attestr.md sections 3.5 and 3.6 */

export const pan: Variants = {
  done: { share: 3, make: panDone },
  basic: { share: 2, make: panBasic },
  invalid: {
    share: 1,
    make: (draw) => ({ input: panInput(draw, false), output: invalidOutput('Invalid PAN') }),
  },
}

export const epan: Variants = {
  done: { share: 3, make: (draw) => epanDone(draw, true) },
  'no-pdf': { share: 2, make: (draw) => epanDone(draw, false) },
  'large-pdf': {
    share: 0,
    make: (draw) => ({
      input: { pan: draw.pan('P'), downloadPdf: true },
      output: { valid: true, name: draw.name(), pdf: draw.pdf(1400, 1420) },
    }),
  },
}

export const digilockerDoc: Variants = {
  done: { share: 3, make: digilockerDone },
  // Members with whole numbers as names keep the order in which they were sent.
  'numbered-params': { share: 1, make: numberedParams },
}

function panInput(draw: Draw, extended: boolean): Tree {
  return { pan: draw.pan('P'), extended }
}

function panDone(draw: Draw): StageContent {
  const address = draw.address()
  return {
    input: panInput(draw, true),
    output: {
      valid: true,
      message: null,
      name: draw.name().toUpperCase(),
      displayName: draw.name(),
      category: 'Person',
      // Three states: yes, no, and one more that comes as a text.
      aadhaarLinked: draw.pick([true, false, 'NA']),
      panStatus: 'EXISTING AND VALID',
      panStatusCode: 'E',
      nameMatches: draw.chance(0.9),
      birthOrIncorporatedDateMatches: draw.chance(0.9),
      gender: draw.pick(['male', 'female']),
      birthOrIncorporatedDate: draw.date(1950, 2004),
      maskedAadhaar: draw.orNull(0.3, `XXXXXXXX${draw.digits(4)}`),
      address: {
        line: draw.addressLine(),
        district: address['district'] ?? null,
        state: address['state'] ?? null,
        pin: address['zip'] ?? null,
      },
    },
  }
}

function panBasic(draw: Draw): StageContent {
  return {
    input: panInput(draw, false),
    output: {
      valid: true,
      message: null,
      name: draw.name(),
      displayName: null,
      category: null,
      aadhaarLinked: null,
    },
  }
}

function epanDone(draw: Draw, downloadPdf: boolean): StageContent {
  const output = { valid: true, message: null, name: draw.name(), birthDate: draw.date(1950, 2004) }
  return {
    input: { pan: draw.pan('P'), downloadPdf },
    output: downloadPdf ? { ...output, pdf: draw.pdf(30, 60) } : output,
  }
}

function digilockerDone(draw: Draw): StageContent {
  return {
    input: {
      issuer: 'in.gov.transport',
      document: 'DRVLC',
      params: { name: draw.name(), uid: draw.aadhaar(), dlno: `GJ01${draw.digits(11)}` },
    },
    output: {
      valid: true,
      media: draw.orNull(0.2, draw.id('MX1')),
      document: {
        uri: `in.gov.transport-DRVLC-GJ01${draw.digits(11)}`,
        mime: 'application/pdf',
        issued: null,
      },
      xml: `<?xml version="1.0"?><Certificate name="Driving License" number="${draw.digits(6)}"/>`,
    },
  }
}

function numberedParams(draw: Draw): StageContent {
  const params = orderedObject([
    ['10', draw.name()],
    ['2', draw.digits(4)],
    ['name.with.dots', 'a[0]\\b'],
    ['', 'no name'],
    ['1', null],
  ])
  return {
    input: { issuer: 'in.gov.cbse', document: 'HSCER', params },
    output: { valid: true, media: draw.id('MX1'), document: {} },
  }
}
