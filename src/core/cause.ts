/** Names and protocol words of an error, never its message: a message may quote what was sent. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'not an error'
  const words = [wordOf(error, 'type'), wordOf(error, 'code')].filter((word) => word !== null)
  const inner = error.cause instanceof Error ? ` by ${causeOf(error.cause)}` : ''
  return [error.name, ...words].join(' ') + inner
}

function wordOf(error: object, member: string): string | null {
  const value = (error as Record<string, unknown>)[member]
  return typeof value === 'string' && /^[A-Z0-9_]{1,64}$/.test(value) ? value : null
}
