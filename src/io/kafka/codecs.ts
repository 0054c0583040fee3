import zlib from 'node:zlib'
import type { CompressionTypes } from 'kafkajs'

type Codec = () => {
  compress(encoder: unknown): Promise<Buffer>
  decompress(buffer: Buffer): Promise<Buffer>
}

/** Snappy as Java clients frame it: a header, then blocks, each behind its length. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER_BYTES = 16

/**
 * Teaches kafkajs to read topics that other producers compress with snappy, lz4 or zstd; it knows gzip alone.
 * Writing stays with what `kafka.compression` offers.
 *
 * Source: Kafka message format, attributes; xerial snappy-java stream format
 */
export function addCodecs(kafkajs: {
  CompressionCodecs: object
  CompressionTypes: typeof CompressionTypes
}): void {
  const { CompressionTypes: types } = kafkajs
  Object.assign(kafkajs.CompressionCodecs, {
    [types.Snappy]: readOnly(decompressSnappy),
    [types.LZ4]: readOnly(decompressLz4),
    [types.ZSTD]: readOnly(decompressZstd),
  })
}

function readOnly(decompress: (buffer: Buffer) => Promise<Buffer>): Codec {
  return () => ({
    compress: () => Promise.reject(new Error('kafka.compression is none or gzip')),
    decompress,
  })
}

async function decompressSnappy(buffer: Buffer): Promise<Buffer> {
  const { uncompress } = await import('snappy')
  const block = async (bytes: Buffer): Promise<Buffer> => Buffer.from(await uncompress(bytes))
  if (!buffer.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return block(buffer)
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER_BYTES; at < buffer.length; ) {
    const length = buffer.readInt32BE(at)
    blocks.push(await block(buffer.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  return Buffer.concat(blocks)
}

async function decompressLz4(buffer: Buffer): Promise<Buffer> {
  const { decompressFrame } = await import('lz4-napi')
  return decompressFrame(buffer)
}

/** Node has zstd from 22.15 on. */
async function decompressZstd(buffer: Buffer): Promise<Buffer> {
  if ('zstdDecompressSync' in zlib && typeof zlib.zstdDecompressSync === 'function') {
    return zlib.zstdDecompressSync(buffer) as Buffer
  }
  const { decompress } = await import('fzstd')
  return Buffer.from(decompress(buffer))
}
