import { SEED } from './backlog.js'
import type { Cell } from './cells.js'
import { catalogueOf, createResultSource, DEVELOPMENT_CREDENTIAL, PRIVACY_DEFAULTS } from './product.js'
import type { Rig } from './rig.js'
import { type Spread, spreadOf } from './statistics.js'
import type { Overlay } from './subjects.js'
import { runThroughput, type ThroughputOptions } from './throughput.js'

/** Without latency the process is never idle, and CPU an event is steady. */
const CELL: Cell = { concurrency: 64, latencyMs: 0 }
/** Each run is as long as this, or as the others are if those are shorter. */
const SECONDS = 8

/** What is measured with each; every one names the types of all stages. */
export const SETTINGS = ['long form', 'typed form', 'both forms', 'no privacy rules', 'evidence'] as const
export type Setting = (typeof SETTINGS)[number]

function overlayOf(setting: Setting): Overlay {
  const { clientSecret } = DEVELOPMENT_CREDENTIAL
  const catalogue = catalogueOf(createResultSource({ seed: SEED, clientSecret, profile: 'small' }))
  const off = Object.fromEntries(PRIVACY_DEFAULTS.map((name) => [name, 'keep']))
  const encryptionKeys = [{ id: 'bench', key: '5a'.repeat(32) }]
  const own: Readonly<Record<Setting, (name: string) => object>> = {
    'long form': () => ({}),
    'typed form': () => ({ records: { form: 'typed' } }),
    'both forms': () => ({ records: { form: 'both' } }),
    'no privacy rules': () => ({ privacy: { defaults: off } }),
    evidence: (name) => ({ topics: { evidence: `${name}.evidence` }, privacy: { encryptionKeys } }),
  }
  return (name) => ({ catalogue, ...own[setting](name) })
}

/** CPU of the connector with each setting, microseconds an event: one number a round. */
export type SettingsRuns = ReadonlyMap<Setting, readonly number[]>

/** Every setting once a round: what the machine does meanwhile meets all of them. */
export async function runSettings(
  rig: Rig,
  { form, seconds, pairs }: Pick<ThroughputOptions, 'form' | 'seconds'> & { readonly pairs: number },
): Promise<SettingsRuns> {
  const runs = new Map<Setting, number[]>(SETTINGS.map((setting) => [setting, []]))
  const measure = (setting: Setting) => {
    rig.say(`with ${setting}:`)
    const length = { form, seconds: Math.min(SECONDS, seconds) }
    return runThroughput(rig, { ...length, cell: CELL, subject: 'exactly-once', overlay: overlayOf(setting) })
  }
  rig.say('a run to warm up, not measured:')
  await measure('long form')
  for (let round = 0; round < pairs; round += 1) {
    // Who begins takes turns.
    for (let turn = 0; turn < SETTINGS.length; turn += 1) {
      const setting = SETTINGS[(round + turn) % SETTINGS.length] ?? 'long form'
      const { cpuMicros, notVerified, callsPerEvent } = await measure(setting)
      if (notVerified > 0 || callsPerEvent !== 1)
        throw new Error(
          `with ${setting} ${notVerified} were not verified, with ${callsPerEvent} calls an event`,
        )
      runs.get(setting)?.push(cpuMicros.subject)
    }
  }
  return runs
}

/** What one setting costs more than another, as a share of the other, round by round. */
export function moreThan(runs: SettingsRuns, setting: Setting, other: Setting): Spread {
  const others = runs.get(other) ?? []
  return spreadOf(
    (runs.get(setting) ?? []).map((micros, round) => micros / (others[round] ?? Number.NaN) - 1),
  )
}
