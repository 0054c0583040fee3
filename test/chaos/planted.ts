/** Builds of the connector with one fault put in: `src` has no switch for any of them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createGround, type Run } from './proof.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** What the command needs of the package. */
const PARTS = ['bin', 'dist', 'avro', 'package.json']

/** Whether the text of a planted fault stands in the build exactly once: else it would plant nothing. */
export const isPlantable = ({ file, find }: Plant): boolean =>
  readFileSync(join(ROOT, 'dist', file), 'utf8').split(find).length === 2

export interface Plant {
  /** Below dist. */
  readonly file: string
  /** Text that stands there once. */
  readonly find: string
  readonly put: string
}

interface PlantedBuild {
  /** The command. */
  readonly bin: string
  remove(): void
}

/**
 * Copies the build and changes the copy.
 *
 * Throws: when a text does not stand there exactly once: the fault would not be planted
 */
function plantBuild(plants: readonly Plant[]): PlantedBuild {
  const folder = mkdtempSync(join(tmpdir(), 'attestr-planted-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    for (const { file, find, put } of plants) {
      const path = join(folder, 'dist', file)
      const pieces = readFileSync(path, 'utf8').split(find)
      if (pieces.length !== 2) throw new Error(`${file} has ${pieces.length - 1} times: ${find}`)
      writeFileSync(path, pieces.join(put))
    }
    return { bin: join(folder, 'bin', 'attestr-kafka.js'), remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** Runs something with a planted build, and removes it. */
export async function withPlanted<T>(
  plants: Plant | readonly Plant[],
  run: (bin: string) => Promise<T>,
): Promise<T> {
  const build = plantBuild([plants].flat())
  try {
    return await run(build.bin)
  } finally {
    build.remove()
  }
}

/**
 * Runs a proof with a planted fault in its short form, which is enough to find one.
 *
 * Out:    found when something was not as promised, or did not come in time. A run that breaks for another reason, such as
 *         a fault that could not be planted, has found nothing
 */
export async function tryControl(
  run: Run,
  name: string,
  seed: number,
): Promise<{ readonly found: boolean; readonly how: string }> {
  try {
    const { wrong } = await run(createGround(name, { seed, scale: 0 }))
    return { found: wrong.length > 0, how: wrong[0] ?? 'everything was as promised' }
  } catch (error) {
    const how = error instanceof Error ? error.message : String(error)
    return { found: how.startsWith('not within'), how }
  }
}
