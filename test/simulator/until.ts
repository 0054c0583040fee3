import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for a condition, however long it takes; the test's own time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2)
}
