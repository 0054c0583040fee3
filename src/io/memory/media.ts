import { referenceParts } from '../../core/media.js'
import { type MediaStore, MediaStoreDown } from '../../core/ports.js'

/** A media store in memory; `setDown` gives it the faults of a real one. */
export interface MemoryMediaStore extends MediaStore {
  readonly files: Map<string, Buffer>
  setDown(down: boolean): void
  /** Puts are neither answered nor refused from now on. */
  hang(): void
}

/** Source: io/media, whose twin it is. */
export function createMemoryMediaStore(): MemoryMediaStore {
  const files = new Map<string, Buffer>()
  let isDown = false
  let hangs = false
  const check = (reference: string): void => {
    if (referenceParts(reference) === null) throw new RangeError('not a reference of stored media')
    if (isDown) throw new MediaStoreDown('Error EROFS')
  }
  return {
    files,
    setDown(down) {
      isDown = down
    },
    hang() {
      hangs = true
    },
    async put(reference, bytes) {
      check(reference)
      if (hangs) await new Promise(() => undefined)
      if (!files.has(reference)) files.set(reference, bytes())
    },
    async get(reference) {
      check(reference)
      return files.get(reference) ?? null
    },
  }
}
