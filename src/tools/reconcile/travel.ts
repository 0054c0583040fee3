import type { Coordinates, SourceMessage } from '../../core/model.js'

/** Where in its chain a message of a retry or replay topic says it stands. */
export interface Travelled {
  readonly origin: Coordinates
  readonly attempt: number
  readonly replays: number
}

type Rule = (text: string) => boolean

const whole =
  (least: number, most: number): Rule =>
  (text) =>
    /^(?:0|[1-9]\d{0,15})$/.test(text) && Number(text) >= least && Number(text) <= most

const MAX_INT = 2 ** 31 - 1
const MAX_LONG = 2 ** 52
const PLACE = /^([\w.-]{1,249})\/(\d+)\/(\d+)$/

const isPlace: Rule = (text) => {
  const [, , partition = '', offset = ''] = PLACE.exec(text) ?? []
  return whole(0, MAX_INT)(partition) && whole(0, MAX_LONG)(offset)
}

/** Each header there is, with what it must say. A message may stand anywhere in a chain only if all of them are right. */
const HEADERS: readonly { readonly name: string; readonly must: boolean; readonly rule: Rule }[] = [
  { name: 'attestr.origin', must: true, rule: isPlace },
  { name: 'attestr.attempt', must: true, rule: whole(1, MAX_INT) },
  { name: 'attestr.replays', must: true, rule: whole(0, MAX_INT) },
  { name: 'attestr.first-seen', must: true, rule: whole(0, MAX_LONG) },
  { name: 'attestr.calls', must: false, rule: whole(0, MAX_INT) },
  { name: 'attestr.due', must: false, rule: whole(0, MAX_LONG) },
]

/**
 * Reads travel headers by the words of the contract, not by the connector's own code: a fault there shall be seen here.
 *
 * Out:    null when a header is missing, malformed or there twice: the message then stands for itself
 * Source: product.md section 7, travel headers
 */
export function readTravel({ headers }: Pick<SourceMessage, 'headers'>): Travelled | null {
  const texts = new Map<string, string>()
  for (const { name, must, rule } of HEADERS) {
    const [found, ...more] = headers.filter(({ key }) => key === name)
    if (found === undefined && !must) continue
    const text = found?.value?.toString('latin1')
    if (text === undefined || more.length > 0 || !rule(text)) return null
    texts.set(name, text)
  }
  const [, topic = '', partition, offset] = PLACE.exec(texts.get('attestr.origin') ?? '') ?? []
  return {
    origin: { topic, partition: Number(partition), offset: Number(offset) },
    attempt: Number(texts.get('attestr.attempt')),
    replays: Number(texts.get('attestr.replays')),
  }
}
