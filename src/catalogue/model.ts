/** What a stage type is made of: data, read by typed records, privacy rules, shape detection and the docs. */

/**
 * Where a name comes from: D stated by Attestr, S read from an SDK of theirs, C seen in a caller's code, I inferred,
 * U unknown, O said by the operator's configuration. It is about the name; a kind nobody stated is `unknown`.
 */
export type Label = 'D' | 'S' | 'C' | 'I' | 'U' | 'O'

export const KNOWLEDGE = ['documented', 'guessed', 'unknown'] as const
export type Knowledge = (typeof KNOWLEDGE)[number]

/** How well a label lets a field be known: names seen in a caller's code were never stated to be complete or lasting. */
export const KNOWLEDGE_OF: Readonly<Record<Label, Knowledge>> = {
  D: 'documented',
  S: 'documented',
  O: 'documented',
  C: 'guessed',
  I: 'guessed',
  U: 'unknown',
}

export const SENSITIVE_CLASSES = [
  'secret',
  'government-id',
  'biometric',
  'third-person',
  'allegation',
  'financial',
  'personal',
] as const
export type SensitiveClass = (typeof SENSITIVE_CLASSES)[number]

export const PRIVACY_ACTIONS = ['keep', 'drop', 'mask', 'hash', 'encrypt'] as const
export type PrivacyAction = (typeof PRIVACY_ACTIONS)[number]

/**
 * What is done with a class where its field says nothing else. Whoever forgets a rule loses a field and leaks none.
 * What the person verified says of himself is what the records are for: it is kept.
 */
export const CLASS_ACTIONS: Readonly<Record<SensitiveClass, PrivacyAction>> = {
  secret: 'drop',
  'government-id': 'mask',
  biometric: 'drop',
  'third-person': 'drop',
  allegation: 'drop',
  financial: 'keep',
  personal: 'keep',
}

/** `epoch-ms` is a JSON number; all others are texts. */
export const DATE_FORMS = ['DD-MM-YYYY', 'YYYY-MM-DD', 'epoch-ms', 'unknown'] as const
export type DateForm = (typeof DATE_FORMS)[number]

export const FIELD_TYPES = [
  'text',
  'number',
  'number-as-text',
  'boolean',
  'date',
  'list',
  'nested',
  'unknown',
] as const
export type FieldType = (typeof FIELD_TYPES)[number]

/** How much is known of the members below a list or an object. */
export type Inside = 'known' | 'partly' | 'unknown'

interface About {
  readonly label: Label
  /** False where the field is always there. Else it may be missing or null, which mean the same: attestr.md section 3.2. */
  readonly nullable?: false
  /** Invented: no real person, number or account. */
  readonly example?: string | number | boolean
  readonly class?: SensitiveClass
  /** Where it is not that of the class. Covers the field and all below. */
  readonly action?: PrivacyAction
  /** Holds an Aadhaar number, whole or masked: the rule `aadhaar-fields` covers it. */
  readonly aadhaar?: true
  /** The variants that have the field; all of them where it says nothing. */
  readonly in?: readonly string[]
}

/**
 * One field. `number-as-text` is a number that comes as a text, always or by turns. `or` is the other kind of a value
 * that changes its kind. `unknown` is a value whose kind nobody stated.
 */
export type Field = About &
  (
    | {
        readonly type: 'text' | 'number' | 'number-as-text' | 'boolean'
        readonly or?: 'text' | 'boolean' | 'list'
        /** The values it may have, where they are listed. */
        readonly values?: readonly string[]
      }
    | { readonly type: 'unknown' }
    | { readonly type: 'date'; readonly form: DateForm }
    | { readonly type: 'list'; readonly items: 'text' | 'nested' | 'unknown'; readonly inside: Inside }
    | { readonly type: 'nested'; readonly inside: Inside }
  )

/** Fields by path: `address.city`, `filings[].arn`. A container comes before what lies in it. */
export type Fields = Readonly<Record<string, Field>>

export const SIDES = ['input', 'output'] as const
export type Side = (typeof SIDES)[number]

/** Something that is known to exist, but not by name. */
export interface Gap {
  readonly side: Side
  readonly about: string
}

/** One way in which stages of a type come. */
export interface StageVariant {
  readonly name: string
  readonly about: string
  readonly label: Label
}

/** What one side must look like. Names are those of members, or of members of these: `items[].employer`. */
export interface SideShape {
  /** Each of these is there. */
  readonly all?: readonly string[]
  /** At least `least` of these are there. */
  readonly of?: readonly string[]
  readonly least?: number
  /** There is no member at all. */
  readonly none?: true
}

export interface Shape {
  readonly input?: SideShape
  readonly output?: SideShape
  /** For names that others have too: no member of the input is foreign to the type. */
  readonly closed?: true
}

/** How an output that is not finished looks: an async reference, or `items` of such. */
export interface Pending {
  readonly form: 'reference' | 'items'
  /** Of the API of the same name answering later. That a stage does is inferred of all of them. */
  readonly label: Label
}

/** One stage type. */
export interface StageSpec {
  /** As in the configuration and in `stageType`: `BANK_ACC`. */
  readonly name: string
  readonly about: string
  /** Section of attestr.md; null for a type of the operator. */
  readonly source: string | null
  readonly variants: readonly StageVariant[]
  readonly input: Fields
  readonly output: Fields
  readonly gaps: readonly Gap[]
  /** Each of them identifies the type; none where its names tell it from nothing. */
  readonly shapes: readonly Shape[]
  /** Null where the output is there when the flow ends. */
  readonly pending: Pending | null
}
