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
  readonly controls: readonly Control[]
}

/** A planted fault, and whether it was found. */
export interface Control {
  readonly name: string
  readonly found: boolean
  /** RFC 3339: when it was tried. */
  readonly at: string
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
  readonly controls: readonly Control[]
}

/**
 * Puts a result in the place of the one before. In: `file` of results. Out: all of them, in the order of `names`. Planted
 * faults that were not tried again stay as they were.
 */
export function keepResult(file: string, result: ProofResult, names: readonly string[]): KeptResult[] {
  const before = readKept(file)
  const { name, claim, seed, report, seconds, startedAt } = result
  const former = before.find((one) => one.name === name)?.controls ?? []
  const fresh: KeptResult = {
    ...{ name, claim, isAsPromised: report.wrong.length === 0 },
    ...{ line: lineOf(name, seed, report), minutes: Number((seconds / 60).toFixed(1)) },
    startedAt: startedAt.toISOString(),
    controls: mergeControls(former, result.controls),
  }
  const all = [...before.filter((one) => one.name !== name), fresh]
  return writeKept(
    file,
    names.flatMap((wanted) => all.filter((one) => one.name === wanted)),
  )
}

/** Puts planted faults in the place of those of a proof that was run before. Out: all results. */
export function keepControls(file: string, name: string, controls: readonly Control[]): KeptResult[] {
  return writeKept(
    file,
    readKept(file).map((one) =>
      one.name === name ? { ...one, controls: mergeControls(one.controls, controls) } : one,
    ),
  )
}

const mergeControls = (former: readonly Control[], fresh: readonly Control[]): readonly Control[] =>
  fresh.length === 0 ? former : fresh

const readKept = (file: string): readonly KeptResult[] =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as KeptResult[]) : []

function writeKept(file: string, results: KeptResult[]): KeptResult[] {
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  return results
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
      controls.map(
        (control) =>
          `- ${name}, ${control.name}: ${control.found ? 'found' : '**not found**'} (${minuteOf(control.at)})`,
      ),
    ),
    '',
  ].join('\n')
}

function rowOf({ name, claim, isAsPromised, controls, minutes, startedAt }: KeptResult): string {
  const found = controls.filter((one) => one.found).length
  const end = isAsPromised ? 'yes' : '**no**'
  const planted = controls.length === 0 ? '-' : `${found} of ${controls.length}`
  return `| ${name} | ${claim} | ${end} | ${planted} | ${minutes.toFixed(1)} | ${minuteOf(startedAt)} |`
}

const minuteOf = (at: string): string => `${at.slice(0, 16).replace('T', ' ')} UTC`
