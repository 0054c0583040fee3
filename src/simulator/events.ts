import type { ResultSource } from './results.js'

/** Event values as they are found on an events topic. All are texts. Source: product.md section 3 */
export interface Events {
  /** The webhook as it is sent: with the result, its secrets and its signature. */
  completed(handshakeId: string, more?: Readonly<Record<string, unknown>>): string
  /** The same envelope with nothing of the result. */
  reduced(handshakeId: string): string
  /** The envelope without `event`. */
  withoutName(handshakeId: string): string
  /** The payload alone. */
  bare(handshakeId: string): string
  /** A payload that calls the id `handshakeId`. */
  handshakeIdMember(handshakeId: string): string
  idText(handshakeId: string): string
  idJson(handshakeId: string): string
  skipped(handshakeId: string): string
  errored(handshakeId: string): string
  /** An event of another service that lands on the same webhook. */
  unsupported(handshakeId: string): string
  /** The members of `attestr.HandshakeCompleted`. */
  avroFields(handshakeId: string): AvroEvent
}

export interface AvroEvent {
  readonly event: string | null
  readonly handshakeId: string
  readonly flowId: string | null
  readonly snapshot: string | null
  readonly tag: string | null
  readonly updated: number | null
}

/**
 * Makes events about the handshakes of a source.
 *
 * Source: attestr.md section 1; the bodies of skipped and errored events are modelled on what the SDK
 *         exchanges at that moment, since no sample is published
 */
export function createEvents(source: ResultSource): Events {
  function payload(handshakeId: string) {
    const { number, tag, requestId, flowId, snapshot, updated } = source.handshake(handshakeId)
    return { _id: handshakeId, tag, number, requestId, flowId, snapshot, updated }
  }
  const envelope = (event: string, body: unknown): string => JSON.stringify({ event, payload: body })

  function completed(handshakeId: string, more: Readonly<Record<string, unknown>> = {}): string {
    const { resultBytes, signature } = source.resultFor(handshakeId)
    const { _id, tag, number, requestId, ...times } = payload(handshakeId)
    const head = JSON.stringify({ _id, tag, number, requestId }).slice(0, -1)
    const tail = JSON.stringify({ resultSignature: signature, ...times, ...more }).slice(1)
    return `{"event":"flowx.completed","payload":${head},"result":${resultBytes.toString('utf8')},${tail}}`
  }

  function stageOf(handshakeId: string): string | undefined {
    return source.handshake(handshakeId).stages.at(-1)?.stageId
  }

  return {
    completed,
    reduced: (id) => envelope('flowx.completed', payload(id)),
    withoutName: (id) => JSON.stringify({ payload: payload(id) }),
    bare: (id) => JSON.stringify(payload(id)),
    handshakeIdMember: (id) => JSON.stringify({ handshakeId: id, tag: payload(id).tag }),
    idText: (id) => id,
    idJson: (id) => JSON.stringify(id),
    skipped: (id) => envelope('flowx.skipped', { ...payload(id), stage: stageOf(id), code: 1001 }),
    errored: (id) => {
      const error = {
        httpStatusCode: 500,
        code: '5001',
        message: 'Something went wrong',
        stage: stageOf(id),
        retry: true,
        original: null,
      }
      return envelope('flowx.errored', { ...payload(id), error })
    },
    unsupported: (id) => {
      const query = {
        _id: 'AQ0jPe2Y_J_09hiBEo',
        text: 'Is the address right?',
        documents: [],
        response: null,
        created: 1624181764806,
      }
      return envelope('factx.query', {
        _id: 'AQ0jPe2Y_J_09hiBEo',
        profile: 'AX1y-dBZ1qhpcGltIW',
        handshake: id,
        queries: [query],
      })
    },
    avroFields: (id) => {
      const { flowId, snapshot, tag, updated } = payload(id)
      return { event: 'flowx.completed', handshakeId: id, flowId, snapshot, tag, updated }
    },
  }
}
