/** Kafka's own names of errors. */
export type BrokerErrorCode =
  | 'INVALID_PRODUCER_EPOCH'
  | 'INVALID_PRODUCER_ID_MAPPING'
  | 'INVALID_TXN_STATE'
  | 'CONCURRENT_TRANSACTIONS'
  | 'UNKNOWN_MEMBER_ID'
  | 'ILLEGAL_GENERATION'
  | 'REBALANCE_IN_PROGRESS'
  | 'UNKNOWN_TOPIC_OR_PARTITION'
  | 'OFFSET_OUT_OF_RANGE'
  | 'BROKER_NOT_AVAILABLE'
  | 'REQUEST_TIMED_OUT'

/** What a broker answers instead of a result, or what a client makes of no answer. */
export class BrokerError extends Error {
  readonly code: BrokerErrorCode
  constructor(code: BrokerErrorCode) {
    super(code)
    this.name = 'BrokerError'
    this.code = code
  }
}

export const isBrokerError = (error: unknown, ...codes: readonly BrokerErrorCode[]): boolean =>
  error instanceof BrokerError && codes.includes(error.code)
