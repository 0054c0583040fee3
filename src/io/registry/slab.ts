/**
 * Writes at `at` and returns where it ended; where space is short, a negative number: minus the bytes that are missing.
 */
export type WriteAt = (buffer: Buffer, at: number) => number

/**
 * Memory for many small values. A value is handed out as a part of a slab and never written again: the slab lives as long
 * as the last of its values, so it is of modest size.
 */
export interface Slab {
  /** Out: exactly the bytes written. Throws what `write` throws; the slab is then as before. */
  write(write: WriteAt): Buffer
}

/**
 * In:     slabBytes  size of one slab
 * Source: libraries.md section 4.1: a slab is never reused before its values are sent, and what a negative return means
 */
export function createSlab(slabBytes: number): Slab {
  let slab = Buffer.allocUnsafeSlow(slabBytes)
  let free = 0

  const take = (end: number): Buffer => {
    const value = slab.subarray(free, end)
    free = end
    return value
  }

  return {
    write(write) {
      const end = write(slab, free)
      if (end >= 0) return take(end)
      const needed = slab.length - free - end
      // A large value gets bytes of its own: a new slab for it would leave the rest of this one unused.
      if (needed > slabBytes / 4) return writeAlone(write, needed)
      slab = Buffer.allocUnsafeSlow(slabBytes)
      free = 0
      return take(write(slab, 0))
    },
  }
}

function writeAlone(write: WriteAt, bytes: number): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes)
  const end = write(own, 0)
  return own.subarray(0, end)
}
