/** The demo could not be carried out. Nothing of it is left behind. */
export class DemoFault extends Error {
  readonly remedy: string
  constructor(message: string, remedy: string) {
    super(message)
    this.name = 'DemoFault'
    this.remedy = remedy
  }
}

export function stoppedEarly(): DemoFault {
  return new DemoFault('stopped before the end', 'Everything it had started was ended.')
}

/** Resolves as the work does; rejects at once when the signal aborts: the work itself is then of no interest any more. */
export function unlessStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(stoppedEarly())
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
