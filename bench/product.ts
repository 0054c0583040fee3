/** What the benchmark uses of the product: types from the source, code from the build that `npm run build` made. */

import type * as privacyRule from '../src/core/privacy-rule.js'
import type * as client from '../src/io/kafka/client.js'
import type * as patches from '../src/io/kafka/patches.js'
import type * as kafkaSource from '../src/io/kafka/source.js'
import type * as clock from '../src/io/system/clock.js'
import type * as credentials from '../src/simulator/credentials.js'
import type * as events from '../src/simulator/events.js'
import type * as ids from '../src/simulator/ids.js'
import type * as results from '../src/simulator/results.js'
import type * as stack from '../src/stack/stack.js'
import type * as unavailable from '../src/stack/unavailable.js'
import { ROOT } from './root.js'

export type { Log } from '../src/core/ports.js'
export type { KafkaConnection } from '../src/io/kafka/client.js'
export type { LedgerSummary } from '../src/simulator/ledger.js'
export type { Profile } from '../src/simulator/results.js'
export type { Stack } from '../src/stack/stack.js'

async function load<T>(path: string): Promise<T> {
  return (await import(new URL(`dist/${path}`, ROOT).href)) as T
}

export const { createKafkaClient } = await load<typeof client>('io/kafka/client.js')
export const { loadKafkajs } = await load<typeof patches>('io/kafka/patches.js')
export const { createKafkaSource } = await load<typeof kafkaSource>('io/kafka/source.js')
export const { PRIVACY_DEFAULTS } = await load<typeof privacyRule>('core/privacy-rule.js')
export const { createSystemClock } = await load<typeof clock>('io/system/clock.js')
export const { DEVELOPMENT_CREDENTIAL } = await load<typeof credentials>('simulator/credentials.js')
export const { createEvents } = await load<typeof events>('simulator/events.js')
export const { handshakeIdFor } = await load<typeof ids>('simulator/ids.js')
export const { catalogueOf, createResultSource } = await load<typeof results>('simulator/results.js')
export const { startStack } = await load<typeof stack>('stack/stack.js')
export const { StackUnavailable } = await load<typeof unavailable>('stack/unavailable.js')
