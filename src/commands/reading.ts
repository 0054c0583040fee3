/** What commands share that read topics: how they are stopped, and what is said when they cannot read. */
import { CommandError } from './command.js'

/** Ends the reading on SIGINT, SIGTERM or SIGHUP. */
export function listenForEnd(): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const onSignal = (): void => controller.abort()
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.once(name, onSignal)
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of names) process.off(name, onSignal)
    },
  }
}

/** Faults that have a remedy; everything else comes out as it is. */
export async function remedied(error: unknown, signal: AbortSignal): Promise<unknown> {
  const { causeOf } = await import('../core/cause.js')
  if (error instanceof CommandError) return error
  if (signal.aborted) return new CommandError(1, 'stopped before the end', 'Nothing was left behind.')
  if (!(error instanceof Error)) return error
  if (error.name === 'TopicsMissing')
    return new CommandError(1, error.message, 'Check topics.* and kafka.brokers of the configuration.')
  if (error.name === 'RegistryDown' || error.name === 'RegistryRefused') {
    const remedy = 'remedy' in error ? String(error.remedy) : 'Check schemaRegistry.* of the configuration.'
    return new CommandError(1, error.message, remedy)
  }
  if (error.name === 'ReadStalled')
    return new CommandError(
      1,
      error.message,
      'Look for a broker that is down or a transaction that stays open.',
    )
  if ('code' in error && error.code === 'ENOSPC')
    return new CommandError(1, 'the temporary folder is full', 'Let TMPDIR name a place with more room.')
  if (error.name.startsWith('KafkaJS'))
    return new CommandError(
      1,
      `the brokers did not answer: ${causeOf(error)}`,
      'Check kafka.* and the brokers.',
    )
  return error
}
