import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { SecretText } from '../../core/model.js'

export interface Refusal {
  readonly status: 401 | 403
  readonly error: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Whether a POST may be answered: with a token, by that token alone; without one, on loopback only.
 *
 * Out:    null when it may
 * Source: product.md section 10
 */
export function refusalOf(request: IncomingMessage, token: SecretText | null): Refusal | null {
  if (token !== null) {
    const given = /^Bearer (.*)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (given !== undefined && sameText(given, token.reveal())) return null
    return {
      status: 401,
      error: 'needs Authorization: Bearer with ops.token',
      headers: { 'www-authenticate': 'Bearer' },
    }
  }
  if (isLocal(request)) return null
  return { status: 403, error: 'without ops.token this is answered on loopback only', headers: {} }
}

/** A web page open on this machine, or a proxy on it, also comes from loopback: neither is the operator. */
function isLocal(request: IncomingMessage): boolean {
  const address = request.socket.remoteAddress ?? ''
  const { headers } = request
  const passedOn = 'x-forwarded-for' in headers || 'forwarded' in headers || 'origin' in headers
  return !passedOn && /^(127\.|::1$|::ffff:127\.)/.test(address)
}

/** In constant time, whatever the lengths. */
function sameText(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
