import { parseArgs } from 'node:util'
import { describeFailure, type Report, runSeed } from './run.js'

const USAGE = `Runs simulated worlds and judges each.
  --seeds N   how many (default 2000)
  --from N    the first one (default 0)
  --seed N    this one alone, with its journal
`

/** Out: the exit code. 1: a seed failed; the line to repeat it is printed. */
export async function simulateSeeds(args: readonly string[], out: (text: string) => void): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string', default: '2000' },
      from: { type: 'string', default: '0' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const from = Number(values.seed ?? values.from)
  const count = values.seed === undefined ? Number(values.seeds) : 1
  if (values.help || !Number.isSafeInteger(from) || !Number.isSafeInteger(count)) {
    out(USAGE)
    return values.help ? 0 : 2
  }
  let failed = 0
  let delays = 0
  const begin = performance.now()
  for (let seed = from; seed < from + count; seed += 1) {
    const report = await runSeed(seed)
    const failure = describeFailure(report)
    delays += report.delays
    if (failure !== null) {
      failed += 1
      out(`${failure}\n\n`)
    } else if (values.seed !== undefined) out(`${describeRun(report)}\n`)
    const done = seed - from + 1
    if (done % 1000 === 0) out(`${done} seeds, ${failed} failed, ${rate(done, begin)}\n`)
  }
  out(`${count} seeds from ${from}: ${failed} failed, ${delays} delays, ${rate(count, begin)}\n`)
  return failed === 0 ? 0 : 1
}

const rate = (done: number, begin: number): string =>
  `${((performance.now() - begin) / done).toFixed(1)} ms a seed`

function describeRun({
  seed,
  plan,
  journal,
  warnings,
  virtualMs,
  calls,
  delays,
  assignments,
}: Report): string {
  const { calm, transactional, partitions, arrivals } = plan
  const facts = {
    calm,
    transactional,
    partitions,
    events: arrivals.length,
    calls,
    delays,
    assignments,
    virtualMs,
  }
  return [
    `seed ${seed} is right`,
    JSON.stringify(facts),
    ...warnings,
    ...journal.map((line) => `  ${line}`),
  ].join('\n')
}
