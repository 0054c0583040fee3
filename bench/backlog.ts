import type { Message, Producer } from 'kafkajs'
import { PARTITIONS } from './cells.js'
import {
  createEvents,
  createResultSource,
  DEVELOPMENT_CREDENTIAL,
  handshakeIdFor,
  type Profile,
} from './product.js'
import type { Rig } from './rig.js'

export const SEED = 1

/** `completed`: the webhook as it is sent, result included (2 KB); `reduced`: without the result; `id`: the bare id. */
export type EventForm = 'completed' | 'reduced' | 'id'
export const EVENT_FORMS: readonly EventForm[] = ['completed', 'reduced', 'id']

export interface BacklogOptions {
  readonly count: number
  readonly form: EventForm
  readonly profile: Profile
  /** How many different handshakes; without it each event has its own and is keyed by it. */
  readonly handshakes?: number
}

export interface Backlog {
  readonly topic: string
  readonly count: number
}

const SEND_EVENTS = 500

/** The events about handshakes first, first + 1, ... keyed by handshake id. */
export function createEventMaker({ form, profile }: Pick<BacklogOptions, 'form' | 'profile'>) {
  const { clientSecret } = DEVELOPMENT_CREDENTIAL
  const events = createEvents(createResultSource({ seed: SEED, clientSecret, profile }))
  const texts = { completed: events.completed, reduced: events.reduced, id: events.idText }
  const textOf = texts[form]
  return (n: number): { readonly key: string; readonly value: string } => {
    const key = handshakeIdFor(SEED, n)
    return { key, value: textOf(key) }
  }
}

export async function fillBacklog(rig: Rig, options: BacklogOptions): Promise<Backlog> {
  const topic = rig.name()
  rig.say(`writing a backlog of ${options.count} events`)
  await rig.createTopics([topic])
  await rig.withProducer((producer) => sendAll(producer, topic, options))
  return { topic, count: options.count }
}

async function sendAll(producer: Producer, topic: string, options: BacklogOptions): Promise<void> {
  const eventOf = createEventMaker(options)
  const { handshakes } = options
  for (let first = 0; first < options.count; first += SEND_EVENTS) {
    const messages: Message[] = []
    for (let n = first; n < Math.min(first + SEND_EVENTS, options.count); n += 1) {
      // Few handshakes would fill few partitions.
      if (handshakes === undefined) messages.push(eventOf(n))
      else messages.push({ ...eventOf(n % handshakes), partition: n % PARTITIONS })
    }
    await producer.send({ topic, messages })
  }
}
