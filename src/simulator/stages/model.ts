import type { Draw } from '../draw.js'
import type { Tree } from '../json.js'

/** The stage types of flows. Source: attestr.md section 3.1 */
export const STAGE_TYPES = [
  'UIDAI',
  'EAADHAAR',
  'DIGILOCKER_DOC',
  'PAN',
  'EPAN',
  'BANK_ACC',
  'VPA',
  'GSTIN',
  'EPIC',
  'DL',
  'FACE_MATCH',
  'IPV',
  'MASTER_BUSINESS',
  'MASTER_DIRECTOR',
  'AML_PERSON',
  'AML_BUSINESS',
  'ECOURT_PERSON',
  'ECOURT_BUSINESS',
  'DIGITAL_ADDRESS',
  'MOBILE_OTP',
  'EMAIL_OTP',
  'EDUCATION',
  'EMPLOYMENT',
  'FSSAI',
] as const

export type StageType = (typeof STAGE_TYPES)[number]

export interface StageContent {
  readonly input: Tree
  readonly output: Tree
}

/** One way a stage of a type can come out. `share` is its weight among the ways of that type. */
export interface Variant {
  readonly share: number
  readonly make: (draw: Draw) => StageContent
}

/** The ways of one stage type by name. */
export type Variants = { readonly [name: string]: Variant }

/** An output that is only a reference to a check still running. Source: attestr.md section 3.18 */
export function asyncReference(draw: Draw): Tree {
  return { _id: draw.id('AR0'), number: draw.number() }
}

/** An output of a check that failed: everything else is left out. Source: attestr.md section 3.2 */
export function invalidOutput(message: string): Tree {
  return { valid: false, message }
}
