import type { Output } from '../../core/model.js'

/**
 * The partition of an output: murmur2 of the key as in the Java client; without a key the source's partition.
 *
 * Source: product.md section 7, Kafka's Utils.murmur2
 */
export function partitionFor(output: Output, partitions: number): number {
  if (output.key === null) return output.sourcePartition % partitions
  return (murmur2(output.key) & 0x7fffffff) % partitions
}

const MULTIPLIER = 0x5bd1e995

/** 32 bits, signed. */
export function murmur2(bytes: Buffer): number {
  const whole = bytes.length & ~3
  let hash = 0x9747b28c ^ bytes.length
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), MULTIPLIER)
    word ^= word >>> 24
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER)
  }
  if (bytes.length > whole) {
    for (let at = bytes.length - 1; at >= whole; at -= 1) hash ^= (bytes[at] ?? 0) << (8 * (at - whole))
    hash = Math.imul(hash, MULTIPLIER)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, MULTIPLIER)
  return hash ^ (hash >>> 15)
}
