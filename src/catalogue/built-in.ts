import type { StageSpec } from './model.js'
import { amlBusiness } from './types/aml-business.js'
import { amlPerson } from './types/aml-person.js'
import { bankAcc } from './types/bank-acc.js'
import { digilockerDoc } from './types/digilocker-doc.js'
import { digitalAddress } from './types/digital-address.js'
import { dl } from './types/dl.js'
import { eaadhaar } from './types/eaadhaar.js'
import { ecourtBusiness } from './types/ecourt-business.js'
import { ecourtPerson } from './types/ecourt-person.js'
import { education } from './types/education.js'
import { emailOtp } from './types/email-otp.js'
import { employment } from './types/employment.js'
import { epan } from './types/epan.js'
import { epic } from './types/epic.js'
import { faceMatch } from './types/face-match.js'
import { fssai } from './types/fssai.js'
import { gstin } from './types/gstin.js'
import { ipv } from './types/ipv.js'
import { masterBusiness } from './types/master-business.js'
import { masterDirector } from './types/master-director.js'
import { mobileOtp } from './types/mobile-otp.js'
import { pan } from './types/pan.js'
import { uidai } from './types/uidai.js'
import { vpa } from './types/vpa.js'

/** The closed list of stage types: names may be added, never renamed or removed. Source: attestr.md section 3.1 */
export const BUILT_IN = {
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
  MASTER_BUSINESS: masterBusiness,
  MASTER_DIRECTOR: masterDirector,
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
} satisfies Readonly<Record<string, StageSpec>>
