/** The table of a run of the proofs. */
import { readFileSync } from 'node:fs'
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

export interface Setting {
  readonly scale: number
  readonly startedAt: Date
  readonly root: string
}

export const holds = ({ report, controls }: ProofResult): boolean =>
  report.wrong.length === 0 && controls.every(({ found }) => found)

/** The page: one row a proof, then the lines in full. */
export function pageOf(results: readonly ProofResult[], { scale, startedAt, root }: Setting): string {
  const versionOf = (file: string): string =>
    String((JSON.parse(readFileSync(`${root}${file}`, 'utf8')) as { version: string }).version)
  const [cpu] = cpus()
  return [
    '# The long proofs',
    '',
    'Written by `npm run chaos`; do not edit.',
    '',
    `${dateOf(startedAt)}, ${scale === 1 ? 'in full' : `at a scale of ${scale}: no figures to quote`}.`,
    `Machine: ${cpus().length} cores (${cpu?.model ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${type()} ${release()}.`,
    'Broker, registry, simulator, instances and readers share it.',
    `Versions: Node ${process.versions.node}, kafkajs ${versionOf('node_modules/kafkajs/package.json')}, attestr-kafka ${versionOf('package.json')}.`,
    '',
    '| proof | what must hold | holds | planted faults found | minutes |',
    '| --- | --- | --- | --- | ---: |',
    ...results.map(rowOf),
    '',
    '## Figures',
    '',
    ...results.map(({ name, seed, report }) => `- ${lineOf(name, seed, report)}`),
    '',
    '## Planted faults',
    '',
    ...results.flatMap(({ name, controls }) =>
      controls.map((control) => `- ${name}, ${control.name}: ${control.found ? 'found' : '**not found**'}`),
    ),
    '',
  ].join('\n')
}

function rowOf(result: ProofResult): string {
  const { name, claim, report, controls, seconds } = result
  const found = controls.filter((one) => one.found).length
  const minutes = (seconds / 60).toFixed(1)
  const end = report.wrong.length === 0 ? 'yes' : '**no**'
  return `| ${name} | ${claim} | ${end} | ${controls.length === 0 ? '-' : `${found} of ${controls.length}`} | ${minutes} |`
}

const dateOf = (date: Date): string => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
