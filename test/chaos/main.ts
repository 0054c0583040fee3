/** npm run chaos: runs the proofs one after another on a stack of its own. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startStack } from '../../src/stack/stack.js'
import { useStack } from '../support/stack.js'
import { type ChaosOptions, readOptions, USAGE } from './options.js'
import { tryControl } from './planted.js'
import { createGround, lineOf, type Proof, type Report, type Run } from './proof.js'
import { PROOFS } from './proofs/index.js'
import { holds, keepResult, type ProofResult, pageOf } from './results.js'

type Write = (text: string) => void

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Out: the exit code. 1: a proof does not hold, or a planted fault was not found. */
export async function runChaos(args: readonly string[], out: Write): Promise<number> {
  let options: ChaosOptions | null
  try {
    options = readOptions(
      args,
      PROOFS.map(({ name }) => name),
    )
  } catch (error) {
    out(`${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
  if (options === null) {
    out(USAGE)
    return 0
  }
  const { only, list } = options
  const chosen = PROOFS.filter(({ name }) => only === null || only.includes(name))
  if (list) {
    for (const { name, claim, controls } of chosen) {
      out(`${name}: ${claim}\n`)
      for (const control of Object.keys(controls)) out(`  planted: ${control}\n`)
    }
    return 0
  }
  return runAll(chosen, options, out)
}

async function runAll(proofs: readonly Proof[], options: ChaosOptions, out: Write): Promise<number> {
  const stack = await startStack({ env: process.env, say: (line) => out(`stack: ${line}\n`) })
  useStack(stack)
  const names = PROOFS.map(({ name }) => name)
  const results: ProofResult[] = []
  try {
    for (const proof of proofs) {
      const result = await runProof(proof, options, out)
      results.push(result)
      // Smaller runs are no evidence. After each: what was proved is not lost with a later fault.
      if (options.scale < 1) continue
      const kept = keepResult(`${options.out}.json`, result, names)
      writeFileSync(`${options.out}.md`, pageOf(kept, names, ROOT))
    }
  } finally {
    await stack.stop()
  }
  const failed = results.filter((result) => !holds(result)).map(({ name }) => name)
  const end = failed.length === 0 ? 'all hold' : `these do not: ${failed.join(', ')}`
  const place = options.scale < 1 ? 'too small for the table' : `the table is in ${options.out}.md`
  out(`${results.length} proofs, ${end}; ${place}\n`)
  return failed.length === 0 ? 0 : 1
}

async function runProof(proof: Proof, options: ChaosOptions, out: Write): Promise<ProofResult> {
  const { name, claim } = proof
  const { seed, scale } = options
  const startedAt = new Date()
  const began = performance.now()
  out(`\n${name}: ${claim}\n`)
  const say = (line: string): void => out(`  ${line}\n`)
  const report = await safely(proof.run, name, { seed, scale, say })
  out(`${lineOf(name, seed, report)}\n`)
  const seconds = (performance.now() - began) / 1000
  const controls: { name: string; found: boolean }[] = []
  for (const [fault, run] of options.controls ? Object.entries(proof.controls) : []) {
    const { found, how } = await tryControl(run, `${name} ${fault}`, seed)
    controls.push({ name: fault, found })
    out(`  planted, ${fault}: ${found ? 'found' : 'NOT FOUND'} (${how.slice(0, 160)})\n`)
  }
  return { name, claim, seed, report, seconds, startedAt, controls }
}

/** A proof that throws does not hold; the others are run all the same. */
async function safely(run: Run, name: string, options: Parameters<typeof createGround>[1]): Promise<Report> {
  try {
    return await run(createGround(name, options))
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { did: ['broken off'], figures: [], wrong: [text] }
  }
}
