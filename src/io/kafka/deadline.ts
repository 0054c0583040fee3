/** Rejects when the operation has not settled in time; the operation itself goes on and its end is ignored. */
export async function withDeadline<T>(limitMs: number, operation: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceeded()), limitMs)
  })
  const running = operation()
  running.catch(() => undefined)
  try {
    return await Promise.race([running, limit])
  } finally {
    clearTimeout(timer)
  }
}

export class DeadlineExceeded extends Error {
  readonly code = 'DEADLINE_EXCEEDED'
  constructor() {
    super('the broker did not answer in time')
    this.name = 'DeadlineExceeded'
  }
}
