import { createHmac, timingSafeEqual } from 'node:crypto'
import type { KafkaMessage, Message } from 'kafkajs'
import type { BaselineConfig } from '../subjects.js'

export interface ReadMessage {
  readonly topic: string
  readonly partition: number
  readonly message: KafkaMessage
}

/** From a message to what is produced for it. */
export type Work = (read: ReadMessage) => Promise<Message[]>

type Json = string | number | boolean | null | Json[] | { [member: string]: Json }
type Members = { [member: string]: Json }

interface Answer {
  readonly _id: string
  readonly number: string | null
  readonly requestId: string | null
  readonly tag: string | null
  readonly result: { readonly [stageId: string]: Members }
  readonly resultSignature: string
}

interface Payload {
  readonly _id: string
  readonly flowId?: string
  readonly snapshot?: string
  readonly updated?: number
}

/** Fetch, JSON.parse, check of the signature, flatten, Avro: the job of the connector in its plainest form. Throws for anything unexpected. */
export function createWork(config: BaselineConfig, encode: (record: object) => Promise<Buffer>): Work {
  const headers = { 'content-type': 'application/json', authorization: `Basic ${config.authToken}` }

  return async function work({ topic, partition, message }) {
    const event = parse<{ event: string; payload: Payload }>(message.value?.toString() ?? '')
    const { payload } = event
    const response = await fetch(`${config.baseUrl}/v1/public/flowx/handshake/${payload._id}`, { headers })
    if (response.status !== 200) throw new Error(`the API answered ${response.status}`)
    const answer = parse<Answer>(await response.text())
    // Holds for a result that JSON.stringify writes as it was sent: no 1.0, no number over 2^53.
    const mac = createHmac('sha256', config.clientSecret).update(JSON.stringify(answer.result)).digest()
    if (!timingSafeEqual(mac, Buffer.from(answer.resultSignature, 'hex'))) throw new Error('wrong signature')
    const now = Date.now()
    const verification = {
      ...{ algorithm: 'HMAC-SHA256', method: 'compact', credentialId: 'main' },
      ...{ signature: answer.resultSignature, signedBytes: JSON.stringify(answer.result).length },
      verifiedAt: now,
    }
    const common = {
      handshakeId: answer._id,
      ...{ number: answer.number, requestId: answer.requestId, tag: answer.tag },
      flowId: payload.flowId ?? null,
      snapshot: payload.snapshot ?? null,
      ...{ eventType: event.event, eventTime: payload.updated ?? null, verification },
      origin: { topic, partition, offset: Number(message.offset) },
      ...{ attempt: 1, replays: 0, fetchedAt: now },
      resultId: `${answer._id}@${answer.resultSignature.slice(0, 12)}`,
    }
    const stages = Object.entries(answer.result)
    return Promise.all(
      stages.map(async ([stageId, stage], stageIndex) => ({
        key: answer._id,
        value: await encode({
          ...common,
          ...{ stageId, stageIndex, stageCount: stages.length },
          recordId: `${answer._id}/${stageId}@${answer.resultSignature.slice(0, 12)}`,
          ...flattenStage(stage),
        }),
      })),
    )
  }
}

const parse = <T>(text: string): T => JSON.parse(text) as T

function flattenStage({ input = {}, output = {}, ...extra }: Members) {
  const kinds: Record<string, string> = {}
  const valid =
    typeof output === 'object' && output !== null && !Array.isArray(output) ? output['valid'] : null
  return {
    ...{ stageType: null, stageTypeSource: 'UNKNOWN', status: 'COMPLETE' },
    valid: typeof valid === 'boolean' ? valid : null,
    input: flatten(input, 'input', kinds),
    output: flatten(output, 'output', kinds),
    extra: flatten(extra, '', kinds),
    kinds,
    redactions: {},
  }
}

function flatten(value: Json, prefix: string, kinds: Record<string, string>): Record<string, string> {
  const into: Record<string, string> = {}
  const walk = (node: Json, path: string): void => {
    if (Array.isArray(node)) for (const [at, item] of node.entries()) walk(item, `${path}[${at}]`)
    else if (typeof node === 'object' && node !== null)
      for (const [member, item] of Object.entries(node))
        walk(item, path === '' ? member : `${path}.${member}`)
    else {
      into[path] = String(node)
      if (typeof node !== 'string') kinds[`${prefix}.${path}`] = node === null ? 'null' : typeof node
    }
  }
  walk(value, '')
  return into
}
