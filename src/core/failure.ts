/** Failure codes of product.md section 7: a closed list. Add, never rename: a code is metric label, dead-letter field and replay filter. */
export type FailureCode =
  | 'event-undecodable'
  | 'event-no-id'
  | 'event-bad-id'
  | 'response-too-large'
  | 'response-malformed'
  | 'response-mismatch'
  | 'result-archived'
  | 'result-not-ready'
  | 'result-missing'
  | 'result-unexpected-shape'
  | 'result-over-limits'
  | 'signature-missing'
  | 'signature-mismatch'
  | 'record-unencodable'
  | 'record-too-large'
  | 'request-rejected'
  | 'handshake-not-found'
  | 'handshake-forbidden'
  | 'consent-invalid'
  | 'retries-exhausted'

export type SkipCode = 'null-value' | 'event-ignored' | 'event-unsupported' | 'no-stages'

export type FailureCategory = 'EVENT' | 'RESPONSE' | 'SIGNATURE' | 'RECORD' | 'API'

export interface FailureKind {
  readonly category: FailureCategory
  /** Whether a replay can help without a change of the data. */
  readonly retryable: boolean
  /** One line: what an operator can do. */
  readonly remedy: string
}

/** Why an event cannot go forward. `detail` names places and kinds, never a value of the API or of the event. */
export interface Failure {
  readonly code: FailureCode
  readonly detail: string
  readonly httpStatus?: number
  readonly attestrCode?: number
  readonly requestId?: string
}

/** One row a code; `attestr-kafka codes` prints it. Source: product.md sections 3, 4, 5, 6 and 7. */
export const FAILURES: Readonly<Record<FailureCode, FailureKind>> = {
  'event-undecodable': {
    category: 'EVENT',
    retryable: false,
    remedy:
      'Mend the producer: send the webhook JSON, a handshake id, or attestr.HandshakeCompleted in Confluent framing.',
  },
  'event-no-id': {
    category: 'EVENT',
    retryable: false,
    remedy: 'Mend the producer: the payload needs _id (or handshakeId).',
  },
  'event-bad-id': {
    category: 'EVENT',
    retryable: false,
    remedy: 'Mend the producer: a handshake id starts with DS0 and has 6 to 30 more letters, digits, _ or -.',
  },
  'response-too-large': {
    category: 'RESPONSE',
    retryable: true,
    remedy: 'Raise fetch.maxResponseBytes if results of this size are expected, then replay.',
  },
  'response-malformed': {
    category: 'RESPONSE',
    retryable: true,
    remedy:
      'The API sent JSON that is not safe to use; look for a proxy that changes answers, else report it to Attestr, then replay.',
  },
  'response-mismatch': {
    category: 'RESPONSE',
    retryable: true,
    remedy:
      'The API answered for another handshake; look for a cache in between, else report it to Attestr, then replay.',
  },
  'result-archived': {
    category: 'RESPONSE',
    retryable: false,
    remedy:
      'Attestr has archived the handshake; its result can no longer be fetched. Keep the lag below the archival time.',
  },
  'result-not-ready': {
    category: 'RESPONSE',
    retryable: true,
    remedy: 'The handshake was not consumed in time; replay when the flow has been finished.',
  },
  'result-missing': {
    category: 'RESPONSE',
    retryable: true,
    remedy: 'The API gave no result for a consumed handshake; replay later, then ask Attestr.',
  },
  'result-unexpected-shape': {
    category: 'RESPONSE',
    retryable: false,
    remedy: 'The result is not an object of stages; report it to Attestr.',
  },
  'result-over-limits': {
    category: 'RESPONSE',
    retryable: true,
    remedy: 'Raise limits.* if results of this shape are expected, then replay.',
  },
  'signature-missing': {
    category: 'SIGNATURE',
    retryable: true,
    remedy: 'The API sent a result without a signature; replay later, then ask Attestr.',
  },
  'signature-mismatch': {
    category: 'SIGNATURE',
    retryable: true,
    remedy:
      'Check the client secret and verification.method with `attestr-kafka verify`; if both are right the result was changed on its way.',
  },
  'record-unencodable': {
    category: 'RECORD',
    retryable: true,
    remedy:
      'A record does not fit its Avro schema; report it with the handshake id, then replay with a mended version.',
  },
  'record-too-large': {
    category: 'RECORD',
    retryable: true,
    remedy:
      "Raise kafka.maxRecordBytes and the topic's max.message.bytes, or drop large fields with privacy.rules, then replay.",
  },
  'request-rejected': {
    category: 'API',
    retryable: true,
    remedy: 'The API refused the request; see attestrCode, mend the cause, then replay.',
  },
  'handshake-not-found': {
    category: 'API',
    retryable: true,
    remedy:
      'The API does not know the handshake: check that the credential belongs to the account of the event, then replay.',
  },
  'handshake-forbidden': {
    category: 'API',
    retryable: true,
    remedy:
      'The credential may not read this handshake: add the credential of its app (match by topic or flow id), then replay.',
  },
  'consent-invalid': {
    category: 'API',
    retryable: false,
    remedy: 'The consent is missing, expired or does not cover the operation; it must be given anew.',
  },
  'retries-exhausted': {
    category: 'API',
    retryable: true,
    remedy: 'The API failed for this handshake while it answered for others; replay later, then ask Attestr.',
  },
}
