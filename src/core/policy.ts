import { FAILURES, type FailureCode } from './failure.js'
import type { SystemicReason } from './work.js'

/** Systemic reasons an answer of the API can give; the others come from elsewhere. */
export type ApiReason = Exclude<SystemicReason, 'api-down' | 'registry-down' | 'broker-down'>

/** What an answer means for its event. */
export type Action =
  /** The body is read: verification begins. */
  | { readonly kind: 'read' }
  | { readonly kind: 'dead'; readonly code: FailureCode }
  | { readonly kind: 'delay'; readonly code: FailureCode }
  /** In place, with full jitter. */
  | { readonly kind: 'retry' }
  /** The API asked for less; uses up no attempt. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'pause'; readonly reason: ApiReason }
  /** Short retries first, because the event can outrun the API's own write; then a delay. */
  | { readonly kind: 'not-found' }
  /** Systemic once the credential was refused enough different handshakes; else a delay. */
  | { readonly kind: 'forbidden' }

export type Classify = (status: number, code: number | null) => Action

/** A row of the table. `status` is one status or a class such as `4xx`; code `*` stands for any other, or none. */
export interface PolicyRow {
  readonly status: number | '2xx' | '3xx' | '4xx' | '5xx'
  readonly code: number | 'none' | '*'
  /** As in the configuration; `not-found` and `forbidden` are said in the note. */
  readonly action: string
  readonly note: string
}

/** A row of the configuration key `policy`. Without a code it holds for every code of the status. */
export interface PolicyOverride {
  readonly status: number
  readonly code?: number | null | undefined
  /** As in the configuration. */
  readonly action: string
}

/**
 * The one endpoint that the table is about, below base URL and version: codes mean other things at others.
 * Source: attestr.md finding 8 of section 0, and section 6.1
 */
export const RESULT_ENDPOINT = '/public/flowx/handshake/'

/** Retries of a handshake the API does not know, before it counts as not found. */
export const NOT_FOUND_RETRIES = 2

const NOT_FOUND = 'no such handshake: two short retries, one delay, then handshake-not-found'

/**
 * The policy as data: one place, printed by `attestr-kafka codes --policy`, tested row by row.
 * The first row that fits wins: exact codes stand before the rest of their status, statuses before their class.
 *
 * Source: product.md section 4; meaning of the codes: attestr.md section 6.1
 */
export const POLICY_ROWS: readonly PolicyRow[] = [
  {
    status: 200,
    code: '*',
    action: 'read',
    note: 'a result: read, its signature checked; see the codes response-*, result-*, signature-*',
  },
  { status: 400, code: 4001, action: 'dead:request-rejected', note: 'parameter missing or malformed' },
  { status: 400, code: 4002, action: 'not-found', note: NOT_FOUND },
  { status: 400, code: 4003, action: 'dead:request-rejected', note: 'consent end date is past' },
  { status: 400, code: 4005, action: 'pause:credit', note: 'credit too low' },
  { status: 400, code: 40015, action: 'dead:request-rejected', note: 'required data categories missing' },
  { status: 400, code: 40034, action: 'dead:request-rejected', note: 'flow inactive' },
  { status: 400, code: 40051, action: 'pause:version', note: 'endpoint does not offer this API version' },
  { status: 401, code: 4016, action: 'pause:credentials', note: 'auth token refused' },
  { status: 401, code: 'none', action: 'pause:credentials', note: 'refused by a gateway, without a code' },
  {
    status: 403,
    code: 4031,
    action: 'forbidden',
    note: 'delayed, then handshake-forbidden; five handshakes in a row: pause:credentials',
  },
  { status: 403, code: 4035, action: 'pause:service', note: 'service not provisioned' },
  { status: 403, code: 4039, action: 'pause:ip', note: 'caller address not on the allow-list' },
  { status: 403, code: 40398, action: 'dead:consent-invalid', note: 'consent invalid' },
  { status: 403, code: 40399, action: 'dead:consent-invalid', note: 'consent missing or not sufficient' },
  { status: 404, code: '*', action: 'not-found', note: NOT_FOUND },
  { status: 429, code: 4291, action: 'wait', note: 'account limit per second' },
  { status: 429, code: 4292, action: 'wait', note: 'service limit per second' },
  { status: 429, code: 4293, action: 'pause:daily-quota', note: 'account limit per day' },
  { status: 429, code: 4294, action: 'pause:daily-quota', note: 'service limit per day' },
  { status: 429, code: '*', action: 'wait', note: 'any other limit' },
  { status: 500, code: 5001, action: 'retry', note: 'could not be processed' },
  { status: '2xx', code: '*', action: 'retry', note: 'not an answer of this endpoint: a transport fault' },
  { status: '3xx', code: '*', action: 'pause:redirect', note: 'wrong base URL, or a proxy in between' },
  { status: '4xx', code: '*', action: 'dead:request-rejected', note: 'unknown refusal' },
  { status: '5xx', code: '*', action: 'retry', note: 'unknown fault' },
]

