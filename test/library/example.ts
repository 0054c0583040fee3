/** How the library is used: this file is compiled with the tests, and shown in no other form. */
import {
  createConnector,
  createResultClient,
  FAILURES,
  flattenResult,
  type Log,
  loadConfig,
  problemReport,
  verifyResult,
} from '../../src/index.js'

/** The connector inside another program, which has its own log and its own signals. */
export async function runConnector(file: string, log: Log, stop: AbortSignal): Promise<string> {
  const loaded = loadConfig({ file, env: process.env })
  if ('problems' in loaded) throw new Error(problemReport(loaded.problems))
  const connector = createConnector(loaded.config, { log, env: process.env })
  stop.addEventListener('abort', () => void connector.stop(), { once: true })
  await connector.start()
  const finish = await connector.finished
  if (finish.kind === 'systemic') await connector.abort()
  return finish.kind === 'systemic' ? `stopped for ${finish.reason}` : 'stopped'
}

/** One result, fetched and checked: the type of each stage's output, path by path. */
export async function showResult(
  handshakeId: string,
  credential: { readonly authToken: string; readonly clientSecret: string },
): Promise<readonly string[]> {
  const client = createResultClient(credential)
  try {
    const fetched = await client.fetchResult(handshakeId)
    switch (fetched.kind) {
      case 'verified': {
        const flat = flattenResult(fetched.trusted)
        return flat.kind === 'ok'
          ? flat.value.flatMap((stage) => Object.keys(stage.output).map((path) => `${stage.stageId} ${path}`))
          : []
      }
      case 'dead':
        return [FAILURES[fetched.failure.code].remedy]
      case 'systemic':
        return [`no handshake is to blame: ${fetched.reason}`]
      default:
        return []
    }
  } finally {
    await client.close()
  }
}

/** A saved answer of the API against a secret. */
export function isGenuine(body: Buffer, clientSecret: string): boolean {
  return verifyResult(body, { clientSecret }).kind === 'ok'
}
