import { onAbort } from '../../core/abort.js'

/** Rejects when the operation has not settled in time, or the signal aborts; the operation goes on and its end is ignored. */
export async function withDeadline<T>(
  limitMs: number,
  operation: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let deaf = (): void => undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceeded()), limitMs)
    if (signal?.aborted === true) reject(new Closed())
    else if (signal !== undefined) deaf = onAbort(signal, () => reject(new Closed()))
  })
  const running = operation()
  running.catch(() => undefined)
  try {
    return await Promise.race([running, limit])
  } finally {
    clearTimeout(timer)
    deaf()
  }
}

/** Waits. Rejects when the signal ends the wait. */
export function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Closed())
      return
    }
    const timer = setTimeout(() => {
      deaf()
      resolve()
    }, delayMs)
    const deaf = onAbort(signal, () => {
      clearTimeout(timer)
      reject(new Closed())
    })
  })
}

export class DeadlineExceeded extends Error {
  readonly code = 'DEADLINE_EXCEEDED'
  constructor() {
    super('the broker did not answer in time')
    this.name = 'DeadlineExceeded'
  }
}

/** Nobody waits for it any more. */
export class Closed extends Error {
  constructor() {
    super('closed meanwhile')
    this.name = 'Closed'
  }
}
