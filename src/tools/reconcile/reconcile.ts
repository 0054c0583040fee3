import type { SourceMessage } from '../../core/model.js'
import { type ReaderOptions, readRanges } from '../../io/kafka/reader.js'
import { openWrittenEnds } from '../../io/kafka/written.js'
import { createFieldReader } from '../../io/registry/fields.js'
import type { SchemaRegistry } from '../../io/registry/registry.js'
import { createIntake, WANTED_FIELDS } from './intake.js'
import { createProof, type Findings } from './proof.js'
import { rangesOf, type Scope, type ScopeOptions, takeScope } from './scope.js'

export interface ReconcileOptions extends ScopeOptions {
  /** Its group id names the readers' groups. */
  readonly reader: ReaderOptions
  readonly registry: Pick<SchemaRegistry, 'schemaOf'>
  /** Sees every message that is read. */
  readonly onMessage?: (message: SourceMessage) => void
  /** In: messages read so far, and offsets to read in all, of which some are no messages. */
  readonly onProgress?: (read: number, offsets: number) => void
}

/** What was found; holds a temporary file until it is closed. */
export interface Reconciliation extends Findings {
  close(): void
}

const PROGRESS_EVERY = 10_000

/**
 * Proves from the topics alone that every consumed message has exactly one outcome and that what the outcomes tell of is
 * there, whole and once. Reads as `read_committed` up to the ends at its start, while the connector may run on. Nothing is
 * shared with the code that wrote the rows but the client, the schemas and the words of the contract.
 *
 * Throws: TopicsMissing; RegistryDown, RegistryRefused; errors of the cluster and of the file system; the abort reason
 * Source: product.md P1, P2, section 7 Outcome, section 11 reconcile
 */
export async function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  const { reader, registry, onMessage, onProgress } = options
  const scope = await scopeNow(options)
  const ranges = rangesOf(scope)
  const offsets = ranges.reduce((sum, { from, end }) => sum + end - from, 0)
  const proof = createProof(scope)
  try {
    const take = createIntake({
      ...{ scope, proof },
      readers: {
        verified: createFieldReader(registry, WANTED_FIELDS.verified),
        typed: createFieldReader(registry, WANTED_FIELDS.typed),
        deadLetter: createFieldReader(registry, WANTED_FIELDS.deadLetter),
        outcome: createFieldReader(registry, WANTED_FIELDS.outcome),
      },
    })
    let read = 0
    await readRanges(reader, ranges, (message) => {
      onMessage?.(message)
      read += 1
      if (read % PROGRESS_EVERY === 0) onProgress?.(read, offsets)
      return take(message)
    })
    return { ...proof.conclude(), close: proof.close }
  } catch (error) {
    proof.close()
    throw error
  }
}

async function scopeNow(options: ReconcileOptions): Promise<Scope> {
  const { admin, connection, log } = options.reader
  const written = await openWrittenEnds(connection, log)
  try {
    return await takeScope(admin, written, options)
  } finally {
    await written.close()
  }
}
