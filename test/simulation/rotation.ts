/** Two Attestr apps under load while the list of credentials changes again and again. */
import { loadConfig } from '../../src/config/load.js'
import { topicsRead } from '../../src/config/topics-read.js'
import { createMemoryApiServer } from '../../src/io/memory/api-server.js'
import { createVirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryBroker } from '../../src/io/memory/kafka.js'
import { createMemoryLog } from '../../src/io/memory/log.js'
import { createMemoryMetrics } from '../../src/io/memory/metrics.js'
import { createSeededRandom, randomInt } from '../../src/io/memory/random.js'
import { createMemoryRegistry } from '../../src/io/memory/registry.js'
import { createEncoders } from '../../src/io/registry/encoders.js'
import { createEventReader } from '../../src/io/registry/events.js'
import { createReload } from '../../src/reload.js'
import { ownerOf } from '../../src/simulator/credentials.js'
import type { HandshakeRule } from '../../src/simulator/faults.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { createResponder } from '../../src/simulator/responder.js'
import { createResultSource } from '../../src/simulator/results.js'
import { decodeDeadLetters, decodeOutcomes, decodeVerified } from '../support/decode-rows.js'
import type { Doubles } from './instance.js'
import { startInstance } from './instance.js'
import { lastOf } from './world.js'

export interface RotationOptions {
  readonly events: number
  readonly seed: number
  /** What an app gets that asks for a handshake of the other one. */
  readonly foreign: 'forbidden' | 'served'
  /** Planted faults: how the answer of a reload is spoiled. */
  readonly spoil?: (text: string) => string
  /** Token of the first app at the start; its right one if left out. */
  readonly firstToken?: string
}

export interface RotationReport {
  /** A line for each event whose end, or whose credential, is another one than it must be. */
  readonly falseVerdicts: readonly string[]
  readonly verified: number
  readonly dead: number
  readonly delayed: number
  /** Changes of the list that were put in force while events were under way. */
  readonly rotations: number
  /** Reasons of the pauses there were. */
  readonly pauses: readonly string[]
}

const PARTITIONS = 4
const RESULT_SEED = 23
/** Every so many handshakes has a signature that is nobody's. */
const FORGED_EVERY = 40
const APPS = [
  { id: 'old', authToken: 'token-of-old', clientSecret: 'secret-of-old' },
  { id: 'new', authToken: 'token-of-new', clientSecret: 'secret-of-new' },
] as const
const [OLD, NEW] = APPS

/** In the order in which an operator would come to them, and then to and fro. */
const LISTS = [
  [OLD, NEW],
  [NEW, OLD],
  [OLD, NEW],
  [{ ...OLD, match: { topics: ['elsewhere'] } }, NEW, OLD],
] as const

const settings = (credentials: readonly object[]): string =>
  JSON.stringify({
    attestr: { credentials: credentials.map((one, n) => ({ ...one, ...(n > 1 ? { id: `old-${n}` } : {}) })) },
    kafka: { brokers: ['localhost:9092'] },
    schemaRegistry: { url: 'http://localhost:8081' },
    topics: { retry: [{ topic: 'retry', delayMs: 20_000 }] },
    deadLetters: { flood: null },
  })

function loadText(text: string) {
  return loadConfig({ file: 'rotation.yaml', env: {}, readText: () => text })
}

