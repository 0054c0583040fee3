/** The connector as a library: by the public surface alone, on a real broker and registry. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Connector, createConnector, loadConfig, problemReport } from '../../src/index.js'
import { createSite, type Site } from '../support/site.js'
import { until } from '../support/until.js'

const EVENTS = 20

let site: Site
let connector: Connector

beforeAll(async () => {
  site = await createSite()
  const loaded = loadConfig({ file: site.configFile, env: site.env })
  if ('problems' in loaded) throw new Error(problemReport(loaded.problems))
  connector = createConnector(loaded.config)
})

afterAll(async () => {
  await connector?.stop()
  await site?.close()
})

it('takes events to verified records, tells its state, and stops when it is asked', async () => {
  expect(connector.status()).toMatchObject({ ready: false, state: 'starting' })
  const ids = Array.from({ length: EVENTS }, (_, n) => site.handshakeId(n))
  await site.send(ids.map((id) => ({ key: id, value: id })))
  await connector.start()
  await until('every event is committed', () => site.caughtUp())
  expect(connector.status()).toMatchObject({ ready: true, state: 'running', reason: null })
  await connector.stop()
  expect(await connector.finished).toEqual({ kind: 'stopped' })
  expect(await site.violations()).toBe('')
  expect((await site.outcomes()).map(({ outcome }) => outcome)).toEqual(ids.map(() => 'VERIFIED'))
  expect(site.simulator.ledger.summary()).toMatchObject({ calls: EVENTS, repeated: 0 })
})
