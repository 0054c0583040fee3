import type { Draw } from '../draw.js'
import type { Tree, TreeObject } from '../json.js'
import type { StageContent, Variants } from './model.js'

/** UIDAI and EAADHAAR: photos, hashes, share codes. Source: attestr.md sections 3.3 and 3.4, the seed page */

export const uidai: Variants = {
  otp: { share: 4, make: otp },
  xml: { share: 3, make: xml },
  nulls: { share: 1, make: nulls },
}

export const eaadhaar: Variants = {
  done: { share: 4, make: eaadhaarDone },
  'local-language': { share: 1, make: (draw) => withLocalName(eaadhaarDone(draw)) },
}

function otp(draw: Draw): StageContent {
  const aadhaar = draw.aadhaar()
  const uuid = draw.chance(0.8) ? `${aadhaar.slice(0, 4)}xxxx${aadhaar.slice(-4)}` : aadhaar
  return {
    input: {
      uuid,
      secret: draw.secret(5),
      otp: draw.secret(6),
      email: null,
      mobile: draw.orNull(0.5, draw.mobile()),
      code: draw.secret(4),
    },
    output: offlineXml(draw),
  }
}

function xml(draw: Draw): StageContent {
  return {
    input: {
      uuid: draw.aadhaar().slice(-4),
      media: draw.id('MX1'),
      code: draw.secret(4),
      mobile: draw.mobile(),
      email: draw.orNull(0.5, draw.email()),
      validateMobile: true,
      validateEmail: draw.chance(0.5),
    },
    output: offlineXml(draw),
  }
}

/** All that may be null is null: the shape is left, with nothing in it. */
function nulls(draw: Draw): StageContent {
  const names = Object.keys(offlineXml(draw) as TreeObject)
  return {
    input: { uuid: draw.aadhaar().slice(-4), secret: null, otp: null, email: null, mobile: null, code: null },
    output: { ...Object.fromEntries(names.map((name) => [name, null])), name: draw.name() },
  }
}

function offlineXml(draw: Draw): Tree {
  const address = draw.address()
  return {
    birthDate: draw.date(1950, 2004),
    hashedEmail: draw.orNull(0.6, draw.hex(64)),
    hashedMobile: draw.hex(64),
    gender: draw.pick(['M', 'F', 'T']),
    name: draw.name(),
    careOf: `${draw.pick(['S/O', 'D/O', 'C/O', 'W/O'])} ${draw.name()}`,
    ...address,
    pht: draw.photo(20, 60),
    signature: `${draw.base64(76)}\n${draw.base64(110)}\n${draw.base64(76)}==`,
    digest: `${draw.base64(42)}=`,
  }
}

function eaadhaarDone(draw: Draw): StageContent {
  const aadhaar = draw.aadhaar()
  return {
    input: {},
    output: {
      valid: true,
      uuid: `xxxxxxxx${aadhaar.slice(-4)}`,
      name: draw.name(),
      birthDate: draw.date(1950, 2004),
      gender: draw.pick(['M', 'F']),
      careOf: draw.orNull(0.4, `S/O ${draw.name()} (UID ${spaced(aadhaar)})`),
      ...draw.address(),
      photo: draw.photo(20, 60),
    },
  }
}

function withLocalName(content: StageContent): StageContent {
  const output = content.output as TreeObject
  return { input: content.input, output: { ...output, nameLocal: 'प्रजक्त गोयल 🙏', stateLocal: 'తెలంగాణ' } }
}

function spaced(aadhaar: string): string {
  return aadhaar.replace(/(.{4})(?=.)/g, '$1 ')
}
