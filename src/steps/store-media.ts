import { pauseFor } from '../core/backoff.js'
import { type MediaItem, mediaPlace } from '../core/media.js'
import { type Clock, type MediaStore, MediaStoreDown } from '../core/ports.js'
import type { Sealer } from './seal.js'

export interface StoreMediaDeps {
  readonly store: Pick<MediaStore, 'put'>
  readonly sealer: Pick<Sealer, 'bytes'>
  readonly clock: Clock
  /** Whether the store takes what it is given; told at each try. In: the cause when it does not. */
  readonly onState: (down: MediaStoreDown | null) => void
}

/** Out: true when everything is stored durably; false when the wait was aborted. */
export type StoreMedia = (items: readonly MediaItem[], signal: AbortSignal) => Promise<boolean>

const FIRST_WAIT_MS = 500
const MAX_WAIT_MS = 10_000

/**
 * Makes the step that stores the media of an event, sealed, before its records are written: a record that was committed never
 * points to nothing. A store that is down is waited for; no event is to blame for it.
 *
 * Throws: what is no MediaStoreDown: a bug
 * Source: product.md P1, P5; issue "Media"
 */
export function createStoreMedia({ store, sealer, clock, onState }: StoreMediaDeps): StoreMedia {
  return async (items, signal) => {
    for (const { reference, bytes } of items) {
      const seal = (): Buffer => sealer.bytes(bytes, mediaPlace(reference))
      for (let tries = 0; ; tries += 1) {
        const down = await attempt(store, reference, seal)
        onState(down)
        if (down === null) break
        const waitMs = Math.min(FIRST_WAIT_MS * 2 ** tries, MAX_WAIT_MS)
        if (!(await pauseFor(clock, waitMs, signal))) return false
      }
    }
    return true
  }
}

async function attempt(
  store: Pick<MediaStore, 'put'>,
  reference: string,
  seal: () => Buffer,
): Promise<MediaStoreDown | null> {
  try {
    await store.put(reference, seal)
    return null
  } catch (error) {
    if (error instanceof MediaStoreDown) return error
    throw error
  }
}
