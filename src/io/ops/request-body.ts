import type { IncomingMessage } from 'node:http'

/** The body as text; null when it is longer than the bound, not UTF-8, or cut off. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length
      // The rest is still read, so that the answer reaches a client that is still sending.
      if (bytes <= maxBytes) chunks.push(chunk)
      if (bytes > 64 * maxBytes) return null
    }
    if (bytes > maxBytes) return null
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    return null
  }
}
