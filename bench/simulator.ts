import { fileURLToPath } from 'node:url'
import pLimit from 'p-limit'
import { SEED } from './backlog.js'
import { type Child, startNode } from './children.js'
import { DEVELOPMENT_CREDENTIAL, handshakeIdFor, type LedgerSummary, type Profile } from './product.js'
import { ROOT } from './root.js'

/** The command of the built product. */
export const BIN = fileURLToPath(new URL('bin/attestr-kafka.js', ROOT))

export interface LedgerFigures {
  /** Begun, ended or not. */
  readonly calls: number
  readonly meanMs: number
  readonly maxInFlight: number
}

/** The Attestr side as a process of its own. */
export interface SimulatorProcess {
  readonly child: Child
  readonly baseUrl: string
  resetLedger(): Promise<void>
  ledger(): Promise<LedgerFigures>
  stop(): Promise<void>
}

/** Calls before the first run: code that has not been compiled yet answers late. */
const WARM_UP = { small: { calls: 4_000, concurrency: 64 }, large: { calls: 40, concurrency: 4 } }

export async function startSimulatorProcess(settings: {
  readonly latencyMs: number
  readonly profile: Profile
}): Promise<SimulatorProcess> {
  const { latencyMs, profile } = settings
  const options = ['--port', '0', '--seed', SEED, '--latency', latencyMs, '--profile', profile, '--json']
  const child = startNode('simulator', [BIN, 'simulate', ...options.map(String)])
  const { url, baseUrl } = await child.line('baseUrl')
  const ledgerUrl = `${String(url)}/ledger`
  await warmUp(String(baseUrl), profile === 'large' ? WARM_UP.large : WARM_UP.small)
  return {
    child,
    baseUrl: String(baseUrl),
    stop: () => child.stop(),
    async resetLedger() {
      await fetch(ledgerUrl, { method: 'DELETE' })
    },
    async ledger() {
      const page = (await (await fetch(`${ledgerUrl}?limit=1`)).json()) as LedgerSummary
      // In the page `calls` is the list of the last ones.
      const ended = Object.values(page.byStatus).reduce((sum, count) => sum + count, 0)
      return { ...page, calls: ended + page.inFlight }
    },
  }
}

async function warmUp(baseUrl: string, { calls, concurrency }: { calls: number; concurrency: number }) {
  const limit = pLimit(concurrency)
  const headers = { authorization: `Basic ${DEVELOPMENT_CREDENTIAL.authToken}` }
  const call = async (n: number): Promise<void> => {
    const url = `${baseUrl}/v1/public/flowx/handshake/${handshakeIdFor(SEED, n)}`
    await (await fetch(url, { headers })).arrayBuffer()
  }
  await Promise.all(Array.from({ length: calls }, (_, n) => limit(() => call(n % 1_000))))
}
