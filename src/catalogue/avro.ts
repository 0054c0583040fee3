import type { ColumnContent } from '../core/layout.js'
import { type Column, columnsOf, recordNameOf } from './columns.js'
import type { StageSpec } from './model.js'

type AvroType = string | { readonly type: string; readonly logicalType: string }

interface AvroField {
  readonly name: string
  readonly type: AvroType | readonly [AvroType, AvroType]
  readonly default?: null
  readonly doc: string
}

const INSTANT: AvroType = { type: 'long', logicalType: 'timestamp-millis' }

/** `day` counts days since 1970-01-01, `instant` milliseconds. */
const TYPES: Readonly<Record<ColumnContent, AvroType>> = {
  text: 'string',
  number: 'double',
  boolean: 'boolean',
  any: 'string',
  json: 'string',
  day: { type: 'int', logicalType: 'date' },
  instant: INSTANT,
  'parsed-number': 'double',
}

const MEANINGS: Readonly<Record<ColumnContent, string>> = {
  text: '',
  number: ' as a number',
  boolean: '',
  any: ': a text as it is, anything else as JSON text',
  json: ' as JSON text',
  day: ' as a date; null where it cannot be read as one',
  instant: ' as a time; null where it cannot be read as one',
  'parsed-number': ' as a number; null where it cannot be read as one',
}

/**
 * The Avro schema of a type's records: flat, so that every sink takes it.
 *
 * Out:    JSON text of one line. The head of the long form, with `_` for what is nested there; a nullable column each
 *         column of the catalogue; then what has no column. It depends on names and kinds alone, not on descriptions
 * Source: product.md section 7, typed output, and the rules of every schema
 */
export function typedSchemaOf(spec: StageSpec): string {
  const name = recordNameOf(spec.name)
  const at = name.lastIndexOf('.')
  return JSON.stringify({
    type: 'record',
    name: name.slice(at + 1),
    namespace: name.slice(0, at),
    doc: `One stage of type ${spec.name} of a verified result. Read with isolation.level=read_committed.`,
    fields: [...HEAD, ...columnsOf(spec).map(fieldOf), ...REST],
  })
}

function fieldOf({ name, side, path, content }: Column): AvroField {
  return optional(name, TYPES[content], `${side}.${path}${MEANINGS[content]}.`)
}

function needed(name: string, type: AvroType, doc: string): AvroField {
  return { name, type, doc }
}

function optional(name: string, type: AvroType, doc: string): AvroField {
  return { name, type: ['null', type], default: null, doc }
}

const HEAD: readonly AvroField[] = [
  needed(
    'recordId',
    'string',
    '<handshakeId>/<stageId>@<first 12 hex digits of the signature>: the same for a repeat, another for a re-run; merge on it.',
  ),
  needed('handshakeId', 'string', 'Handshake id, from the response; case-sensitive.'),
  optional('number', 'string', 'Readable handshake number, from the response.'),
  optional('requestId', 'string', "Attestr's trace id of the response."),
  optional('tag', 'string', "The customer's own reference: from the response, else from the event."),
  optional('flowId', 'string', 'Flow id, from the event.'),
  optional('snapshot', 'string', 'Version of the flow, from the event.'),
  optional('eventType', 'string', 'Name of the event.'),
  optional('eventTime', INSTANT, '`updated` of the event.'),
  needed('stageId', 'string', 'Stage id within the flow.'),
  needed('stageIndex', 'int', 'Position within the result, from 0.'),
  needed('stageCount', 'int', 'Stages of the result.'),
  needed('stageType', 'string', 'Name of the type in the catalogue.'),
  needed('stageTypeSource', 'string', 'CATALOGUE: the configuration says what type the stage is.'),
  needed('status', 'string', 'COMPLETE, or PENDING when the output holds only an asynchronous reference.'),
  optional('valid', 'boolean', 'output.valid when it is a boolean or the text true or false.'),
]

const REST: readonly AvroField[] = [
  optional(
    'extra',
    'string',
    'The stage without what its columns hold, as JSON text; null when nothing is left.',
  ),
  optional(
    'redactions',
    'string',
    'JSON object of full path to what a privacy rule did: drop, mask, hash, encrypt; null when none did anything.',
  ),
  needed('verification_algorithm', 'string', 'HMAC-SHA256.'),
  needed('verification_method', 'string', 'How the signed bytes were formed: raw, compact, sorted.'),
  needed('verification_credentialId', 'string', 'Id of the credential whose secret matched.'),
  needed('verification_signature', 'string', 'Lower-case hex.'),
  needed('verification_signedBytes', 'int', 'Bytes hashed.'),
  needed('verification_verifiedAt', INSTANT, 'When the signature was checked.'),
  needed('origin_topic', 'string', 'Topic of the first event, also after delays and replays.'),
  needed('origin_partition', 'int', 'Its partition.'),
  needed('origin_offset', 'long', 'Its offset.'),
  needed('attempt', 'int', '1 + delays of this chain.'),
  needed('replays', 'int', 'How often a dead letter of this event was replayed.'),
  needed(
    'resultId',
    'string',
    '<handshakeId>@<first 12 hex digits of the signature>: the same for all stages of a result.',
  ),
  needed('fetchedAt', INSTANT, 'End of the API call: the latest result of a handshake has the greatest.'),
]
