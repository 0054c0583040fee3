/** Proof 7: an hour at half load. Memory stays where it is, handles too, and every event has one outcome. */
import { createSite, type Site } from '../../support/site.js'
import { until } from '../../support/until.js'
import { createCrew, untilWorking } from '../crew.js'
import { startFeeder } from '../feeder.js'
import { memoryFaults, memoryFigures, memoryOf, type Reading, startMemoryWatch } from '../memory.js'
import { type Ground, type Proof, pause, type Report } from '../proof.js'
import { type OutputReader, startOutputReader } from '../reader.js'
import { PARTITIONS } from '../trial.js'

const HOUR_MS = 3_600_000

/** How often each event was told of, in one byte. */
export interface Tally {
  add(partition: number, offset: number): void
  total(): number
  /** In: `end` of each partition. */
  judge(ends: ReadonlyMap<number, number>): { readonly lost: number; readonly doubled: number }
}

export function createTally(): Tally {
  const seen = new Map<number, Uint8Array>()
  let total = 0
  const roomFor = (partition: number, offset: number): Uint8Array => {
    const known = seen.get(partition) ?? new Uint8Array(1024)
    if (offset < known.length) {
      seen.set(partition, known)
      return known
    }
    const grown = new Uint8Array(Math.max(2 * known.length, offset + 1))
    grown.set(known)
    seen.set(partition, grown)
    return grown
  }
  return {
    total: () => total,
    add(partition, offset) {
      const counts = roomFor(partition, offset)
      counts[offset] = Math.min(255, (counts[offset] ?? 0) + 1)
      total += 1
    },
    judge(ends) {
      let lost = 0
      let doubled = 0
      for (const [partition, end] of ends) {
        const counts = roomFor(partition, Math.max(0, end - 1))
        for (let offset = 0; offset < end; offset += 1) {
          if (counts[offset] === 0) lost += 1
          else if ((counts[offset] ?? 0) > 1) doubled += 1
        }
      }
      return { lost, doubled }
    },
  }
}

interface Soak {
  readonly site: Site
  readonly reader: OutputReader
  readonly tally: Tally
}

/** Outputs go after ten minutes: an hour of them would fill a disk. */
const SHORT_LIVED = { 'retention.ms': '600000', 'segment.ms': '120000', 'segment.bytes': '67108864' }

async function openSoak(): Promise<Soak> {
  const site = await createSite({
    ...{ partitions: PARTITIONS, simulator: { latencyMs: 50, ledgerCalls: 1000 } },
    settings: { topics: { retry: [] } },
  })
  const { verified, deadLetter, outcomes } = site.topics
  const topics = { verified, deadLetter, outcomes, retry: [] }
  for (const exact of [verified, deadLetter, outcomes]) {
    await site.broker.createTopic({ exact, partitions: PARTITIONS, config: SHORT_LIVED })
  }
  const tally = createTally()
  const reader = await startOutputReader({
    ...{ broker: site.broker, topics },
    onOutcome: ({ source }) => tally.add(source.partition, source.offset),
  })
  return { site, reader, tally }
}

const message = (site: Site, n: number) => ({ key: site.handshakeId(n), value: site.handshakeId(n) })

/** As many as it can, for a while. Out: events a second. */
async function measureFull({ site, tally }: Soak, events: number): Promise<number> {
  const send = (list: Parameters<Site['send']>[0]) => site.send(list)
  const feeder = startFeeder({ total: events, message: (n) => message(site, n), send })
  feeder.allow(events)
  await feeder.done
  await until('the first outcomes are there', () => tally.total() > 0)
  const [startedAt, before] = [performance.now(), tally.total()]
  await until('the measured events have ended', () => tally.total() >= events, 600_000)
  return ((events - before) * 1000) / (performance.now() - startedAt)
}

async function soakRun(ground: Ground, leakBytes: number): Promise<Report> {
  const forMs = ground.size(HOUR_MS, 15_000)
  const soak = await openSoak()
  const { site, tally, reader } = soak
  const watch = startMemoryWatch(Math.min(60_000, forMs / 20))
  const imports = [watch.module, ...(leakBytes === 0 ? [] : [leakModule(leakBytes)])]
  const env = { ...site.env, NODE_OPTIONS: imports.map((module) => `--import=${module}`).join(' ') }
  const crew = createCrew({ config: site.configFile, env })
  try {
    const instance = crew.add()
    await untilWorking(instance)
    const warmUp = ground.size(30_000, 2000)
    const full = await measureFull(soak, warmUp)
    const half = Math.max(20, Math.floor(full / 2))
    ground.say(`${full.toFixed(0)} events/s at full speed; ${half} events/s from now on`)
    const feeder = startFeeder({
      ...{ total: Math.ceil((half * forMs) / 1000), perSecond: half },
      message: (n) => message(site, warmUp + n),
      send: (list) => site.send(list),
    })
    watch.begin(instance.pid)
    for (let minute = 1; minute <= 12; minute += 1) {
      await pause(forMs / 12)
      ground.say(readingLine(watch.readings()))
    }
    const readings = watch.readings()
    await feeder.done
    await until('all events have ended', () => site.caughtUp(), 300_000)
    const badEnds = await crew.stop()
    await reader.settled()
    const ends = await site.broker.admin.fetchTopicOffsets(site.topics.events)
    const judged = tally.judge(new Map(ends.map(({ partition, high }) => [partition, Number(high)])))
    return reportOf({ readings, judged, badEnds, forMs, half, total: warmUp + feeder.sent() })
  } finally {
    await crew.kill()
    await reader.stop()
    await site.close()
    watch.stop()
  }
}

const readingLine = (readings: readonly Reading[]): string => {
  const last = readings.at(-1)
  if (last === undefined) return 'no reading yet'
  const { atMs, rssMb, liveMb, handles } = last
  return `${(atMs / 60_000).toFixed(0)} min: ${rssMb.toFixed(0)} MB, ${liveMb.toFixed(1)} MB live, ${handles} handles`
}

interface Soaked {
  readonly readings: readonly Reading[]
  readonly judged: { readonly lost: number; readonly doubled: number }
  readonly badEnds: readonly string[]
  readonly forMs: number
  readonly half: number
  readonly total: number
}

function reportOf({ readings, judged, badEnds, forMs, half, total }: Soaked): Report {
  const memory = memoryOf(readings)
  return {
    did: [`${(forMs / 60_000).toFixed(1)} minutes`, `${half} events/s (half load)`, `${total} events`],
    figures: [`lost ${judged.lost}`, `doubled ${judged.doubled}`, ...memoryFigures(memory, forMs)],
    wrong: [
      ...(judged.lost + judged.doubled > 0 ? [`lost ${judged.lost}, doubled ${judged.doubled}`] : []),
      ...memoryFaults(memory, forMs),
      ...badEnds,
    ],
  }
}

/** A module that keeps so many bytes, and a file open, every 100 ms. */
function leakModule(bytes: number): string {
  const code = [
    "import { openSync } from 'node:fs'",
    `const kept = []; setInterval(() => kept.push(Buffer.alloc(${bytes}, 1), openSync('/dev/null')), 100).unref()`,
  ].join('\n')
  return `data:text/javascript,${encodeURIComponent(code)}`
}

export const soak: Proof = {
  name: 'soak',
  claim: 'at half load memory and handles stay where they are',
  run: (ground) => soakRun(ground, 0),
  controls: { 'a process that keeps what it opens': (ground) => soakRun(ground, 20_000) },
}
