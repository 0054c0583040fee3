import { createGunzip } from 'node:zlib'

export type Inflated = Buffer | 'too-large' | 'truncated' | 'undecodable-encoding'

/**
 * Undoes gzip under a cap, so that a small body cannot grow without bound.
 *
 * In:     body       the bytes as received
 *         maxBytes   cap of the inflated bytes
 *         grown      told the inflated bytes so far
 * Out:    the inflated bytes; `truncated` when the stream ends too early
 */
export function inflate(body: Buffer, maxBytes: number, grown: (bytes: number) => void): Promise<Inflated> {
  return new Promise((resolve) => {
    const gunzip = createGunzip()
    const chunks: Buffer[] = []
    let length = 0
    gunzip.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > maxBytes) {
        resolve('too-large')
        gunzip.destroy()
        return
      }
      grown(length)
      chunks.push(chunk)
    })
    gunzip.on('end', () => resolve(Buffer.concat(chunks, length)))
    gunzip.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'Z_BUF_ERROR' ? 'truncated' : 'undecodable-encoding'),
    )
    gunzip.end(body)
  })
}
