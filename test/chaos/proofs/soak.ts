/** Proof 7: an hour at half load. Memory stays where it is, handles too, and every event has one outcome. */
import { readdirSync, readFileSync } from 'node:fs'
import { createSite, type Site } from '../../support/site.js'
import { until } from '../../support/until.js'
import { createCrew, untilWorking } from '../crew.js'
import { startFeeder } from '../feeder.js'
import { type Ground, type Proof, pause, type Report } from '../proof.js'
import { type OutputReader, startOutputReader } from '../reader.js'
import { type Point, slopeOf } from '../series.js'
import { PARTITIONS } from '../trial.js'

const HOUR_MS = 3_600_000
const MAX_MB_AN_HOUR = 1
/** An hour by regression, because connections come and go with the load; in a short run in all. */
const MAX_HANDLES = 24
/** A shorter run is too short to tell a slope from noise. */
const JUDGED_FROM_MS = 1_800_000
const TAIL = 0.75

interface Reading {
  readonly atMs: number
  readonly rssMb: number
  readonly handles: number
}

/** Source: /proc of Linux. */
function readProcess(pid: number, startedAt: number): Reading {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1])
  return {
    atMs: performance.now() - startedAt,
    rssMb: (kilobytes * 1024) / 1e6,
    handles: readdirSync(`/proc/${pid}/fd`).length,
  }
}

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

export interface Memory {
  readonly slopeMbAnHour: number
  readonly handlesAnHour: number
  readonly fromMb: number
  readonly toMb: number
  readonly handlesFrom: number
  readonly handlesTo: number
}

/** The last three quarters of the readings. */
export function memoryOf(readings: readonly Reading[]): Memory {
  const tail = readings.slice(Math.floor(readings.length * (1 - TAIL)))
  const points = tail.map(({ atMs, rssMb }): Point => ({ x: atMs / HOUR_MS, y: rssMb }))
  const sizes = tail.map(({ rssMb }) => rssMb)
  const handles = tail.map((one) => one.handles)
  return {
    slopeMbAnHour: slopeOf(points),
    handlesAnHour: slopeOf(tail.map(({ atMs, handles: y }): Point => ({ x: atMs / HOUR_MS, y }))),
    ...{ fromMb: Math.min(...sizes), toMb: Math.max(...sizes) },
    ...{ handlesFrom: Math.min(...handles), handlesTo: Math.max(...handles) },
  }
}

export function memoryFaults(memory: Memory, forMs: number): string[] {
  const { slopeMbAnHour, handlesAnHour, handlesFrom, handlesTo } = memory
  const isJudged = forMs >= JUDGED_FROM_MS
  return [
    ...(isJudged && slopeMbAnHour >= MAX_MB_AN_HOUR
      ? [`RSS grows by ${slopeMbAnHour.toFixed(2)} MB an hour`]
      : []),
    ...((isJudged ? handlesAnHour : handlesTo - handlesFrom) > MAX_HANDLES
      ? [`handles went from ${handlesFrom} to ${handlesTo}`]
      : []),
  ]
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
  const env = leakBytes === 0 ? {} : { NODE_OPTIONS: `--import=${leakModule(leakBytes)}` }
  const crew = createCrew({ config: site.configFile, env: { ...site.env, ...env } })
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
    const readings: Reading[] = []
    const startedAt = performance.now()
    const every = Math.min(5000, forMs / 20)
    while (performance.now() - startedAt < forMs) {
      await pause(every)
      readings.push(readProcess(instance.pid, startedAt))
      if (readings.length % 60 === 0) ground.say(readingLine(readings))
    }
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
  }
}

const readingLine = (readings: readonly Reading[]): string => {
  const last = readings.at(-1)
  return `${((last?.atMs ?? 0) / 60_000).toFixed(0)} min: ${last?.rssMb.toFixed(0)} MB, ${last?.handles} handles`
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
  const leaking = readings.map((one) => ({ ...one, rssMb: one.rssMb + (3 * one.atMs) / HOUR_MS }))
  const seesLeak = memoryOf(leaking).slopeMbAnHour - memory.slopeMbAnHour > 2.9
  const { slopeMbAnHour, handlesAnHour, fromMb, toMb, handlesFrom, handlesTo } = memory
  return {
    did: [`${(forMs / 60_000).toFixed(1)} minutes`, `${half} events/s (half load)`, `${total} events`],
    figures: [
      `lost ${judged.lost}`,
      `doubled ${judged.doubled}`,
      `RSS ${fromMb.toFixed(0)} to ${toMb.toFixed(0)} MB`,
      `slope ${slopeMbAnHour.toFixed(2)} MB an hour${forMs < JUDGED_FROM_MS ? ' (too short to be judged)' : ''}`,
      `handles ${handlesFrom} to ${handlesTo}, slope ${handlesAnHour.toFixed(0)} an hour`,
    ],
    wrong: [
      ...(judged.lost + judged.doubled > 0 ? [`lost ${judged.lost}, doubled ${judged.doubled}`] : []),
      ...memoryFaults(memory, forMs),
      ...(seesLeak ? [] : ['a leak of 3 MB an hour would not be seen']),
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
