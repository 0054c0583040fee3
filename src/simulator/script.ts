import type { FaultBody, FaultScript } from './faults.js'

/** Reads fault scripts: unknown names and wrong values are refused with their place. */

type Check = (value: unknown) => boolean
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0
const isText: Check = (value) => typeof value === 'string'
const isOneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    allowed.includes(String(value))
const isShare: Check = (value) => isNumber(value) && Number(value) <= 1

const RESULT_FAULTS: Check = isOneOf(
  'null',
  'missing',
  'empty',
  'array',
  'text',
  'number',
  'stage-not-object',
  'bad-stage-id',
)
const SIGNATURE_FAULTS: Check = isOneOf(
  'wrong',
  'null',
  'missing',
  'empty',
  'not-hex',
  'short',
  'number',
  'upper-case',
)
const FRAMING: Check = isOneOf('length', 'chunked')

/** The members each kind of fault may have. */
const MEMBERS: Readonly<Record<FaultBody['kind'], Readonly<Record<string, Check>>>> = {
  delay: {},
  status: {
    status: (value) => Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599,
    code: (value) => isNumber(value) || isText(value),
    message: isText,
    retryAfter: (value) => isNumber(value) || isText(value),
    as: isOneOf('json', 'html', 'empty', 'text'),
  },
  redirect: { location: isText },
  hang: {},
  'reset-before': {},
  'reset-mid': {},
  truncate: { framing: FRAMING },
  'cut-json': {},
  drip: { bytes: isNumber, everyMs: isNumber },
  chunked: {},
  oversize: { bytes: isNumber, framing: FRAMING },
  gzip: {},
  archived: {},
  'not-consumed': {},
  result: { value: RESULT_FAULTS },
  signature: { value: SIGNATURE_FAULTS },
  tampered: {},
  id: { value: isOneOf('swapped', 'missing') },
  bytes: { value: isOneOf('invalid-utf8', 'bom', 'lone-surrogate', 'not-json') },
  'duplicate-keys': { at: isOneOf('top', 'result', 'deep') },
  deep: { depth: isNumber },
  'many-leaves': { leaves: isNumber },
  'many-stages': { stages: isNumber },
  'extra-members': {},
  partial: {},
  rerun: { run: isNumber },
}
const REQUIRED: ReadonlySet<string> = new Set([
  'status.status',
  'result.value',
  'signature.value',
  'id.value',
  'bytes.value',
])

const HANDSHAKE_RULE: Readonly<Record<string, Check>> = {
  fault: () => true,
  times: (value) => value === null || isNumber(value),
}
const GLOBAL_RULE: Readonly<Record<string, Check>> = {
  fault: () => true,
  share: isShare,
  by: isOneOf('call', 'handshake'),
  firstCalls: isNumber,
  times: isNumber,
  from: isNumber,
  to: isNumber,
  credential: isNumber,
}

/** Names of all kinds of fault. */
export const FAULT_KINDS = Object.keys(MEMBERS) as readonly FaultBody['kind'][]

/**
 * Checks a fault script.
 *
 * In:     parsed JSON
 * Out:    the same value, typed
 * Throws: an Error that names the place and what is wrong there
 */
export function parseScript(value: unknown): FaultScript {
  const script = objectAt('script', value)
  checkMembers('script', script, { handshakes: () => true, global: () => true })
  for (const [id, rules] of Object.entries(objectAt('handshakes', script['handshakes'] ?? {}))) {
    listAt(`handshakes.${id}`, rules).forEach((rule, i) => {
      checkRule(`handshakes.${id}[${i}]`, rule, HANDSHAKE_RULE)
    })
  }
  listAt('global', script['global'] ?? []).forEach((rule, i) => {
    checkRule(`global[${i}]`, rule, GLOBAL_RULE)
  })
  return script as FaultScript
}

function checkRule(place: string, value: unknown, members: Readonly<Record<string, Check>>): void {
  const rule = objectAt(place, value)
  checkMembers(place, rule, members)
  const fault = objectAt(`${place}.fault`, rule['fault'])
  const kind = FAULT_KINDS.find((name) => name === fault['kind'])
  if (kind === undefined) {
    throw new Error(`fault script: ${place}.fault.kind is not one of ${FAULT_KINDS.join(', ')}`)
  }
  const known = { kind: isText, delayMs: isNumber, jitterMs: isNumber, ...MEMBERS[kind] }
  checkMembers(`${place}.fault`, fault, known)
  for (const name of Object.keys(MEMBERS[kind])) {
    if (REQUIRED.has(`${kind}.${name}`) && fault[name] === undefined) {
      throw new Error(`fault script: ${place}.fault.${name} is missing`)
    }
  }
}

function checkMembers(
  place: string,
  value: Readonly<Record<string, unknown>>,
  known: Readonly<Record<string, Check>>,
): void {
  for (const [name, member] of Object.entries(value)) {
    const check = known[name]
    if (check === undefined) {
      throw new Error(`fault script: ${place}.${name} is unknown (known: ${Object.keys(known).join(', ')})`)
    }
    if (member !== undefined && !check(member))
      throw new Error(`fault script: ${place}.${name} has a wrong value`)
  }
}

function objectAt(place: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new Error(`fault script: ${place} must be an object`)
}

function listAt(place: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new Error(`fault script: ${place} must be a list`)
}
