import { Pool } from 'undici'
import { SEED } from './backlog.js'
import { DEVELOPMENT_CREDENTIAL, handshakeIdFor } from './product.js'
import { processCpu } from './readings.js'
import type { Rig } from './rig.js'
import { noteLoad } from './watch.js'

export interface SimulatorRate {
  readonly load: number
  readonly callsPerSecond: number
  /** CPU of the simulator, microseconds a call. */
  readonly cpuMicros: number
}

const CONNECTIONS = 64
const MS = 6_000
const HANDSHAKES = 2_000

/** Small results without latency, asked for by the quickest client there is: the simulator must never be what is slow. */
export async function runSimulatorRate(rig: Rig): Promise<SimulatorRate> {
  const simulator = await rig.simulator({ latencyMs: 0, profile: 'small' })
  const load = noteLoad(rig.say, `simulator alone, ${CONNECTIONS} connections`)
  const { origin, pathname } = new URL(simulator.baseUrl)
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 })
  const headers = { authorization: `Basic ${DEVELOPMENT_CREDENTIAL.authToken}` }
  const startedAt = performance.now()
  const cpuBefore = processCpu(simulator.child.pid)
  let calls = 0
  const caller = async (): Promise<void> => {
    while (performance.now() - startedAt < MS) {
      const path = `${pathname}/v1/public/flowx/handshake/${handshakeIdFor(SEED, calls % HANDSHAKES)}`
      calls += 1
      const { statusCode, body } = await pool.request({ method: 'GET', path, headers })
      await body.dump()
      if (statusCode !== 200) throw new Error(`the simulator answered ${statusCode}`)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, caller))
  const seconds = (performance.now() - startedAt) / 1000
  const cpu = processCpu(simulator.child.pid) - cpuBefore
  await pool.close()
  const rate = { load, callsPerSecond: calls / seconds, cpuMicros: (cpu * 1e6) / calls }
  rig.say(`  ${rate.callsPerSecond.toFixed(0)} calls/s, ${rate.cpuMicros.toFixed(0)} us CPU a call`)
  return rate
}
