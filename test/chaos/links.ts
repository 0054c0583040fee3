/** Links to broker, API and registry that can be spoiled. The one to the API is aimed by whoever has its simulator. */
import { startBrokerRelay } from '../support/broker-relay.js'
import { type SpoiledLink, startProxy } from '../support/proxy.js'
import type { SiteOptions } from '../support/site.js'
import { stack } from '../support/stack.js'

export type LinkName = 'broker' | 'api' | 'registry'

export interface Links extends Readonly<Record<LinkName, SpoiledLink>> {
  /** Leads a site over them. */
  readonly site: Pick<SiteOptions, 'brokers' | 'registryUrl' | 'baseUrl'>
  /** Whoever connects is cut off at once. */
  takeAway(name: Away): void
  bringBack(name: Away): void
  close(): Promise<void>
}

export type Away = Exclude<LinkName, 'api'>

/** Nobody listens there. */
const NOWHERE = { host: '127.0.0.1', port: 1 }

export async function openLinks(): Promise<Links> {
  const { brokers, registryUrl } = stack()
  const broker = await startProxy()
  const relay = await startBrokerRelay(brokers[0] ?? '', broker.port)
  const { hostname: host, port } = new URL(registryUrl)
  const targets = { broker: { host: '127.0.0.1', port: relay.port }, registry: { host, port: Number(port) } }
  broker.aim(targets.broker)
  const registry = await startProxy({ target: targets.registry })
  const api = await startProxy()
  const links = { broker, registry, api }
  return {
    ...links,
    takeAway(name) {
      links[name].aim(NOWHERE)
      links[name].cut()
    },
    bringBack: (name) => links[name].aim(targets[name]),
    site: {
      brokers: [broker.address],
      registryUrl: `http://${registry.address}${new URL(registryUrl).pathname}`,
      baseUrl: `http://${api.address}/api`,
    },
    async close() {
      await Promise.all([broker.close(), registry.close(), api.close()])
      await relay.close()
    },
  }
}
