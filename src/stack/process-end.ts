const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs a clean-up when this process ends, by itself or by a signal.
 *
 * A signal that somebody else listens to is left to them: they end the process, or not, and 'exit' comes then.
 *
 * In:  cleanup  must not wait
 * Out: a function that takes it back
 */
export function onProcessEnd(cleanup: () => void): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (process.listeners(signal).some((listener) => !ours.has(listener))) return
    forget()
    cleanup()
    // Other clean-ups have their own listener; the last one ends the process as the signal would have.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }
  const forget = (): void => {
    process.removeListener('exit', cleanup)
    for (const signal of signals) process.removeListener(signal, onSignal)
    ours.delete(onSignal)
  }
  ours.add(onSignal)
  process.once('exit', cleanup)
  for (const signal of signals) process.on(signal, onSignal)
  return forget
}

/** Listeners of this module, so that each knows whether anyone else listens. */
const ours = new Set<unknown>()
