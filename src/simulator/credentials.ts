import { hash32 } from './random.js'

/** Who may ask the simulator, and with whose secret it signs. */
export interface SimulatorCredential {
  readonly authToken: string
  readonly clientSecret: string
}

/** For development only: nobody's real token and secret. */
export const DEVELOPMENT_CREDENTIAL: SimulatorCredential = {
  authToken: 'simulator-development-token',
  clientSecret: 'simulator-development-secret',
}

/**
 * `caller`: every handshake belongs to whoever asks. `spread`: each belongs to one credential, drawn from
 * the seed. `first`: all belong to the first.
 */
export type Ownership = 'caller' | 'spread' | 'first'

/**
 * The credential a handshake belongs to.
 *
 * In:     credentials, at least one; `caller` is the index of the one that asks
 * Out:    an index of the list
 */
export function ownerOf(
  handshakeId: string,
  seed: number,
  count: number,
  ownership: Ownership,
  caller: number,
): number {
  if (ownership === 'caller') return caller
  return ownership === 'first' ? 0 : hash32(handshakeId, seed + 1) % count
}
