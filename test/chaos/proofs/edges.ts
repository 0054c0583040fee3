/** Proof 6, the edges: broker and registry that are away pause everything too, and it is over by itself. */
import avro from 'avsc'
import { stack } from '../../support/stack.js'
import { until } from '../../support/until.js'
import { untilWorking } from '../crew.js'
import { type Away, type Links, openLinks } from '../links.js'
import { type Plant, withPlanted } from '../planted.js'
import { type Ground, type Proof, pause, type Report } from '../proof.js'
import { mostWithin } from '../series.js'
import { PARTITIONS, runTrial, SESSION_MS, type Trial } from '../trial.js'
import { weigh } from '../weigh.js'
import { createPlainWorkload } from '../workload.js'
import { memberAt } from './kills.js'
import { isReady } from './systemic.js'

const PER_SECOND = 40
/** Beyond those of the workload. */
const SPARE_ID = 1_000_000
const PROBE_MS = 1000
const MAX_PROBE_MS = 5000
const AWAY: readonly Away[] = ['broker', 'registry']
const REASONS = { broker: 'broker-down', registry: 'registry-down' }
/** The longest wait before another look, and what a group and a busy machine need beside it. */
const READY_MS = { broker: 2 * SESSION_MS + 20_000, registry: MAX_PROBE_MS + 5000 }
/** It is known by then, or never. */
const NOTICE_MS = 60_000
/** A client a partition and two more, each about once a second, and more often at first. */
const CONNECTIONS_IN_10S = { broker: 25 * PARTITIONS, registry: 11 }

const SETTINGS = {
  fetch: { concurrency: 16 },
  systemic: { probeMs: PROBE_MS, maxProbeMs: MAX_PROBE_MS },
}

interface Seen {
  readonly edge: Away
  readonly reasons: readonly string[]
  readonly readyAfterMs: number
  /** Most connections that were tried in any ten seconds while it was away. */
  readonly triedIn10s: number
}

/** Sends an event that nobody can read without the registry: its schema was never seen. */
async function sendAvro({ site }: Trial, id: string): Promise<void> {
  const fields = [{ name: 'handshakeId', type: 'string' }]
  const schema: avro.Schema = { type: 'record', name: `Event${Date.now()}`, fields }
  const response = await fetch(`${stack().registryUrl}/subjects/${site.topics.events}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  })
  const { id: schemaId } = (await response.json()) as { readonly id: number }
  const head = Buffer.alloc(5)
  head.writeUInt32BE(schemaId, 1)
  const value = avro.Type.forSchema(schema).toBuffer({ handshakeId: id })
  await site.send([{ key: id, value: Buffer.concat([head, value]) }])
}

async function takeAway(trial: Trial, links: Links, edge: Away, forMs: number): Promise<Seen> {
  const endpoint = await trial.crew.endpoint(memberAt(trial.crew, 0))
  await until('the connector is ready', () => isReady(endpoint))
  const before = links[edge].accepted()
  links.takeAway(edge)
  if (edge === 'registry') await sendAvro(trial, trial.site.handshakeId(SPARE_ID))
  const reasons = new Set<string>()
  const tried: number[] = []
  const startedAt = performance.now()
  // What is read before the event that needs the registry takes its time on a busy machine.
  const isOver = (): boolean =>
    performance.now() - startedAt > (reasons.size > 0 ? forMs : Math.max(forMs, NOTICE_MS))
  while (!isOver()) {
    const now = await endpoint.status()
    if (!now.ready && now.reason !== null) reasons.add(now.reason)
    const more = links[edge].accepted() - before - tried.length
    tried.push(...Array<number>(more).fill(performance.now()))
    await pause(100)
  }
  links.bringBack(edge)
  const healedAt = performance.now()
  await until(`ready again after ${edge}`, () => isReady(endpoint), 120_000)
  return {
    ...{ edge, reasons: [...reasons], readyAfterMs: Math.round(performance.now() - healedAt) },
    triedIn10s: mostWithin(tried, 10_000),
  }
}

function faultsOf({ edge, reasons, readyAfterMs, triedIn10s }: Seen): string[] {
  return [
    ...(reasons.includes(REASONS[edge]) ? [] : [`${edge}: the reasons were ${reasons.join(', ') || 'none'}`]),
    ...(readyAfterMs > READY_MS[edge] ? [`${edge}: ready ${readyAfterMs} ms after it was back`] : []),
    ...(triedIn10s > CONNECTIONS_IN_10S[edge] ? [`${edge}: ${triedIn10s} connections in 10 s`] : []),
  ]
}

interface Changed {
  readonly settings?: object
  /** The command of a planted build. */
  readonly bin?: string
}

async function edgesRun(ground: Ground, { settings = {}, bin }: Changed = {}): Promise<Report> {
  const forMs = ground.size(120_000, 10_000)
  const events = Math.ceil((PER_SECOND * AWAY.length * (forMs + 8000)) / 1000)
  const links = await openLinks()
  const seen: Seen[] = []
  try {
    return await runTrial(
      {
        ...{ events, instances: 1, eventsPerSecond: PER_SECOND, workload: createPlainWorkload },
        ...{ settings: { ...SETTINGS, ...settings }, site: links.site },
        ...(bin === undefined ? {} : { bin }),
      },
      async (trial) => {
        links.api.aim({ host: '127.0.0.1', port: trial.site.simulator.port })
        await untilWorking(memberAt(trial.crew, 0))
        for (const edge of AWAY) {
          const found = await takeAway(trial, links, edge, forMs)
          seen.push(found)
          ground.say(`${edge}: ready after ${found.readyAfterMs} ms, ${found.triedIn10s} connections in 10 s`)
        }
      },
      (end) => {
        const { figures, wrong } = weigh(end.evidence(end.later))
        const dead = end.later.deadLetters.length
        return {
          did: [`${AWAY.join(' and ')} away for ${forMs / 1000} s each`, `${end.inputs.length} events`],
          figures: [
            ...[...figures, `dead letters ${dead}`],
            ...seen.map((one) => `${one.edge}: ready after ${(one.readyAfterMs / 1000).toFixed(1)} s`),
            ...seen.map((one) => `${one.edge}: at most ${one.triedIn10s} connections tried in any 10 s`),
          ],
          wrong: [
            ...[...wrong, ...seen.flatMap(faultsOf)],
            ...(dead > 0 ? [`${dead} dead letters for trouble that is nobody's event`] : []),
            ...end.badEnds,
          ],
        }
      },
    )
  } finally {
    await links.close()
  }
}

const STORMS: readonly Plant[] = [
  { file: 'io/kafka/reconnects.js', find: 'if (state === undefined)', put: 'if (true)' },
  {
    file: 'io/kafka/client.js',
    find: 'consumer: { requestTimeout: 10_000, retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 5 } }',
    put: 'consumer: { requestTimeout: 10_000, retry: { initialRetryTime: 1, maxRetryTime: 1, retries: 500 } }',
  },
]

export const edges: Proof = {
  name: 'edges',
  claim:
    'broker and registry may stay away: no dead letter, tried at a bounded rate, and work goes on by itself',
  run: (ground) => edgesRun(ground),
  plants: STORMS,
  controls: {
    'a registry that is asked every 50 ms': (ground) =>
      edgesRun(ground, { settings: { systemic: { probeMs: 50, maxProbeMs: 50 } } }),
    'clients that try the broker as often as they can': (ground) =>
      withPlanted(STORMS, (bin) => edgesRun(ground, { bin })),
  },
}
