import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pLimit from 'p-limit'
import { causeOf } from '../../core/cause.js'
import { referenceParts } from '../../core/media.js'
import { type MediaStore, MediaStoreDown } from '../../core/ports.js'

/** Files open at once for writing; the thread pool has no more threads anyway. */
const MOST_WRITES = 8
/** References whose folders this process has flushed. */
const MOST_FLUSHED = 100_000
const ABORTED = 'aborted'

/**
 * Keeps media as files `<first two hex digits>/<keyId>.<hex>` in a folder, which is made when it is missing.
 *
 * Out:    `put` resolves when file and folder entries are on disk: written aside, flushed, renamed, the folders flushed. A file
 *         that somebody deleted is written again. Whoever dies in between leaves a `.tmp` file that nobody reads; several
 *         processes may share the folder
 * Throws: (put, get) MediaStoreDown for every fault of the file system; RangeError for what is no reference
 * Source: issue "Media"; fsync(2), rename(2)
 */
export function createFileMediaStore(folder: string): MediaStore {
  const limit = pLimit(MOST_WRITES)
  const flushed = new Set<string>()
  const writing = new Map<string, Promise<void>>()

  async function write(reference: string, bytes: () => Buffer): Promise<void> {
    const path = pathOf(folder, reference)
    const isThere = await exists(path)
    // Another process may have renamed it and died before the folder was flushed.
    if (isThere && flushed.has(reference)) return
    const top = isThere ? folder : await writeDurably(path, bytes(), folder)
    await flushFolders(dirname(path), top)
    if (flushed.size >= MOST_FLUSHED) flushed.clear()
    flushed.add(reference)
  }

  return {
    async put(reference, bytes, signal) {
      const begin = (): Promise<void> => {
        // It has waited for its turn.
        if (signal.aborted) throw new MediaStoreDown(ABORTED)
        return write(reference, bytes)
      }
      const others = writing.get(reference)
      if (others !== undefined) {
        const ended = await others.catch((error: unknown) => error)
        // Whoever began it may have gone away; this one has not.
        const isOthersAbort = ended instanceof MediaStoreDown && ended.word === ABORTED && !signal.aborted
        if (isOthersAbort) return this.put(reference, bytes, signal)
        if (ended instanceof Error) throw ended
        return
      }
      const underWay = limit(() => guarded(begin)).finally(() => writing.delete(reference))
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

/** Out: the highest folder that has a new entry. */
async function writeDurably(path: string, bytes: Buffer, folder: string): Promise<string> {
  const made = await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const aside = `${path}.${randomUUID()}.tmp`
  try {
    await withFile(aside, 'wx', async (file) => {
      await file.writeFile(bytes)
      await file.sync()
    })
    await rename(aside, path)
    return made === undefined || made.length > folder.length ? folder : dirname(made)
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined)
    throw error
  }
}

/** From the inner folder up to the top one: the entries of all of them may be new. */
async function flushFolders(inner: string, top: string): Promise<void> {
  for (let path = inner; ; path = dirname(path)) {
    await withFile(path, 'r', (file) => file.sync())
    if (path === top || path === dirname(path)) return
  }
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
