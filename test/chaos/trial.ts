/** One run under faults: a site, instances, events, two readers; afterwards what they saw. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uniqueName } from '../support/broker.js'
import type { Evidence, InputMessage } from '../support/judge.js'
import { createSite, type Site, type SiteOptions } from '../support/site.js'
import { until } from '../support/until.js'
import { type Crew, createCrew, untilWorking } from './crew.js'
import { type Feeder, startFeeder } from './feeder.js'
import type { Report } from './proof.js'
import {
  type Facts,
  type OutputReader,
  type ReaderOptions,
  readOutputs,
  startOutputReader,
} from './reader.js'
import { createMixedWorkload, type Workload } from './workload.js'

export const PARTITIONS = 12
/** Short, so that a dead member is soon noticed. */
export const SESSION_MS = 3000
/** Of the long form, which writes faster than is read. */
const SETTLE_MS = 600_000

export interface TrialOptions {
  readonly events: number
  readonly instances: number
  readonly settings?: NonNullable<SiteOptions['settings']>
  readonly simulator?: SiteOptions['simulator']
  readonly stack?: SiteOptions['stack']
  readonly site?: Pick<SiteOptions, 'brokers' | 'registryUrl' | 'baseUrl'>
  readonly workload?: (site: Site, events: number) => Workload
  /** The command of a planted build. */
  readonly bin?: string
  readonly env?: Readonly<Record<string, string>>
  /** Written evenly; else as fast as `allow` lets it. */
  readonly eventsPerSecond?: number
  readonly inspect?: ReaderOptions['inspect']
  /** Delays of the retry topics; none if left out. */
  readonly retryMs?: readonly number[]
  /** How long everything may take to end once it was disturbed no more. */
  readonly settleMs?: number
}

export interface Trial {
  readonly site: Site
  readonly crew: Crew
  readonly feeder: Feeder
  /** The reader that is there from the beginning. */
  readonly reader: OutputReader
  readonly retryTopics: readonly string[]
  /** Lets this share of the events be written. */
  allow(share: number): void
  /** All that was written has a committed offset behind it. */
  caughtUp(): Promise<boolean>
}

export interface TrialEnd {
  readonly inputs: readonly InputMessage[]
  readonly concurrent: Facts
  readonly later: Facts
  /** Instances that did not end with 0 when they were asked to. */
  readonly badEnds: readonly string[]
  readonly calls: ReadonlyMap<string, number>
  readonly site: Site
  evidence(facts: Facts): Evidence
}

/**
 * Runs a trial: everything is started, `disturb` does its worst, everything is finished and read.
 *
 * Throws: what `disturb` throws; when not everything ends in time. Everything is closed either way
 */
export async function runTrial(
  options: TrialOptions,
  disturb: (trial: Trial) => Promise<void>,
  weigh: (end: TrialEnd) => Report | Promise<Report>,
): Promise<Report> {
  const prefix = uniqueName('chaos')
  const retry = (options.retryMs ?? []).map((delayMs) => ({ topic: `${prefix}.retry-${delayMs}`, delayMs }))
  const site = await createSite({
    ...{ partitions: PARTITIONS, simulator: { latencyMs: 20, ...options.simulator } },
    settings: {
      ...options.settings,
      kafka: { sessionTimeoutMs: SESSION_MS, rebalanceDrainMs: 1500, ...sectionOf(options, 'kafka') },
      topics: { retry, ...sectionOf(options, 'topics') },
    },
    ...(options.stack === undefined ? {} : { stack: options.stack }),
    ...options.site,
  })
  const { bin, env } = options
  const crew = createCrew({
    ...{ config: site.configFile, env: { ...site.env, ...env }, ...(bin === undefined ? {} : { bin }) },
  })
  let feeder: Feeder | null = null
  let reader: OutputReader | null = null
  try {
    const { verified, deadLetter, outcomes } = site.topics
    const retryTopics = retry.map(({ topic }) => topic)
    const topics = { verified, deadLetter, outcomes, retry: retryTopics }
    for (const exact of [verified, deadLetter, outcomes, ...retryTopics]) {
      await site.broker.createTopic({ exact, partitions: PARTITIONS })
    }
    const workload = (options.workload ?? createMixedWorkload)(site, options.events)
    site.simulator.setScript(workload.script)
    const { inspect } = options
    reader = await startOutputReader({ broker: site.broker, topics })
    for (let n = 0; n < options.instances; n += 1) crew.add()
    feeder = startFeeder({
      ...{ total: options.events, message: workload.message, send: (list) => site.send(list) },
      ...(options.eventsPerSecond === undefined ? {} : { perSecond: options.eventsPerSecond }),
    })
    const trial = createTrial({ site, crew, feeder, reader, retryTopics, total: options.events })
    await disturb(trial)
    trial.allow(1)
    await feeder.done
    await until('all events have ended', trial.caughtUp, options.settleMs ?? SETTLE_MS)
    // One that has just been started would die of the signal: it does not hear it yet.
    for (const member of crew.members) await untilWorking(member)
    const badEnds = await crew.stop()
    await reader.settled()
    const later = await readOutputs({ broker: site.broker, topics, ...(inspect ? { inspect } : {}) })
    const inputs = (await site.broker.rows(site.topics.events)).map((row) => workload.inputOf(row))
    const calls = site.simulator.ledger.counts()
    const report = await weigh({
      ...{ inputs, concurrent: reader.facts, later, badEnds, calls, site },
      evidence: (facts) => ({ inputs, ...facts, calls }),
    })
    return report.wrong.length === 0
      ? report
      : { ...report, wrong: [...report.wrong, keepLogs(crew, prefix)] }
  } catch (error) {
    if (error instanceof Error) error.message += ` (${keepLogs(crew, prefix)})`
    throw error
  } finally {
    await feeder?.stop()
    await crew.kill()
    await reader?.stop().catch(() => undefined)
    await site.close()
  }
}

/** Keeps what the instances said: without it a run that went wrong tells little. Out: where. */
function keepLogs(crew: Crew, prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), `${prefix}-`))
  crew.all.forEach((instance, n) => {
    writeFileSync(join(folder, `${n}.log`), instance.text())
  })
  return `logs of ${crew.all.length} instances: ${folder}`
}

const sectionOf = ({ settings }: TrialOptions, section: string): object => {
  const found = settings?.[section]
  return typeof found === 'object' && found !== null ? found : {}
}

function createTrial(parts: Omit<Trial, 'allow' | 'caughtUp'> & { readonly total: number }): Trial {
  const { site, feeder, reader, retryTopics, total } = parts
  return {
    ...parts,
    allow: (share) => feeder.allow(share * total),
    caughtUp: async () =>
      (await site.caughtUp()) && (retryTopics.length === 0 || (await areChainsDone(reader, retryTopics))),
  }
}

/** Every delay was followed by the outcome of its message on a retry topic. */
async function areChainsDone(reader: OutputReader, retryTopics: readonly string[]): Promise<boolean> {
  if (!(await reader.isSettled())) return false
  const { outcomes } = reader.facts
  const delayed = outcomes.filter(({ outcome }) => outcome === 'DELAYED').length
  return outcomes.filter(({ source }) => retryTopics.includes(source.topic)).length >= delayed
}
