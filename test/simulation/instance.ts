import type { Config } from '../../src/config/config.js'
import { topicsRead } from '../../src/config/topics-read.js'
import { type Connector, createConnector, type Edges } from '../../src/connector.js'
import { onAbort } from '../../src/core/abort.js'
import type { Delivery, EventSource, Log, Metrics, ResultApi } from '../../src/core/ports.js'
import type { MemoryApiServer } from '../../src/io/memory/api-server.js'
import { createMemoryDelivery, type MemoryDeliveryOptions } from '../../src/io/memory/delivery.js'
import type { MemoryBroker } from '../../src/io/memory/kafka.js'
import type { Fault, Operation } from '../../src/io/memory/network.js'
import { createSeededRandom } from '../../src/io/memory/random.js'
import { createMemoryResultApi } from '../../src/io/memory/results.js'
import { createMemorySource } from '../../src/io/memory/source.js'
import { createLife, type Life } from '../support/life.js'

/** What a double may know of the process it is planted in. */
export interface Setting extends MemoryDeliveryOptions {
  readonly broker: MemoryBroker
  /** Of the process. */
  readonly name: string
}

/** Takes the place of an edge, or wraps it: how a fault of the connector is planted. */
export interface Doubles {
  readonly source?: (right: EventSource, setting: Setting) => EventSource
  readonly delivery?: (right: Delivery, setting: Setting) => Delivery
  readonly api?: (right: ResultApi) => ResultApi
}

/** What all processes of a world share. */
export interface Surroundings {
  readonly broker: MemoryBroker
  readonly server: MemoryApiServer
  readonly config: Config
  readonly transactional: boolean
  readonly networkMs: number
  readonly encoders: Edges['encoders']
  readonly readAvro: Edges['readAvro']
  /** Faults of the network between processes and broker. */
  readonly fault: (operation: Operation) => Fault | null
  readonly doubles: Doubles
  readonly log: Log
  readonly metrics: Metrics
}

/** One process with a whole connector in it. */
export interface Instance {
  readonly name: string
  readonly life: Life
  readonly connector: Connector
  /** Most calls in flight at once. */
  readonly peakCalls: () => number
  /** Runs `strike` when the process is about to send this; true: the request is still sent. */
  arm(operation: Operation, strike: () => boolean): void
}

export function startInstance(around: Surroundings, name: string, seed: number): Instance {
  const { broker, server, config, networkMs, doubles } = around
  const life = createLife(broker.clock)
  const random = createSeededRandom(seed)
  let armed: { readonly operation: Operation; readonly strike: () => boolean } | null = null

  function faults(operation: Operation): Fault | null {
    if (armed?.operation === operation) {
      const { strike } = armed
      armed = null
      if (!strike()) return { kind: 'lost-request' }
    }
    return around.fault(operation)
  }

  const setting: Setting = {
    ...{ broker, name, random, faults, clock: life.clock },
    ...{ groupId: config.kafka.groupId, transactional: around.transactional },
    transactionTimeoutMs: config.kafka.transactionTimeoutMs,
    latencyMs: { min: 0, max: networkMs },
    requestTimeoutMs: 2000,
  }
  const { api, peak } = countCalls(
    createMemoryResultApi({
      ...{ server, clock: life.clock, latencyMs: () => random() * networkMs },
      ...{ timeoutMs: config.fetch.timeoutMs, maxResponseBytes: config.fetch.maxResponseBytes },
    }),
  )
  const source = createMemorySource(broker, {
    ...setting,
    ...{ memberId: name, topics: topicsRead(config.topics), maxMessages: 10 },
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    rebalanceTimeoutMs: 10_000,
  })
  const delivery = createMemoryDelivery(broker, setting)
  const edges: Edges = {
    source: doubles.source?.(source, setting) ?? source,
    delivery: doubles.delivery?.(delivery, setting) ?? delivery,
    api: doubles.api?.(api) ?? api,
    encoders: around.encoders,
    readAvro: around.readAvro,
    async close() {
      await Promise.all([delivery.close(), api.close()])
    },
  }
  const connector = createConnector({
    ...{ config, random, clock: life.clock, log: around.log, metrics: around.metrics },
    openEdges: async () => edges,
  })
  return {
    ...{ name, life, connector, peakCalls: peak },
    arm(operation, strike) {
      armed = { operation, strike }
    },
  }
}

function countCalls(right: ResultApi): { readonly api: ResultApi; readonly peak: () => number } {
  let inFlight = 0
  let peak = 0
  return {
    peak: () => peak,
    api: {
      call(request) {
        // What was given up is not in flight any more, though its promise is still to be settled.
        if (request.signal.aborted) return right.call(request)
        inFlight += 1
        peak = Math.max(peak, inFlight)
        let open = true
        const ended = (): void => {
          if (open) inFlight -= 1
          open = false
          deaf()
        }
        const deaf = onAbort(request.signal, ended)
        return right.call(request).finally(ended)
      },
      close: () => right.close(),
    },
  }
}
