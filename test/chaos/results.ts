/** What the proofs gave: the last run of each is kept, whatever is run later. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { lineOf, type Proof, type Report } from './proof.js'

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

/**
 * Puts planted faults in the place of those of a proof that was run before. Out: all results; null when there is no run of
 * it that they could stand beside: nothing is written.
 */
export function keepControls(file: string, name: string, controls: readonly Control[]): KeptResult[] | null {
  const before = readKept(file)
  if (!before.some((one) => one.name === name)) return null
  const merged = before.map((one) =>
    one.name === name ? { ...one, controls: mergeControls(one.controls, controls) } : one,
  )
  return writeKept(file, merged)
}

const mergeControls = (former: readonly Control[], fresh: readonly Control[]): readonly Control[] =>
  fresh.length === 0 ? former : fresh

const readKept = (file: string): readonly KeptResult[] =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as KeptResult[]) : []

function writeKept(file: string, results: KeptResult[]): KeptResult[] {
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  return results
}

/** What the page must know of a proof: its planted faults are those that are defined, tried or not. */
export type Defined = Pick<Proof, 'name' | 'controls'>

/** The page: one row a proof, then the lines in full. In: all proofs, also those without a result. */
export function pageOf(results: readonly KeptResult[], proofs: readonly Defined[], root: string): string {
  const versionOf = (file: string): string =>
    String((JSON.parse(readFileSync(`${root}${file}`, 'utf8')) as { version: string }).version)
  const [cpu] = cpus()
  const missing = proofs.map(({ name }) => name).filter((name) => !results.some((one) => one.name === name))
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
    ...results.map((result) => rowOf(result, faultsOf(result, proofs))),
    '',
    '## Figures',
    '',
    ...results.map(({ line }) => `- ${line}`),
    '',
    '## Planted faults',
    '',
    ...results.flatMap((result) =>
      faultsOf(result, proofs).map(([fault, control]) => `- ${result.name}, ${fault}: ${endOf(control)}`),
    ),
    '',
  ].join('\n')
}

/** The planted faults that a proof has, each with its last trial. */
function faultsOf(
  { name, controls }: KeptResult,
  proofs: readonly Defined[],
): (readonly [string, Control | undefined])[] {
  const faults = Object.keys(proofs.find((proof) => proof.name === name)?.controls ?? {})
  return faults.map((fault) => [fault, controls.find((control) => control.name === fault)] as const)
}

function rowOf(
  { name, claim, isAsPromised, minutes, startedAt }: KeptResult,
  faults: ReturnType<typeof faultsOf>,
): string {
  const found = faults.filter(([, control]) => control?.found).length
  const end = isAsPromised ? 'yes' : '**did not hold**'
  return `| ${name} | ${claim} | ${end} | ${found} of ${faults.length} | ${minutes.toFixed(1)} | ${minuteOf(startedAt)} |`
}

const endOf = (control: Control | undefined): string =>
  control === undefined
    ? 'no trial kept'
    : `${control.found ? 'found' : '**not found**'} (${minuteOf(control.at)})`

const minuteOf = (at: string): string => `${at.slice(0, 16).replace('T', ' ')} UTC`
