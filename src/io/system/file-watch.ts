import { stat } from 'node:fs/promises'
import type { Cancel, Clock } from '../../core/ports.js'

export interface FileWatchOptions {
  readonly clock: Clock
  /** Pause between two looks. */
  readonly everyMs: number
  /** Asked before each look. */
  readonly files: () => readonly string[]
  readonly onChange: () => void
}

/**
 * Tells when one of these files is another than before: looks again and again, so that it works for files that are
 * replaced as a whole, on network file systems, and for what Kubernetes mounts through links. Tells it when two looks in a
 * row saw the same: what is still being written, or is the first of several files, is half a change. And tells it once at
 * first: whether they changed between their reading and the first look is not known.
 *
 * Out:    stops watching
 */
export function watchFiles({ clock, everyMs, files, onChange }: FileWatchOptions): () => void {
  let cancel: Cancel = () => undefined
  let stopped = false
  let told: string | null = null
  let seen: string | null = null
  const look = async (): Promise<void> => {
    const now = (await Promise.all([...files()].sort().map(stateOf))).join('\n')
    if (stopped) return
    const isOther = now === seen && now !== told
    seen = now
    if (isOther) {
      told = now
      // A change while it is read shows at the next look.
      onChange()
    }
    cancel = clock.after(everyMs, () => void look())
  }
  void look()
  return () => {
    stopped = true
    cancel()
  }
}

async function stateOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(file)
    return [file, dev, ino, size, mtimeMs, ctimeMs].join(' ')
  } catch {
    return `${file} is not there`
  }
}
