/** Kinds of configuration values. Messages are fixed texts: they never hold the value. */
import { z } from 'zod'
import { SecretText } from '../core/model.js'

/** Longest wait a timer takes: a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647

export const text = (about: string) => z.string().min(1).max(4096).describe(about)
export const flag = (about: string) => z.boolean().describe(about)
export const oneOf = <const T extends readonly [string, ...string[]]>(about: string, values: T) =>
  z.enum(values).describe(about)
export const whole = (about: string, min = 1, max = Number.MAX_SAFE_INTEGER) =>
  z.int().min(min).max(max).describe(about)
export const durationMs = (about: string, min = 1) => whole(about, min, MAX_TIMER_MS)

const matching = (about: string, pattern: RegExp, message: string) =>
  z.string().regex(pattern, message).describe(about)

export const topicName = (about: string) =>
  matching(
    about,
    /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/,
    'must be a topic name: up to 249 letters, digits, dots, hyphens or underscores',
  )
export const hostAndPort = (about: string) =>
  matching(about, /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/, 'must be HOST:PORT')
export const identifier = (about: string) =>
  matching(about, /^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, hyphens or underscores')
export const stageId = (about: string) =>
  matching(about, /^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, hyphens or underscores')
export const stageType = (about: string) =>
  matching(
    about,
    /^[A-Z][A-Z0-9_]{0,63}$/,
    'must be a stage type in capital letters, such as PAN or BANK_ACC',
  )

const EDGES = /^\s|\s$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/

/** Text that must not be seen; `toJSON` and `toString` of what comes out hide it. */
export const secret = (about: string) =>
  z
    .string()
    .min(1)
    .refine((value) => !EDGES.test(value), 'has a blank or a line break at its start or end')
    .transform((value) => new SecretText(value))
    .meta({ description: about, writeOnly: true })

/** A token for an HTTP header. */
export const headerToken = (about: string) =>
  z
    .string()
    .min(1)
    .superRefine((value, context) => {
      const problem = tokenProblem(value)
      if (problem !== null) context.addIssue({ code: 'custom', message: problem })
    })
    .transform((value) => new SecretText(value))
    .meta({ description: about, writeOnly: true })

function tokenProblem(value: string): string | null {
  if (EDGES.test(value)) return 'has a blank or a line break at its start or end'
  if (/^(basic|bearer)\s/i.test(value))
    return 'must be the token alone, without the word Basic or Bearer before it'
  if (CONTROL.test(value)) return 'has a line break or another control character in it'
  return /^[\x20-\x7e]*$/.test(value) ? null : 'has characters that a header cannot carry'
}

/** A key of 32 bytes as 64 hex digits or base64; comes out as hex. */
export const key32 = (about: string) =>
  z
    .string()
    .refine((value) => keyBytes(value)?.length === 32, 'must be 32 bytes as 64 hex digits or as base64')
    .transform((value) => new SecretText(keyBytes(value)?.toString('hex') ?? ''))
    .meta({ description: about, writeOnly: true })

function keyBytes(value: string): Buffer | null {
  if (/^[0-9a-fA-F]{64}$/.test(value)) return Buffer.from(value, 'hex')
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(value) ? Buffer.from(value, 'base64') : null
}

/** An http or https address without user info, query or fragment; comes out without a slash at the end. */
export const webAddress = (about: string, also: readonly string[] = []) =>
  z
    .string()
    .superRefine((value, context) => {
      const problem = also.includes(value) ? null : addressProblem(value)
      if (problem !== null) context.addIssue({ code: 'custom', message: problem })
    })
    .transform((value) => value.replace(/\/+$/, ''))
    .meta({ description: about })

function addressProblem(value: string): string | null {
  const url = parseUrl(value)
  if (url === null || !/^https?:\/\//i.test(value))
    return 'must be an address that starts with https:// or http://'
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?#]*@/i.test(value))
    return 'must not hold a user name or password'
  return /[?#]/.test(value) ? 'must not have a query or a fragment' : null
}

export function parseUrl(value: string): URL | null {
  try {
    return new URL(value)
  } catch {
    return null
  }
}
