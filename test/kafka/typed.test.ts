/** Typed records on a real broker and registry: product.md section 7, typed output. */
import avro from 'avsc'
import { afterEach, describe, expect, it } from 'vitest'
import { createCatalogue } from '../../src/catalogue/index.js'
import { allTypedTopics, typedKindsOf } from '../../src/catalogue/typed-kinds.js'
import { createKafkaAdmin } from '../../src/io/kafka/admin.js'
import { createLog } from '../../src/io/ops/log.js'
import { createSchemaRegistry } from '../../src/io/registry/client.js'
import { createSystemClock } from '../../src/io/system/clock.js'
import { catalogueOf } from '../../src/simulator/results.js'
import { reconcile } from '../../src/tools/reconcile/reconcile.js'
import { createSite, type Site } from '../support/site.js'
import { stack } from '../support/stack.js'
import { until } from '../support/until.js'

let site: Site
afterEach(() => site.close())

const log = createLog({ level: 'silent', pretty: false })
const EVENTS = 60
const SHAPE_ONLY = 'PAN'

/** Stage ids of the simulator to their types, but one type, which then is told by its shape alone. */
function stagesNamed(): Readonly<Record<string, string>> {
  const { stages } = catalogueOf(site.simulator.source)
  return Object.fromEntries(Object.entries(stages).filter(([, type]) => type !== SHAPE_ONLY))
}

const catalogue = { stages: {}, flows: {}, types: {} }
const typedTopics = () => allTypedTopics({ topics: { verified: site.topics.verified }, catalogue })

async function prove() {
  const { brokers, registryUrl } = stack()
  const connection = { brokers, clientId: 'typed-test', ssl: false, sasl: null }
  const admin = createKafkaAdmin(connection, log)
  const registry = createSchemaRegistry({
    ...{ url: registryUrl, username: null, password: null, token: null, ca: null, register: false },
  })
  const reader = { connection, admin, groupId: `${site.groupId}.proof`, clock: createSystemClock(), log }
  try {
    const found = await reconcile({
      ...{ reader, registry, groupId: site.groupId, delivery: 'exactly-once', startFrom: 'earliest' },
      ...{ since: null, settled: 'committed' },
      topics: { ...site.topics, events: [site.topics.events], retry: [], replay: [], typed: typedTopics() },
    })
    const result = { counts: { ...found.counts }, violations: [...found.violations()] }
    found.close()
    return result
  } finally {
    await Promise.all([admin.close(), registry.close()])
  }
}

async function runToEnd(form: string) {
  site = await createSite({ partitions: 3, simulator: { profile: 'mixed' } })
  await site.send(
    Array.from({ length: EVENTS }, (_, n) => ({
      key: `k${n}`,
      value: site.events.bare(site.handshakeId(n)),
    })),
  )
  const stages = stagesNamed()
  const here = await site.here(`records.form=${form}`, `catalogue.stages=${JSON.stringify(stages)}`)
  await until('all are done', () => site.caughtUp())
  const status = JSON.parse((await here.get('/status')).text) as { readonly drift: readonly object[] }
  const drifted = await here.metric('attestr_drift_total')
  await here.stop()
  return { here, stages, status, drifted }
}

/** Every typed record, read with the schema of the catalogue. */
async function typedRows(): Promise<Record<string, unknown>[]> {
  const stages = Object.fromEntries(createCatalogue().types.map(({ name }, n) => [`FS0${n}`, name]))
  const kinds = typedKindsOf({
    ...{ records: { form: 'typed' }, topics: { verified: site.topics.verified } },
    catalogue: { ...catalogue, stages },
  })
  const existing = new Set(await site.broker.admin.listTopics())
  const rows = []
  for (const { topic, schema } of kinds.filter((kind) => existing.has(kind.topic))) {
    const type = avro.Type.forSchema(JSON.parse(schema))
    for (const { value } of await site.rows(topic))
      rows.push(type.fromBuffer(value?.subarray(5) ?? Buffer.alloc(0)))
  }
  return rows as Record<string, unknown>[]
}

describe('typed records', () => {
  it.each(['typed', 'both'])(
    'of the form %s: nothing is lost, nothing doubled, nothing guessed',
    async (form) => {
      const { stages, status, drifted, here } = await runToEnd(form)
      const { counts, violations } = await prove()
      expect(violations).toEqual([])
      expect(counts).toMatchObject({ verified: EVENTS, waiting: 0, unprovable: 0 })
      const typed = await typedRows()
      const long = await site.rows(site.topics.verified)
      expect(counts.records).toBe(typed.length + long.length)
      expect(typed.length).toBeGreaterThan(EVENTS)
      const total = typed.length + (form === 'typed' ? long.length : 0)
      const counted = (await site.outcomes()).reduce((sum, { records }) => sum + records, 0)
      expect(counted).toBe(counts.records)
      if (form === 'both') expect(long.length).toBeGreaterThan(typed.length)
      else expect(total).toBe(counts.records)
      for (const row of typed) expect(row['stageType']).toBe(stages[String(row['stageId'])])
      const topics = await site.broker.admin.listTopics()
      expect(topics).not.toContain(`${site.topics.verified}.pan`)
      expect(topics).toContain(`${site.topics.verified}.bank-acc`)
      // The simulator has members that no page tells of.
      expect(status.drift.length).toBeGreaterThan(0)
      expect(drifted).toBeGreaterThan(0)
      const lines = here.lines.filter(({ event }) => event === 'stage-drift')
      expect(lines).toHaveLength(status.drift.length)
    },
  )

  it('that are missing or doubled are found', async () => {
    await runToEnd('both')
    const [topic = ''] = typedTopics().filter((one) => one.endsWith('.bank-acc'))
    const [first] = await site.rows(topic)
    if (first === undefined) throw new Error('no record')
    await site.broker.append({ topic, partition: first.partition }, [{ value: first.value }])
    expect((await prove()).violations).toMatchObject([{ kind: 'record-doubled' }])
    await site.broker.deleteBefore({ topic, partition: first.partition }, first.offset + 1)
    expect((await prove()).violations.map(({ kind }) => kind)).not.toContain('handshake-torn')
  })
})
