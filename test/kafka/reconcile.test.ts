import { randomUUID } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import type { OutcomeRow } from '../../src/core/records.js'
import { holds, prove } from '../../src/demo/proof.js'
import { DEMO_CANARY, type DemoNames } from '../../src/demo/settings.js'
import { createKafkaAdmin } from '../../src/io/kafka/admin.js'
import { type OutgoingEvent, openPublisher } from '../../src/io/kafka/publisher.js'
import { ensureTopics } from '../../src/io/kafka/topics.js'
import { createSchemaRegistry } from '../../src/io/registry/client.js'
import { createEncoders } from '../../src/io/registry/encoders.js'
import { resolveIds } from '../../src/io/registry/schemas.js'
import { createSystemClock } from '../../src/io/system/clock.js'
import { stack } from '../support/stack.js'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const { brokers, registryUrl } = stack()
const connection = { brokers, clientId: 'reconcile-test', ssl: false, sasl: null }
const admin = createKafkaAdmin(connection, log)
const registry = createSchemaRegistry({
  ...{ url: registryUrl, username: null, password: null, token: null, ca: null, register: true },
})
afterAll(async () => {
  await Promise.all([admin.close(), registry.close()])
})

/** Three null events on a topic of their own, and outcomes of skips for the offsets given. */
async function proofOf(skippedOffsets: readonly number[], key = 'some key') {
  const prefix = `reconcile.${randomUUID()}`
  const names: DemoNames = {
    ...{ groupId: prefix, events: `${prefix}.events`, verified: `${prefix}.verified` },
    ...{ deadLetter: `${prefix}.dead-letter`, outcomes: `${prefix}.outcomes` },
    replay: `${prefix}.replay`,
  }
  const needs = {
    ...names,
    events: [names.events],
    retry: [],
    create: true,
    partitions: 1,
    replicationFactor: 1,
  }
  await ensureTopics(admin, needs, log)
  const encoders = createEncoders({ ids: await resolveIds(registry, names) })
  const rows = skippedOffsets.map((offset): OutgoingEvent => {
    const source = { topic: names.events, partition: 0, offset }
    const row: OutcomeRow = {
      ...{ source, origin: source, handshakeId: null, outcome: 'SKIPPED', code: 'null-value', records: 0 },
      ...{ calls: 0, attempt: 1, replays: 0, startedAt: 1, finishedAt: 2 },
    }
    return { key: Buffer.from(key), value: Buffer.from(encoders.outcome(row)) }
  })
  await write(
    names.events,
    [0, 1, 2].map(() => ({ key: null, value: null })),
  )
  await write(names.outcomes, rows)
  return prove({
    reader: { connection, admin, groupId: prefix, clock: createSystemClock(), log },
    ...{ registry, names, events: 3, expected: new Map([['SKIPPED null-value', 3]]) },
  })
}

async function write(topic: string, events: readonly OutgoingEvent[]): Promise<void> {
  const publisher = await openPublisher(connection, topic, log)
  await publisher.publish(events)
  await publisher.close()
}

const kindsOf = ({ findings }: Awaited<ReturnType<typeof prove>>): string[] =>
  findings.map((line) => line.split(' ')[0] ?? '')

describe('the proof over real topics', () => {
  it('holds where each event has one outcome', async () => {
    const proof = await proofOf([0, 1, 2])
    expect(proof.findings).toEqual([])
    expect(proof.counts.messages).toBe(3)
    expect(holds(proof)).toBe(true)
  })

  it('fails for an event without an outcome', async () => {
    const proof = await proofOf([0, 2])
    expect(kindsOf(proof)).toEqual(['message-without-outcome'])
    expect(holds(proof)).toBe(false)
  })

  it('fails for an event with two outcomes', async () => {
    const proof = await proofOf([0, 1, 2, 2])
    expect(kindsOf(proof)).toEqual(['outcome-doubled'])
    expect(holds(proof)).toBe(false)
  })

  it('fails for a planted secret on a topic of ours', async () => {
    const proof = await proofOf([0, 1, 2], `key with ${DEMO_CANARY.secret}`)
    expect(proof.leaks).toBe(3)
    expect(holds(proof)).toBe(false)
  })
})
