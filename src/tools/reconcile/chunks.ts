import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ChunkOptions {
  readonly buckets: number
  /** Held in memory for each bucket; no piece of bytes may be longer. */
  readonly chunkBytes: number
}

/** Many growing lists of bytes in little memory: what fills a chunk goes to one temporary file. */
export interface ChunkStore {
  /** Appends bytes that stay together. */
  append(bucket: number, bytes: Buffer): void
  bytesOf(bucket: number): number
  /** In the order of appending, whole pieces in each; a chunk is valid until the next one is asked for. */
  chunks(bucket: number): Iterable<Buffer>
  close(): void
}

/**
 * Makes a store. Memory: `buckets` x `chunkBytes` at most, and one chunk for reading.
 *
 * The file is unlinked as soon as it is open, so that nothing is left however the process ends.
 * Throws: errors of the file system, ENOSPC among them
 */
export function createChunkStore({ buckets, chunkBytes }: ChunkOptions): ChunkStore {
  const open: (Chunk | undefined)[] = new Array(buckets).fill(undefined)
  /** For each bucket the position and the length of what it has in the file, in turn. */
  const inFile: number[][] = Array.from({ length: buckets }, () => [])
  const bytesOf = new Array<number>(buckets).fill(0)
  let file: TemporaryFile | null = null

  const spill = (bucket: number, chunk: Chunk): void => {
    file ??= openTemporaryFile()
    inFile[bucket]?.push(file.append(chunk.bytes.subarray(0, chunk.used)), chunk.used)
    chunk.used = 0
  }

  return {
    append(bucket, bytes) {
      const chunk = open[bucket] ?? { bytes: Buffer.allocUnsafeSlow(chunkBytes), used: 0 }
      open[bucket] = chunk
      if (bytes.length > chunkBytes - chunk.used) spill(bucket, chunk)
      chunk.bytes.set(bytes, chunk.used)
      chunk.used += bytes.length
      bytesOf[bucket] = (bytesOf[bucket] ?? 0) + bytes.length
    },
    bytesOf: (bucket) => bytesOf[bucket] ?? 0,
    *chunks(bucket) {
      const places = inFile[bucket] ?? []
      const into = places.length === 0 ? null : Buffer.allocUnsafeSlow(chunkBytes)
      for (let n = 0; into !== null && n < places.length; n += 2) {
        const bytes = into.subarray(0, places[n + 1] ?? 0)
        file?.read(bytes, places[n] ?? 0)
        yield bytes
      }
      const last = open[bucket]
      if (last !== undefined && last.used > 0) yield last.bytes.subarray(0, last.used)
    },
    close() {
      file?.close()
      file = null
      open.fill(undefined)
    },
  }
}

interface Chunk {
  readonly bytes: Buffer
  used: number
}

interface TemporaryFile {
  /** Out: where the bytes begin. */
  append(bytes: Buffer): number
  read(into: Buffer, position: number): void
  close(): void
}

function openTemporaryFile(): TemporaryFile {
  const folder = mkdtempSync(join(tmpdir(), 'attestr-kafka-reconcile-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  const file = openSync(join(folder, 'rows'), 'wx+', 0o600)
  try {
    remove()
  } catch {
    // Where an open file cannot be unlinked it is removed when it is closed.
  }
  let end = 0
  return {
    append(bytes) {
      const start = end
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(file, bytes, done, bytes.length - done, start + done)
      }
      end += bytes.length
      return start
    },
    read(into, position) {
      for (let done = 0; done < into.length; ) {
        const count = readSync(file, into, done, into.length - done, position + done)
        if (count === 0) throw new Error('the temporary file is shorter than what was written')
        done += count
      }
    },
    close() {
      closeSync(file)
      remove()
    },
  }
}
