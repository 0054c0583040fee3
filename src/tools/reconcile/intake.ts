import type { Coordinates, SourceMessage } from '../../core/model.js'
import type { AvroFields, FieldReader } from '../../io/registry/fields.js'
import type { DeadLetterFacts, MessageFacts, OutcomeFacts, RecordFacts } from './facts.js'
import { idHash } from './facts.js'
import type { Proof } from './proof.js'
import type { OutputKind, Scope } from './scope.js'
import { readTravel } from './travel.js'

/** The fields of each kind of row that the proof looks at. Nothing else is decoded. */
export const WANTED_FIELDS: Readonly<Record<OutputKind, readonly string[]>> = {
  outcome: [
    ...placed('source'),
    ...placed('origin'),
    'handshakeId',
    'outcome',
    'code',
    'records',
    ...chained(),
  ],
  verified: [...placed('origin'), ...recorded(), ...chained()],
  typed: [...placed('origin', '_'), ...recorded(), ...chained()],
  deadLetter: [...placed('source'), ...placed('origin'), 'handshakeId', 'code', ...chained()],
}

/** In: `joint` between the names; typed records are flat. */
function placed(name: string, joint = '.'): string[] {
  return ['topic', 'partition', 'offset'].map((part) => `${name}${joint}${part}`)
}

function recorded(): string[] {
  return ['recordId', 'handshakeId', 'resultId', 'stageIndex', 'stageCount']
}

function chained(): string[] {
  return ['attempt', 'replays']
}

export interface IntakeOptions {
  readonly scope: Scope
  readonly proof: Pick<Proof, 'add' | 'unreadable'>
  readonly readers: Readonly<Record<OutputKind, FieldReader>>
}

/**
 * Turns messages into rows of the proof.
 *
 * Out: a promise for a row whose schema is not known yet
 */
export function createIntake({ scope, proof, readers }: IntakeOptions) {
  return (message: SourceMessage): Promise<void> | undefined => {
    const input = scope.inputs.get(message.topic)
    const kind = scope.outputs.get(message.topic)?.kind
    if (input !== undefined) proof.add(messageFacts(message, input.kind === 'event'))
    if (kind === undefined) return undefined
    const take = (fields: AvroFields | null): undefined => {
      const facts = fields === null ? null : FACTS[kind](fields, message)
      if (facts === null) proof.unreadable(coordinatesOf(message))
      else proof.add(facts)
    }
    const fields = message.value === null ? null : readers[kind](message.value)
    return fields instanceof Promise ? fields.then(take) : take(fields)
  }
}

function messageFacts(message: SourceMessage, isEvent: boolean): MessageFacts {
  const at = coordinatesOf(message)
  const travelled = isEvent ? null : readTravel(message)
  const { origin, attempt, replays } = travelled ?? { origin: at, attempt: 1, replays: 0 }
  return { kind: 'message', at, origin, attempt, replays, seconds: secondsOf(message) }
}

const FACTS: Readonly<
  Record<
    OutputKind,
    (fields: AvroFields, message: SourceMessage) => OutcomeFacts | RecordFacts | DeadLetterFacts | null
  >
> = {
  outcome(fields, message) {
    const common = commonOf(fields, message)
    const source = placeIn(fields, 'source')
    const [outcome, code] = [fields['outcome'], fields['code']]
    const records = whole(fields['records'])
    const handshake = handshakeIn(fields)
    if (common === null || source === null || records === null || handshake === null) return null
    if (!isOutcome(outcome) || !(code === null || isCode(code))) return null
    return { kind: 'outcome', ...common, source, outcome, code, records, handshake }
  },
  verified: (fields, message) => recordFacts(fields, commonOf(fields, message)),
  typed: (fields, message) => recordFacts(fields, commonOf(fields, message, '_')),
  deadLetter(fields, message) {
    const common = commonOf(fields, message)
    const source = placeIn(fields, 'source')
    const code = fields['code']
    const handshake = handshakeIn(fields)
    if (common === null || source === null || handshake === null || !isCode(code)) return null
    return { kind: 'deadLetter', ...common, source, code, handshake }
  },
}

function recordFacts(fields: AvroFields, common: ReturnType<typeof commonOf>): RecordFacts | null {
  const [id, handshake, result] = [fields['recordId'], handshakeIn(fields), fields['resultId']]
  const [stageIndex, stageCount] = [whole(fields['stageIndex']), whole(fields['stageCount'])]
  if (common === null || stageIndex === null || stageCount === null || handshake === null) return null
  if (typeof id !== 'string' || typeof result !== 'string') return null
  const hashes = { id: idHash(id), handshake, result: idHash(result) }
  return { kind: 'record', ...common, stageIndex, stageCount, ...hashes }
}

function commonOf(fields: AvroFields, message: SourceMessage, joint = '.') {
  const origin = placeIn(fields, 'origin', joint)
  const [attempt, replays] = [whole(fields['attempt']), whole(fields['replays'])]
  if (origin === null || attempt === null || replays === null) return null
  return { at: coordinatesOf(message), origin, attempt, replays, seconds: secondsOf(message) }
}

function placeIn(fields: AvroFields, name: string, joint = '.'): Coordinates | null {
  const [topic, ...numbers] = placed(name, joint).map((one) => fields[one])
  const [partition = null, offset = null] = numbers.map(whole)
  if (typeof topic !== 'string' || !TOPIC.test(topic) || partition === null || offset === null) return null
  return { topic, partition, offset }
}

/** Null: not what belongs there. */
function handshakeIn(fields: AvroFields): number | null {
  const id = fields['handshakeId']
  if (id === null) return 0
  return typeof id === 'string' ? idHash(id) : null
}

const TOPIC = /^[\w.-]{1,249}$/
/** What is printed: a code of ours, or nothing that could be anything else. */
const CODE = /^[a-z0-9-]{1,64}$/
const isCode = (value: unknown): value is string => typeof value === 'string' && CODE.test(value)

const isOutcome = (value: unknown): value is OutcomeFacts['outcome'] =>
  value === 'VERIFIED' || value === 'DEAD' || value === 'SKIPPED' || value === 'DELAYED'

const whole = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null

const secondsOf = ({ timestamp }: SourceMessage): number => Math.max(0, Math.floor(timestamp / 1000))

function coordinatesOf({ topic, partition, offset }: SourceMessage): Coordinates {
  return { topic, partition, offset }
}
