import { parseArgs } from 'node:util'

export const USAGE = `Runs the long proofs on a real broker and writes bench/CHAOS.md and bench/CHAOS.json.
  --list           the proofs and what each claims
  --only A,B       these alone
  --scale N        share of the long form's numbers (default 1; the short form is the least)
  --seed N         for random points and orders (default: drawn, and printed)
  --no-controls    without the planted faults
  --only-controls  the planted faults alone, beside the results of the last run
  --out PATH       of the results, without .md and .json (default bench/CHAOS)
`

export interface ChaosOptions {
  readonly list: boolean
  readonly only: readonly string[] | null
  readonly scale: number
  readonly seed: number
  readonly controls: boolean
  readonly onlyControls: boolean
  readonly out: string
}

/** Out: null for --help. Throws: an Error with one line for options that make no sense. */
export function readOptions(args: readonly string[], names: readonly string[]): ChaosOptions | null {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      list: { type: 'boolean', default: false },
      only: { type: 'string' },
      scale: { type: 'string', default: '1' },
      seed: { type: 'string' },
      controls: { type: 'boolean', default: true },
      'only-controls': { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const only = values.only === undefined ? null : values.only.split(',').map((name) => name.trim())
  const unknown = (only ?? []).filter((name) => !names.includes(name))
  if (unknown.length > 0)
    throw new Error(`no such proof: ${unknown.join(', ')} (there are: ${names.join(', ')})`)
  const scale = Number(values.scale)
  if (!(scale >= 0 && scale <= 10)) throw new Error('--scale must be a number from 0 to 10')
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9))
  if (!Number.isSafeInteger(seed)) throw new Error('--seed must be a whole number')
  const { list, controls, 'only-controls': onlyControls } = values
  if (onlyControls && !controls) throw new Error('--only-controls and --no-controls leave nothing to run')
  return { list, only, scale, seed, controls, onlyControls, out: values.out ?? 'bench/CHAOS' }
}
