/** What the proofs gave: the last run of each is kept, whatever is run later. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { lineOf, type Report } from './proof.js'

export interface ProofResult {
  readonly name: string
  readonly claim: string
  readonly seed: number
  readonly report: Report
  readonly seconds: number
  readonly startedAt: Date
  /** Names of the planted faults, and whether each was found. */
  readonly controls: readonly { readonly name: string; readonly found: boolean }[]
}

/** As it stands in the file of results. */
export interface KeptResult {
  readonly name: string
  readonly claim: string
  readonly isAsPromised: boolean
  readonly line: string
  readonly minutes: number
  /** RFC 3339. */
  readonly startedAt: string
  readonly controls: ProofResult['controls']
}

export const holds = ({ report, controls }: ProofResult): boolean =>
  report.wrong.length === 0 && controls.every(({ found }) => found)

/** Puts a result in the place of the one before. In: `file` of results. Out: all of them, in the order of `names`. */
export function keepResult(file: string, result: ProofResult, names: readonly string[]): KeptResult[] {
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as KeptResult[]) : []
  const { name, claim, seed, report, seconds, startedAt, controls } = result
  const fresh: KeptResult = {
    ...{ name, claim, controls, isAsPromised: report.wrong.length === 0 },
    ...{ line: lineOf(name, seed, report), minutes: Number((seconds / 60).toFixed(1)) },
    startedAt: startedAt.toISOString(),
  }
  const all = [...before.filter((one) => one.name !== name), fresh]
  const sorted = names.flatMap((wanted) => all.filter((one) => one.name === wanted))
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`)
  return sorted
}

/** The page: one row a proof, then the lines in full. In: `names` of all proofs, also of those without a result. */
export function pageOf(results: readonly KeptResult[], names: readonly string[], root: string): string {
  const versionOf = (file: string): string =>
    String((JSON.parse(readFileSync(`${root}${file}`, 'utf8')) as { version: string }).version)
  const [cpu] = cpus()
  const missing = names.filter((name) => !results.some((one) => one.name === name))
  return [
    '# The long proofs',
    '',
    'Written by `npm run chaos`; do not edit. Every row is of the last run in full of its proof.',
    '',
    `Machine: ${cpus().length} cores (${cpu?.model ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${type()} ${release()}.`,
    'Broker, registry, simulator, instances and readers share it.',
    `Versions: Node ${process.versions.node}, kafkajs ${versionOf('node_modules/kafkajs/package.json')}.`,
    ...(missing.length === 0 ? [] : ['', `Not run in full yet: ${missing.join(', ')}.`]),
    '',
    '| proof | what must hold | holds | planted faults found | minutes | run |',
    '| --- | --- | --- | --- | ---: | --- |',
    ...results.map(rowOf),
    '',
    '## Figures',
    '',
    ...results.map(({ line }) => `- ${line}`),
    '',
    '## Planted faults',
    '',
    ...results.flatMap(({ name, controls }) =>
      controls.map((control) => `- ${name}, ${control.name}: ${control.found ? 'found' : '**not found**'}`),
    ),
    '',
  ].join('\n')
}

function rowOf({ name, claim, isAsPromised, controls, minutes, startedAt }: KeptResult): string {
  const found = controls.filter((one) => one.found).length
  const end = isAsPromised ? 'yes' : '**no**'
  const planted = controls.length === 0 ? '-' : `${found} of ${controls.length}`
  const run = startedAt.slice(0, 16).replace('T', ' ')
  return `| ${name} | ${claim} | ${end} | ${planted} | ${minutes.toFixed(1)} | ${run} UTC |`
}
