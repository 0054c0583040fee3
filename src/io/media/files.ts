import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pLimit from 'p-limit'
import { causeOf } from '../../core/cause.js'
import { referenceParts } from '../../core/media.js'
import { type MediaStore, MediaStoreDown } from '../../core/ports.js'

/** Files open at once for writing; the thread pool has no more threads anyway. */
const MOST_WRITES = 8
/** References that this process knows to be on disk. */
const MOST_KNOWN = 100_000

/**
 * Keeps media as files `<first two hex digits>/<keyId>.<hex>` in a folder, which is made when it is missing.
 *
 * Out:    `put` resolves when file and folder entry are on disk: written aside, flushed, renamed, the folder flushed. Whoever
 *         dies in between leaves a `.tmp` file that nobody reads; several processes may share the folder
 * Throws: (put, get) MediaStoreDown for every fault of the file system; RangeError for what is no reference
 * Source: issue "Media"; fsync(2), rename(2)
 */
export function createFileMediaStore(folder: string): MediaStore {
  const limit = pLimit(MOST_WRITES)
  const known = new Set<string>()
  const writing = new Map<string, Promise<void>>()

  async function write(reference: string, bytes: () => Buffer): Promise<void> {
    const path = pathOf(folder, reference)
    // Another process may have renamed it and died before the folder was flushed.
    if (!(await exists(path))) await writeDurably(path, bytes())
    await flushFolders(folder, dirname(path))
    if (known.size >= MOST_KNOWN) known.clear()
    known.add(reference)
  }

  return {
    async put(reference, bytes) {
      if (known.has(reference)) return
      const underWay =
        writing.get(reference) ??
        limit(() => guarded(() => write(reference, bytes))).finally(() => writing.delete(reference))
      writing.set(reference, underWay)
      await underWay
    },
    get: (reference) =>
      guarded(async () => {
        const path = pathOf(folder, reference)
        return (await exists(path)) ? readFile(path) : null
      }),
  }
}

function pathOf(folder: string, reference: string): string {
  const parts = referenceParts(reference)
  if (parts === null) throw new RangeError('not a reference of stored media')
  return join(folder, parts.hex.slice(0, 2), `${parts.keyId}.${parts.hex}`)
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw new MediaStoreDown(causeOf(error))
    throw error
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

async function writeDurably(path: string, bytes: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const aside = `${path}.${randomUUID()}.tmp`
  try {
    await withFile(aside, 'wx', async (file) => {
      await file.writeFile(bytes)
      await file.sync()
    })
    await rename(aside, path)
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined)
    throw error
  }
}

/** The entries of both may be new. */
async function flushFolders(folder: string, inner: string): Promise<void> {
  for (const path of [inner, folder]) await withFile(path, 'r', (file) => file.sync())
}

async function withFile(
  path: string,
  flags: string,
  use: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, 0o600)
  try {
    await use(file)
  } finally {
    await file.close()
  }
}
