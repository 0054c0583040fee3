import { tableText } from '../commands/command.js'
import type { LedgerSummary } from '../simulator/ledger.js'
import { prettyRow } from './pretty.js'
import { holds, type Proof, type Sample } from './proof.js'

const whole = (value: number): string => value.toLocaleString('en-US')

/** Outcomes by code, beside what was planned. */
export function outcomeTable(proof: Proof, expected: ReadonlyMap<string, number>): string {
  const names = [...new Set([...expected.keys(), ...proof.ends.keys()])]
  const order = ['VERIFIED', 'DEAD', 'SKIPPED']
  const rank = (name: string): string => `${order.indexOf(name.split(' ')[0] ?? '')} ${name}`
  const rows = names
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .map((name) => {
      const [outcome = '', code = ''] = name.split(' ')
      return [outcome, code, whole(proof.ends.get(name) ?? 0), whole(expected.get(name) ?? 0)]
    })
  return tableText(['OUTCOME', 'CODE', 'EVENTS', 'PLANNED'], rows)
}

/** One row of a topic in readable form. */
export function sampleText<T extends object>(what: string, sample: Sample<T> | null): string {
  if (sample === null) return `No ${what} was written.\n`
  const { topic, partition, offset } = sample.message
  return `One ${what}: ${topic}, partition ${partition}, offset ${offset}\n\n${prettyRow(sample.row)}`
}

/** The figures of the proof, or what is wrong. */
export function proofText(proof: Proof, ledger: LedgerSummary): string {
  const { counts, findings, unplanned, leaks } = proof
  const { messages, verified, dead, skipped, delayed, records, deadLetters } = counts
  const outcomes = verified + dead + skipped + delayed
  const figures = [
    `${whole(messages)} events, ${whole(outcomes)} outcomes: ${whole(records)} records of verified handshakes, ${whole(deadLetters)} dead letters, ${whole(skipped)} skips`,
    `${whole(ledger.calls)} API calls by the simulator's ledger, ${whole(proof.calls)} by the outcomes; ${whole(ledger.repeated)} handshakes were asked for again, most calls in flight ${ledger.maxInFlight}`,
    `${whole(Math.round(proof.searchedBytes / 1024))} KiB on the output topics searched for the planted secret and Aadhaar number: ${leaks === 0 ? 'not found' : `found in ${leaks} places`}`,
  ]
  const verdict = holds(proof)
    ? 'PROVED: every event has exactly one outcome; every verified handshake is whole, every dead letter is there once'
    : 'NOT PROVED'
  const wrong = counts.violations + unplanned.length
  const shown = [...findings, ...unplanned].slice(0, 20)
  const more = wrong > shown.length ? [`and ${wrong - shown.length} more`] : []
  return `${[verdict, ...[...figures, ...shown, ...more].map((line) => `  ${line}`)].join('\n')}\n`
}

export interface Place {
  readonly what: string
  readonly where: string
}

export function placesText(title: string, places: readonly Place[]): string {
  const width = Math.max(...places.map(({ what }) => what.length))
  return `${title}\n${places.map(({ what, where }) => `  ${what.padEnd(width)}  ${where}`).join('\n')}\n`
}

export const NEXT: readonly Place[] = [
  { what: 'docs/configuration.md', where: 'every key; three are needed to begin' },
  {
    what: 'docs/failure-codes.md',
    where: 'what each code means and what to do (also `attestr-kafka codes`)',
  },
  { what: 'attestr-kafka demo --keep', where: 'the same, left running to look around in' },
  { what: 'attestr-kafka simulate', where: 'the simulated API alone, to try your own configuration against' },
]
