/** Accepted keys that have no effect in this version. They change no delivered data, so they are not refused. */
const PENDING: Readonly<Record<string, string>> = {
  'topics.retry': 'events are retried in place only',
  'topics.replay': 'nothing is replayed',
}

export interface PendingKey {
  readonly key: string
  /** What happens instead. */
  readonly instead: string
}

/**
 * The keys a user wrote that have no effect yet, for one log line at start.
 *
 * In:  written  every key that was written, as `loadConfig` returns it
 */
export function pendingKeysOf(written: ReadonlySet<string>): readonly PendingKey[] {
  return Object.entries(PENDING)
    .filter(([key]) => written.has(key))
    .map(([key, instead]) => ({ key, instead }))
}

/** Names of the keys of `pendingKeysOf`, for the docs. */
export const PENDING_KEYS: readonly string[] = Object.keys(PENDING)
