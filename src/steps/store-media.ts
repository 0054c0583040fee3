import { onAbort } from '../core/abort.js'
import { pauseFor } from '../core/backoff.js'
import { type MediaItem, mediaPlace } from '../core/media.js'
import { type Clock, type MediaStore, MediaStoreDown } from '../core/ports.js'
import type { Sealer } from './seal.js'

export interface StoreMediaDeps {
  readonly store: Pick<MediaStore, 'put'>
  readonly sealer: Pick<Sealer, 'bytes'>
  readonly clock: Clock
  /** Told at each try that failed, with the cause; null when no event waits for the store any more. */
  readonly onState: (down: MediaStoreDown | null) => void
}

/** Out: true when everything is stored durably; false when the wait was aborted. */
export type StoreMedia = (items: readonly MediaItem[], signal: AbortSignal) => Promise<boolean>

const FIRST_WAIT_MS = 500
const MAX_WAIT_MS = 10_000
/** A folder on a network that hangs throws nothing. */
const PUT_LIMIT_MS = 30_000

/**
 * Makes the step that stores the media of an event, sealed, before its records are written: a record that was committed never
 * points to nothing. A store that is down, or silent for 30 s, is waited for; no event is to blame for it.
 *
 * Throws: what is no MediaStoreDown: a bug
 * Source: product.md P1, P5; issue "Media"
 */
export function createStoreMedia(deps: StoreMediaDeps): StoreMedia {
  const { sealer, clock, onState } = deps
  let waiting = 0
  return async (items, signal) => {
    let waits = false
    try {
      for (const { reference, bytes } of items) {
        const seal = (): Buffer => sealer.bytes(bytes, mediaPlace(reference))
        for (let tries = 0; ; tries += 1) {
          const end = await attempt(deps, reference, seal, signal)
          if (end === 'stored') break
          if (end === 'aborted') return false
          if (!waits) waiting += 1
          waits = true
          onState(end)
          const waitMs = Math.min(FIRST_WAIT_MS * 2 ** tries, MAX_WAIT_MS)
          if (!(await pauseFor(clock, waitMs, signal))) return false
        }
      }
      return true
    } finally {
      if (waits) waiting -= 1
      if (waits && waiting === 0) onState(null)
    }
  }
}

/** Ends with the signal or the limit, whatever the store does. */
async function attempt(
  { store, clock }: StoreMediaDeps,
  reference: string,
  seal: () => Buffer,
  signal: AbortSignal,
): Promise<'stored' | 'aborted' | MediaStoreDown> {
  if (signal.aborted) return 'aborted'
  let over = (): void => undefined
  const ended = new Promise<'aborted' | MediaStoreDown>((resolve) => {
    const cancel = clock.after(PUT_LIMIT_MS, () => resolve(new MediaStoreDown('no answer')))
    const deaf = onAbort(signal, () => resolve('aborted'))
    over = () => {
      cancel()
      deaf()
    }
  })
  try {
    const stored = store.put(reference, seal, signal).then(() => 'stored' as const)
    return await Promise.race([stored, ended])
  } catch (error) {
    if (error instanceof MediaStoreDown) return signal.aborted ? 'aborted' : error
    throw error
  } finally {
    over()
  }
}
