import { eaadhaar, uidai } from './aadhaar.js'
import { businessMaster, directorMaster, gstin } from './business.js'
import { digilockerDoc, epan, pan } from './documents.js'
import { dl, epic, fssai } from './licences.js'
import { STAGE_TYPES, type StageType, type Variants } from './model.js'
import { bankAcc, vpa } from './money.js'
import { digitalAddress, emailOtp, faceMatch, ipv, mobileOtp } from './presence.js'
import { amlBusiness, amlPerson, ecourtBusiness, ecourtPerson } from './screening.js'
import { education, employment } from './work.js'

/** Every stage type with the ways it can come out. */
export const STAGE_VARIANTS: Readonly<Record<StageType, Variants>> = {
  UIDAI: uidai,
  EAADHAAR: eaadhaar,
  DIGILOCKER_DOC: digilockerDoc,
  PAN: pan,
  EPAN: epan,
  BANK_ACC: bankAcc,
  VPA: vpa,
  GSTIN: gstin,
  EPIC: epic,
  DL: dl,
  FACE_MATCH: faceMatch,
  IPV: ipv,
  MASTER_BUSINESS: businessMaster,
  MASTER_DIRECTOR: directorMaster,
  AML_PERSON: amlPerson,
  AML_BUSINESS: amlBusiness,
  ECOURT_PERSON: ecourtPerson,
  ECOURT_BUSINESS: ecourtBusiness,
  DIGITAL_ADDRESS: digitalAddress,
  MOBILE_OTP: mobileOtp,
  EMAIL_OTP: emailOtp,
  EDUCATION: education,
  EMPLOYMENT: employment,
  FSSAI: fssai,
}

/** A stage type, or one way of it: `DL`, `DL:pending`. */
export interface StageChoice {
  readonly stageType: StageType
  /** null: drawn for each handshake */
  readonly variant: string | null
}

/**
 * Reads `TYPE` or `TYPE:variant`.
 *
 * Throws: an Error that lists what there is, for a type or variant that does not exist
 */
export function parseStageChoice(text: string): StageChoice {
  const [typeText, variant = null] = text.split(':', 2)
  const stageType = STAGE_TYPES.find((type) => type === typeText)
  if (stageType === undefined) {
    throw new Error(
      `stage type ${JSON.stringify(typeText)} does not exist; there are ${STAGE_TYPES.join(', ')}`,
    )
  }
  if (variant !== null && STAGE_VARIANTS[stageType][variant] === undefined) {
    const known = Object.keys(STAGE_VARIANTS[stageType]).join(', ')
    throw new Error(`${stageType} has no variant ${JSON.stringify(variant)}; there are ${known}`)
  }
  return { stageType, variant }
}