/** Runs all events through one connector, and judges each by what its handshake is known to be. */
export async function runRotation(options: RotationOptions, doubles: Doubles = {}): Promise<RotationReport> {
  const { events, seed, foreign, spoil = (text) => text, firstToken = OLD.authToken } = options
  const random = createSeededRandom(seed)
  const clock = createVirtualClock({ start: Date.UTC(2026, 0, 1) })
  const broker = createMemoryBroker({ clock, random, maxMarkerDelayMs: 2 })
  const loaded = loadText(settings([{ ...OLD, authToken: firstToken }]))
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
  const { config } = loaded
  const { topics } = config
  for (const topic of [...topicsRead(topics), topics.verified, topics.deadLetter, topics.outcomes ?? '']) {
    broker.createTopic(topic, PARTITIONS)
  }

  const source = createResultSource({
    ...{ seed: RESULT_SEED, clientSecret: OLD.clientSecret, stages: ['VPA:done'] },
  })
  const ownerAt = (id: string): number => ownerOf(id, RESULT_SEED, APPS.length, 'spread', 0)
  const owned: string[][] = [[], []]
  const forged: Record<string, readonly HandshakeRule[]> = {}
  for (let n = 0; (owned[0]?.length ?? 0) + (owned[1]?.length ?? 0) < events; n += 1) {
    const id = handshakeIdFor(RESULT_SEED, n)
    owned[ownerAt(id)]?.push(id)
    if (n % FORGED_EVERY === 0) forged[id] = [{ fault: { kind: 'signature', value: 'wrong' }, times: null }]
  }
  const responder = createResponder({
    ...{ source, credentials: APPS, ownership: 'spread', foreign, latencyMs: 20 },
    faults: { handshakes: forged },
  })
  const log = createMemoryLog()
  const metrics = createMemoryMetrics()
  const { connector } = startInstance(
    {
      ...{ broker, config, doubles, log, metrics, transactional: true, networkMs: 3 },
      server: createMemoryApiServer(clock, (call) => responder.respond(call)),
      encoders: createEncoders({ ids: { verified: 1, deadLetter: 2, outcome: 3 } }),
      readAvro: createEventReader({
        registry: createMemoryRegistry(),
        monotonic: () => clock.monotonic(),
      }),
      fault: () => null,
    },
    'p1',
    seed,
  )

  let text = settings([OLD])
  const reload = createReload({
    ...{ config, log, metrics, load: () => loadText(spoil(text)) },
    apply: (credentials) => connector.replaceCredentials(credentials),
  })
  const rotate = (list: readonly object[]): void => {
    text = settings(list)
    reload()
  }

  let appended = 0
  const append = (id: string): void => {
    broker.append({ topic: topics.events[0] ?? '', partition: appended % PARTITIONS }, [
      { key: null, value: Buffer.from(id), headers: [] },
    ])
    appended += 1
  }
  const starting = connector.start()
  await clock.advance(3000)
  await starting

  // Half of the first app's handshakes come before there is another one, and a few of the second come too early.
  const [first = [], second = []] = owned
  const early = foreign === 'forbidden' ? second.splice(0, 3) : []
  const before = first.splice(0, Math.floor(first.length / 2))
  const mixed = [...before.slice(0, 9), ...early, ...before.slice(9)]
  const rest = [...first, ...second]
  for (let at = rest.length - 1; at > 0; at -= 1) {
    const other = randomInt(random, 0, at)
    ;[rest[at], rest[other]] = [rest[other] ?? '', rest[at] ?? '']
  }
  for (const [n, id] of mixed.entries()) clock.after(n * 2, () => append(id))
  const from = mixed.length * 2
  // Right before the first handshake that may be the second app's: earlier ones are still on their way.
  clock.after(from, () => rotate(LISTS[0]))
  for (const [n, id] of rest.entries()) clock.after(from + 1 + n * 2, () => append(id))
  let turns = 0
  for (let at = from + 37; at < from + rest.length * 2; at += randomInt(random, 20, 90)) {
    turns += 1
    const turn = turns
    clock.after(at, () => {
      if (turn % 10 !== 9) return rotate(LISTS[turn % LISTS.length] ?? [])
      // Half written: nothing may change.
      text = settings([OLD, NEW]).slice(0, -randomInt(random, 1, 60))
      reload()
    })
  }
  const groupId = config.kafka.groupId
  const lasts = topicsRead(topics).flatMap((topic) => broker.partitionsOf(topic).map(lastOf(broker)))
  const consumed = (): boolean =>
    appended === events &&
    lasts.every((last) => {
      const at = last()
      return at === null || (broker.offsets.committed(groupId, at) ?? 0) > at.offset
    })
  if (!(await clock.runUntil(consumed, 3_600_000))) throw new Error('events are left')
  await clock.advance(30_000)
  if (!(await clock.runUntil(consumed, 3_600_000))) throw new Error('events are left')
  const stopped = connector.stop()
  await clock.drive(stopped)

  const verified = new Map(
    decodeVerified(broker.rows(topics.verified)).map((row) => [
      row.handshakeId,
      row.verification.credentialId,
    ]),
  )
  const dead = new Map(
    decodeDeadLetters(broker.rows(topics.deadLetter)).map((row) => [row.handshakeId, row.code]),
  )
  const ids = [...mixed, ...rest]
  const falseVerdicts = ids.flatMap((id) => {
    const wanted = id in forged ? 'signature-mismatch' : APPS[ownerAt(id)]?.id
    const got = [verified.get(id)?.replace(/-\d$/, ''), dead.get(id)].filter((end) => end !== undefined)
    return got.length === 1 && got[0] === wanted ? [] : [`${id}: ${got.join(' and ')} instead of ${wanted}`]
  })
  const delayed = decodeOutcomes(broker.rows(topics.outcomes ?? '')).filter(
    ({ outcome }) => outcome === 'DELAYED',
  )
  return {
    ...{ falseVerdicts, verified: verified.size, dead: dead.size, delayed: delayed.length },
    rotations: log.of('credentials-changed').length,
    pauses: log
      .of('state-changed')
      .flatMap(({ fields }) => (fields['to'] === 'paused' ? String(fields['reason']) : [])),
  }
}