/** Failures that stand for an answer as a whole: those about event, signature, id and record are found in it, or before it. */
export function isPolicyCode(code: FailureCode): boolean {
  return FAILURES[code].category === 'API' || POLICY_RESPONSE_CODES.has(code)
}

const POLICY_RESPONSE_CODES: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'result-archived',
  'result-not-ready',
  'result-missing',
])

const API_REASONS: Readonly<Record<ApiReason, true>> = {
  credentials: true,
  service: true,
  ip: true,
  version: true,
  credit: true,
  'daily-quota': true,
  'rate-limited': true,
  redirect: true,
}

/**
 * Reads an action as the configuration writes it.
 *
 * In:     `dead:<code>`, `delay:<code>`, `retry`, `wait` or `pause:<reason>`
 * Out:    the action, null when there is none of this name
 * Source: product.md section 4
 */
export function readAction(text: string): Action | null {
  if (text === 'retry' || text === 'wait') return { kind: text }
  const colon = text.indexOf(':')
  const [kind, target] = [text.slice(0, colon), text.slice(colon + 1)]
  if (colon < 0) return null
  if (kind === 'pause') return isReason(target) ? { kind, reason: target } : null
  if (kind !== 'dead' && kind !== 'delay') return null
  return isFailureCode(target) ? { kind, code: target } : null
}

/**
 * Makes the function that says what an answer means.
 *
 * In:     overrides   of the configuration; they win over the table, those with a code over those without
 * Throws: TypeError for an action that is none: the configuration has refused it before
 * Source: product.md section 4
 */
export function createPolicy(overrides: readonly PolicyOverride[]): Classify {
  const table = tableOf(POLICY_ROWS)
  const own = tableOf(overrides.map(({ status, code, action }) => ({ status, code: code ?? '*', action })))
  return (status, code) =>
    own.get(`${status}/${code}`) ??
    own.get(`${status}/*`) ??
    table.get(`${status}/${code ?? 'none'}`) ??
    table.get(`${status}/*`) ??
    table.get(`${Math.floor(status / 100)}xx/*`) ?? { kind: 'retry' }
}

function tableOf(
  rows: readonly Pick<PolicyRow, 'status' | 'code' | 'action'>[],
): ReadonlyMap<string, Action> {
  return new Map(rows.map(({ status, code, action }) => [`${status}/${code}`, rowAction(action)]))
}

/** A row as it holds: of the table, or of the configuration. */
export interface PolicyRowInForce extends PolicyRow {
  readonly source: 'default' | 'configuration'
}

/**
 * The table with the overrides of a configuration in their places, in the order in which rows are tried.
 *
 * Out:    rows that an override hides are left out
 */
export function policyRows(overrides: readonly PolicyOverride[]): readonly PolicyRowInForce[] {
  const own = overrides.map(
    ({ status, code, action }): PolicyRowInForce => ({
      ...{ status, code: code ?? '*', action },
      note: 'policy of the configuration',
      source: 'configuration',
    }),
  )
  const exact = own.filter(({ code }) => code !== '*')
  const whole = own.filter(({ code }) => code === '*')
  const hidden = new Set(exact.map(({ status, code }) => `${status}/${code}`))
  const hiddenStatus = new Set(whole.map(({ status }) => status))
  const left = POLICY_ROWS.filter(
    ({ status, code }) => !hidden.has(`${status}/${code}`) && !hiddenStatus.has(status),
  )
  return [...exact, ...whole, ...left.map((row) => ({ ...row, source: 'default' as const }))]
}

/** The table without overrides. */
export const classify: Classify = createPolicy([])

function rowAction(text: string): Action {
  if (text === 'read' || text === 'not-found' || text === 'forbidden') return { kind: text }
  const action = readAction(text)
  if (action === null) throw new TypeError(`the policy table names no action: ${text}`)
  return action
}

/** Reasons that `pause:` takes. */
export const POLICY_REASONS: readonly string[] = Object.keys(API_REASONS)

function isReason(text: string): text is ApiReason {
  return Object.hasOwn(API_REASONS, text)
}

function isFailureCode(text: string): text is FailureCode {
  return Object.hasOwn(FAILURES, text)
}
