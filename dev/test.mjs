/** The one test command: types, lint, build, and every test; ends with a line of counts. Arguments go to vitest. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countLine, countsOf, failuresOf, resultsIn } from './counts.mjs'

const run = (name, args) => {
  console.log(`\n> ${name} ${args.join(' ')}`)
  return spawnSync(name, args, { stdio: 'inherit' }).status ?? 1
}

const failedSteps = ['types', 'lint', 'build'].filter((step) => run('npm', ['run', '--silent', step]) !== 0)
let counts = { passed: 0, failed: 0, skipped: 0 }
const failures = failedSteps.map((step) => `failed: npm run ${step}`)

// Without a build the tests would speak to the one before.
if (!failedSteps.includes('build')) {
  const folder = mkdtempSync(join(tmpdir(), 'attestr-kafka-test-'))
  const report = join(folder, 'report.json')
  const status = run('npx', [
    'vitest',
    'run',
    '--project=fast',
    '--project=stack',
    '--project=chaos',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ])
  const results = resultsIn(report, readFileSync)
  counts = countsOf(results, status)
  failures.push(...failuresOf(results))
  rmSync(folder, { recursive: true, force: true })
}

counts.failed += failedSteps.length
console.log(`\n${[...failures, countLine(counts)].join('\n')}`)
process.exitCode = counts.failed === 0 ? 0 : 1
