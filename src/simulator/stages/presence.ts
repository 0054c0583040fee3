import type { Draw } from '../draw.js'
import { exactNumber } from '../json.js'
import { asyncReference, type StageContent, type Variants } from './model.js'

/** FACE_MATCH, IPV, DIGITAL_ADDRESS and the OTP stages. Source: attestr.md sections 3.11, 3.12 and 3.16 */

export const faceMatch: Variants = {
  matched: { share: 3, make: (draw) => face(draw, true) },
  'not-matched': { share: 1, make: (draw) => face(draw, false) },
}

export const ipv: Variants = {
  located: { share: 2, make: (draw) => video(draw, true) },
  unlocated: { share: 1, make: (draw) => video(draw, false) },
}

export const digitalAddress: Variants = {
  pending: { share: 1, make: addressPending },
}

export const mobileOtp: Variants = {
  done: {
    share: 1,
    make: (draw) => ({
      input: { mobile: draw.mobile(), req: draw.secret(12), otp: draw.secret(6) },
      output: { valid: true, message: null },
    }),
  },
}

export const emailOtp: Variants = {
  done: {
    share: 1,
    make: (draw) => ({
      input: { email: draw.email(), req: draw.secret(12), otp: draw.secret(6) },
      output: { valid: true, message: null },
    }),
  },
}

function face(draw: Draw, valid: boolean): StageContent {
  return {
    input: {
      src: draw.id('MX1'),
      targetFront: draw.id('MX1'),
      targetBack: draw.orNull(0.6, draw.id('MX1')),
      type: draw.pick(['UIDAI', 'DL', 'PAN', 'VOTER', 'PASSPORT', 'GOV']),
      // A double in the SDK: it is written with its decimals.
      threshold: exactNumber('80.0'),
    },
    output: {
      valid,
      score: exactNumber(`${valid ? draw.int(80, 99) : draw.int(10, 79)}.${draw.digits(1)}0`),
      message: valid ? null : 'Faces differ',
    },
  }
}

function video(draw: Draw, located: boolean): StageContent {
  const startTs = draw.time()
  return {
    input: {
      videoMedia: draw.id('MX1'),
      photoMedia: draw.orNull(0.3, draw.id('MX1')),
      otp: draw.secret(4),
      startTs,
      endTs: startTs + draw.int(5_000, 60_000),
      lat: located ? exactNumber(`17.${draw.digits(9)}`) : null,
      lng: located ? exactNumber(`78.${draw.digits(9)}`) : null,
    },
    output: { valid: true, message: null },
  }
}

function addressPending(draw: Draw): StageContent {
  const latitude = exactNumber(`-0.${draw.digits(7)}1`)
  const longitude = exactNumber(`78.${draw.digits(7)}0`)
  return {
    input: {
      address: draw.addressLine(),
      stayingSinceMonth: draw.chance(0.5) ? draw.int(1, 12) : String(draw.int(1, 12)),
      stayingSinceYear: draw.int(1990, 2020),
      docType: 'UIDAI',
      frontDoc: draw.id('MX1'),
      backDoc: draw.orNull(0.3, draw.id('MX1')),
      extOne: [draw.id('MX1'), draw.id('MX1')],
      extTwo: [],
      origLatitude: latitude,
      origLongitude: longitude,
      latitude,
      longitude,
    },
    output: asyncReference(draw),
  }
}
