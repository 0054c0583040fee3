/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The variables of this process: the one place that reads them. */
export function processEnvironment(): Environment {
  return process.env
}

/** Whether a fault shows where in the code it happened (never its message or data). */
export function wantsStack(env: Environment): boolean {
  const value = env['ATTESTR_KAFKA_DEBUG']
  return value !== undefined && value !== '' && value !== '0'
}

/** The proxy that the environment names for an address; null when it names none. Source: curl's and wget's convention */
export function proxyOf(env: Environment, address: string): string | null {
  const { protocol, hostname } = new URL(address)
  const excluded = (env['no_proxy'] ?? env['NO_PROXY'] ?? '')
    .split(',')
    .map((host) => host.trim().replace(/^\*?\./, ''))
  if (excluded.some((host) => host === '*' || (host !== '' && `.${hostname}`.endsWith(`.${host}`))))
    return null
  const names = protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy']
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== '') ?? null
}
