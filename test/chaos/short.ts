/** How proofs are run in their short form. */
import { createGround, lineOf, type Proof } from './proof.js'

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))
const AT_ONCE = 3
const waiting: (() => void)[] = []
let running = 0

/** Its turn, of which a few go on at the same time: what proofs do is mostly to wait. */
export async function inTurn<T>(run: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  running += 1
  try {
    return await run()
  } finally {
    running -= 1
    waiting.shift()?.()
  }
}

/** Out: what was not as promised. */
export async function prove({ name, run }: Proof): Promise<readonly string[]> {
  const report = await run(createGround(name, { seed: SEED, scale: 0 }))
  console.log(lineOf(name, SEED, report))
  return report.wrong
}

export const named = (proofs: readonly Proof[]) => proofs.map((proof) => [proof.name, proof] as const)
