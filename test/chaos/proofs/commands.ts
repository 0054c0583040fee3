/** Proofs 8, 9 and 13: those that have a tier of their own. They are run as the commands that they are. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stack } from '../../support/stack.js'
import type { Ground, Proof, Report } from '../proof.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

interface Ended {
  readonly code: number
  readonly output: string
}

/** Runs a command on the stack of this run, with its lines passed on. */
function run(ground: Ground, args: readonly string[]): Promise<Ended> {
  const { brokers, registryUrl } = stack()
  const env = { ...process.env, KAFKA_BROKERS: brokers.join(','), SCHEMA_REGISTRY_URL: registryUrl }
  const child = spawn(process.execPath, [...args], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-200_000)
      for (const line of text.trimEnd().split('\n')) if (/seeds, /.test(line)) ground.say(line)
    })
  }
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Runs some tests. In: `pattern` of their names. Out: how many passed; a test that was not there has not. */
async function runTests(ground: Ground, files: readonly string[], pattern = ''): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'attestr-chaos-'))
  const report = join(folder, 'report.json')
  try {
    const { code, output } = await run(ground, [
      ...['node_modules/vitest/vitest.mjs', 'run', ...files, ...(pattern === '' ? [] : ['-t', pattern])],
      ...['--reporter=json', `--outputFile=${report}`],
    ])
    const found = JSON.parse(readFileSync(report, 'utf8')) as {
      readonly numPassedTests: number
      readonly numFailedTests: number
    }
    const failed = code !== 0 || found.numFailedTests > 0 || found.numPassedTests === 0
    return {
      did: [files.join(' ')],
      figures: [`passed ${found.numPassedTests}`, `failed ${found.numFailedTests}`],
      wrong: failed ? [output.slice(-1500)] : [],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A process a core: each runs its part of the seeds. */
async function runSeeds(ground: Ground): Promise<Report> {
  const each = Math.ceil(ground.size(100_000, 200) / availableParallelism())
  const ends = await Promise.all(
    Array.from({ length: availableParallelism() }, (_, part) => {
      const first = SEEDS_FROM + part * each
      const seeds = ['--seeds', String(each), '--from', String(first)]
      return run(ground, ['test/simulation/simulate-seeds.mjs', ...seeds])
    }),
  )
  return {
    did: [`${each * ends.length} simulated worlds`],
    figures: ends.map(({ output }) => output.trimEnd().split('\n').at(-1) ?? ''),
    wrong: ends.filter(({ code }) => code !== 0).map(({ output }) => output.slice(-2000)),
  }
}

/** Beyond those of the ordinary test run. */
const SEEDS_FROM = 1_000_000

export const seeds: Proof = {
  name: 'seeds',
  claim: 'a simulated world keeps every promise, whatever its seed',
  run: runSeeds,
  controls: {
    'the planted faults of the simulation': (ground) =>
      invert(runTests(ground, ['test/simulation/planted.test.ts'])),
  },
}

export const offsets: Proof = {
  name: 'offsets',
  claim: 'nothing is skipped in silence when offsets and logs do not fit together',
  run: (ground) =>
    runTests(
      ground,
      ['test/kafka/offsets.test.ts', 'test/chaos/offsets.test.ts'],
      '^(?!.*resets its offsets)',
    ),
  controls: {
    'offsets that are reset in silence': (ground) =>
      invert(runTests(ground, ['test/chaos/offsets.test.ts'], 'resets its offsets')),
  },
}

export const aborted: Proof = {
  name: 'aborted',
  claim:
    'of ten overlapping transactions in one partition, half of them aborted, our reader shows no aborted record',
  run: (ground) =>
    runTests(ground, ['test/contract/kafka-real.test.ts', 'test/kafka/patches.test.ts'], 'overlap'),
  controls: {
    'the library as it is shipped': (ground) =>
      invert(runTests(ground, ['test/kafka/patches.test.ts'], 'as shipped when two overlap')),
  },
}

/** Tests that pass when the planted fault was found: as a control they have something wrong when they pass. */
async function invert(report: Promise<Report>): Promise<Report> {
  const { did, figures, wrong } = await report
  return { did, figures, wrong: wrong.length === 0 ? ['the planted fault was found'] : [] }
}
