import { isDeepStrictEqual } from 'node:util'
import type { TypedKind } from './catalogue/typed-kinds.js'
import type { Config } from './config/config.js'
import { causeOf } from './core/cause.js'
import type { Clock, Log } from './core/ports.js'
import { untilItWorks } from './io/kafka/topics.js'
import { evidenceIdOf } from './io/registry/evidence.js'
import { createKeptIds, type KeptIds } from './io/registry/kept-ids.js'
import { RegistryDown, RegistryRefused, type SchemaRegistry } from './io/registry/registry.js'
import {
  createReplaceableEncoders,
  type Ids,
  type ReplaceableEncoders,
} from './io/registry/replaceable-encoders.js'
import { resolveIds, resolveTypedIds } from './io/registry/schemas.js'

export interface EncodersOptions {
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** The same question, which says whether it is waited for. */
  readonly waits: <T>(ask: () => Promise<T>) => () => Promise<T>
}

/**
 * The encoders of all that is written, with their ids from the registry. One that is down is waited for, unless the ids of an
 * earlier start are kept: then these are used, and compared as soon as it answers.
 *
 * Throws: RegistryRefused; the abort reason
 */
export async function encodersOf(
  options: EncodersOptions,
  registry: SchemaRegistry,
  kinds: readonly TypedKind[],
): Promise<ReplaceableEncoders> {
  const { config, log, waits } = options
  const { url, idsFile } = config.schemaRegistry
  const kept = createKeptIds({ registry, url, file: idsFile, log })
  const resolve = (): Promise<Ids> => {
    kept.begin()
    return resolveAll(kept, config, kinds)
  }
  const ids = await askRegistry(options, waits(resolve))
  const encoders = createReplaceableEncoders(ids)
  if (kept.wereUsed()) void confirmIds(options, { kept, ids, encoders, resolve })
  else kept.keep()
  return encoders
}

async function resolveAll(
  registry: Pick<SchemaRegistry, 'idOf'>,
  { topics }: Config,
  kinds: readonly TypedKind[],
): Promise<Ids> {
  return {
    ids: await resolveIds(registry, topics),
    typed: await resolveTypedIds(registry, kinds),
    evidence: topics.evidence === null ? null : await evidenceIdOf(registry, topics.evidence),
  }
}

function askRegistry(options: EncodersOptions, operation: () => Promise<Ids>): Promise<Ids> {
  const isPassing = (error: unknown): boolean => error instanceof RegistryDown
  return untilItWorks({ ...options, what: 'schema registry', operation, isPassing })
}

interface Unconfirmed {
  readonly kept: KeptIds
  readonly ids: Ids
  readonly encoders: ReplaceableEncoders
  readonly resolve: () => Promise<Ids>
}

/**
 * A registry that was emptied gives other ids: as soon as it answers, the kept ones are compared with its own. One that refuses
 * is asked again and again: somebody has to register what is missing. Never throws.
 */
async function confirmIds(options: EncodersOptions, unconfirmed: Unconfirmed): Promise<void> {
  const { kept, ids, encoders, resolve } = unconfirmed
  const { log, signal } = options
  let told: string | null = null
  const isPassing = (error: unknown): boolean => {
    if (!(error instanceof RegistryRefused)) return error instanceof RegistryDown
    const { reason, subject } = error
    if (told !== `${reason} ${subject}`) log.error('schema-ids-refused', { reason, subject })
    told = `${reason} ${subject}`
    return true
  }
  const operation = async (): Promise<Ids> => {
    const found = await resolve()
    if (kept.wereUsed()) throw new RegistryDown('connection')
    return found
  }
  try {
    const now = await untilItWorks({ ...options, what: 'schema registry', operation, isPassing })
    kept.keep()
    if (!isDeepStrictEqual(now, ids)) {
      encoders.replace(now)
      log.error('schema-ids-differ')
    } else if (told !== null) log.info('schema-ids-confirmed')
  } catch (error) {
    if (!signal.aborted) log.error('schema-ids-refused', { cause: causeOf(error) })
  }
}
