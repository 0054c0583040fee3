/**
 * A fault nobody expected, on one line: its kind and where in the code it happened. Messages and properties of errors may
 * quote what was being worked on, so they are never shown, not even with `stack`.
 *
 * In:  stack  adds the other frames, one a line
 */
export function faultReport(error: unknown, stack: boolean): string {
  const frames = framesOf(error)
  const where = frames[0] === undefined ? '' : ` at ${frames[0]}`
  const rest = stack ? frames.slice(1).map((frame) => `    at ${frame}\n`) : []
  const remedy = '  Please report this line; ATTESTR_KAFKA_DEBUG=1 adds the calls that led to it.\n'
  return `attestr-kafka: unexpected fault: ${faultKind(error)}${where}\n${rest.join('')}${remedy}`
}

/** `TypeError`, `Error ECONNREFUSED`: name and code where they are plain words. */
export function faultKind(error: unknown): string {
  if (!(error instanceof Error)) return 'a thrown value'
  const code = 'code' in error ? plainWord(error.code) : ''
  return [plainWord(error.name) || 'Error', code].filter((word) => word !== '').join(' ')
}

const plainWord = (value: unknown): string =>
  (typeof value === 'string' || typeof value === 'number') && /^[A-Za-z0-9_]{1,64}$/.test(String(value))
    ? String(value)
    : ''

const FRAME = /^ {4}at (?:async )?(?:[^()\n]* \()?((?:file:\/\/|node:|\/|[A-Za-z]:\\)[^()\n]*:\d+:\d+)\)?$/

/** Places only: what stands before them could be part of a message. */
function framesOf(error: unknown): string[] {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return []
  const { message, stack } = error
  const start = message === '' ? 0 : stack.indexOf(message) + message.length
  return stack
    .slice(start)
    .split('\n')
    .flatMap((line) => FRAME.exec(line)?.[1] ?? [])
    .map((place) => place.replace(/^.*\/(?=(?:dist|src|node_modules)\/)/, ''))
}
