import { type Buffer, isUtf8 } from 'node:buffer'
import { FAULT_TEXT } from '../core/json/fault-text.js'
import { isFault, scanJson } from '../core/json/scan.js'
import { codeOf, type JsonTape, MAX_TEXT, OBJECT, ROOT, stringValue } from '../core/json/tape.js'
import type { MessageHeader, SourceMessage } from '../core/model.js'
import type { AvroEvent, EventReader } from '../core/ports.js'
import { partsOfAvro } from './decode-avro.js'
import {
  concludeEvent,
  type DecodeEnd,
  type EventParts,
  type EventRules,
  type TextProtect,
} from './decode-event.js'
import { partsOfJson } from './decode-json.js'

export type { DecodeEnd, TextProtect } from './decode-event.js'

export interface DecodeDeps {
  readonly readAvro: EventReader
  readonly fetchEvents: readonly string[]
  readonly ignoreEvents: readonly string[]
  readonly protect: TextProtect
  /** Epoch ms. */
  readonly now: () => number
}

export type Decode = (message: SourceMessage) => DecodeEnd | Promise<DecodeEnd>

const AVRO_MAGIC = 0
const BYTE_ORDER_MARK = 0xfeff
const STARTS_STRUCTURE = /^[ \t\r\n]*[{["]/
const STARTS_LITERAL = /^[ \t\r\n]*[-0-9tfn]/
// W3C Trace Context, versions up to fe; ids of zeros only are invalid.
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
const TRACEPARENT_BYTES = 55

/**
 * Reads an event; its form is told by its content.
 *
 * Out:    an event, a recorded skip, or a dead end with what its dead letter holds. A promise only for Avro of a schema not
 *         seen before
 * Fails:  event-undecodable, event-no-id, event-bad-id
 * Throws: (the promise) when the registry cannot be asked
 * Source: product.md section 3
 */
export function createDecode(deps: DecodeDeps): Decode {
  const rules: EventRules = {
    names: { fetch: new Set(deps.fetchEvents), ignore: new Set(deps.ignoreEvents) },
    protect: deps.protect,
    now: deps.now,
  }
  return (message) => {
    const { value } = message
    if (value === null) return { kind: 'skip', code: 'null-value', handshakeId: null }
    if (value.length === 0) return undecodable('no bytes')
    const conclude = (parts: EventParts): DecodeEnd =>
      concludeEvent(parts, traceparentOf(message.headers), rules)
    if (value[0] !== AVRO_MAGIC) return decodeText(value, conclude)
    const read = deps.readAvro.read(value)
    return read instanceof Promise
      ? read.then((answer) => decodeAvro(answer, conclude))
      : decodeAvro(read, conclude)
  }
}

type Conclude = (parts: EventParts) => DecodeEnd

function decodeAvro(read: AvroEvent | 'unknown-schema' | 'undecodable', conclude: Conclude): DecodeEnd {
  if (read === 'unknown-schema') return undecodable('the registry does not know the Avro schema')
  if (read === 'undecodable') return undecodable('bytes do not fit the Avro schema')
  return conclude(partsOfAvro(read))
}

function decodeText(value: Buffer, conclude: Conclude): DecodeEnd {
  if (!isUtf8(value)) return undecodable('not UTF-8')
  const text = value.toString('utf8')
  if (text.length > MAX_TEXT) return undecodable('too long')
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) return undecodable(FAULT_TEXT.bom)
  if (STARTS_STRUCTURE.test(text)) {
    const tape = scanJson(text)
    return isFault(tape)
      ? undecodable(`${FAULT_TEXT[tape.fault]} at character ${tape.at}`)
      : decodeJson(tape, conclude)
  }
  if (STARTS_LITERAL.test(text) && !isFault(scanJson(text))) return noEvent()
  return conclude(bareId(text))
}

function decodeJson(tape: JsonTape, conclude: Conclude): DecodeEnd {
  if (codeOf(tape, ROOT) === OBJECT) return conclude(partsOfJson(tape))
  const text = stringValue(tape, ROOT)
  return text === null ? noEvent() : conclude(bareId(text))
}

function bareId(text: string): EventParts {
  return { named: false, event: undefined, members: { _id: { kind: 'text', text } } }
}

function noEvent(): DecodeEnd {
  const failure = { code: 'event-no-id', detail: 'JSON that is neither object nor string' } as const
  return { kind: 'dead', failure, reduced: null }
}

function undecodable(detail: string): DecodeEnd {
  return { kind: 'dead', failure: { code: 'event-undecodable', detail }, reduced: null }
}

/** The last one counts, as Kafka's clients have it. */
function traceparentOf(headers: readonly MessageHeader[]): Buffer | null {
  for (let at = headers.length - 1; at >= 0; at -= 1) {
    const header = headers[at]
    if (header?.key === 'traceparent' && isTraceparent(header.value)) return header.value
  }
  return null
}

/** Whether a header's value is a trace context that may be passed on. Source: W3C Trace Context, section 3.2 */
export function isTraceparent(value: Buffer | null): value is Buffer {
  return value !== null && value.length === TRACEPARENT_BYTES && TRACEPARENT.test(value.toString('latin1'))
}
