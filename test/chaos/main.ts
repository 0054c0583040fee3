/** npm run chaos: runs the proofs one after another on a stack of its own. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startStack } from '../../src/stack/stack.js'
import { useStack } from '../support/stack.js'
import { type ChaosOptions, readOptions, USAGE } from './options.js'
import { tryControl } from './planted.js'
import { createGround, lineOf, type Proof, type Report, type Run } from './proof.js'
import { PROOFS } from './proofs/index.js'
import {
  type Control,
  type KeptResult,
  keepControls,
  keepResult,
  type ProofResult,
  pageOf,
} from './results.js'

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
  const failed: string[] = []
  const keep = (kept: readonly KeptResult[] | null, name: string): void => {
    if (kept === null)
      out(`  ${name}: not kept, for want of a run of it: try again without --only-controls\n`)
    else writeFileSync(`${options.out}.md`, pageOf(kept, PROOFS, ROOT))
  }
  const file = `${options.out}.json`
  try {
    for (const proof of proofs) {
      const result = options.onlyControls ? null : await runProof(proof, options, out)
      const controls = options.controls ? await tryControls(proof, options, out) : []
      if (result?.report.wrong.length || controls.some(({ found }) => !found)) failed.push(proof.name)
      // Smaller runs are no evidence. After each: what was proved is not lost with a later fault.
      if (result === null) keep(keepControls(file, proof.name, controls), proof.name)
      else if (options.scale >= 1) keep(keepResult(file, { ...result, controls }, names), proof.name)
    }
  } finally {
    await stack.stop()
  }
  const end = failed.length === 0 ? 'all hold' : `these do not: ${failed.join(', ')}`
  const isKept = options.scale >= 1 || options.onlyControls
  const place = isKept ? `the table is in ${options.out}.md` : 'too small for the table'
  out(`${proofs.length} proofs, ${end}; ${place}\n`)
  return failed.length === 0 ? 0 : 1
}

async function runProof(
  proof: Proof,
  { seed, scale }: ChaosOptions,
  out: Write,
): Promise<Omit<ProofResult, 'controls'>> {
  const { name, claim } = proof
  const startedAt = new Date()
  const began = performance.now()
  out(`\n${name}: ${claim}\n`)
  const say = (line: string): void => out(`  ${line}\n`)
  const report = await safely(proof.run, name, { seed, scale, say })
  out(`${lineOf(name, seed, report)}\n`)
  return { name, claim, seed, report, seconds: (performance.now() - began) / 1000, startedAt }
}

async function tryControls(proof: Proof, { seed }: ChaosOptions, out: Write): Promise<Control[]> {
  const controls: Control[] = []
  for (const [name, run] of Object.entries(proof.controls)) {
    const at = new Date().toISOString()
    const { found, how } = await tryControl(run, `${proof.name} ${name}`, seed)
    controls.push({ name, found, at })
    out(`  ${proof.name}, planted, ${name}: ${found ? 'found' : 'NOT FOUND'} (${how.slice(0, 160)})\n`)
  }
  return controls
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
