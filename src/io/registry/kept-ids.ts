import { createHash } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { Log } from '../../core/ports.js'
import { RegistryDown, type SchemaRegistry } from './registry.js'

export interface KeptIdsOptions {
  readonly registry: Pick<SchemaRegistry, 'idOf'>
  /** Address of the registry: ids of another one are none of ours. */
  readonly url: string
  /** Null: nothing is kept, and a registry that is down is waited for. */
  readonly file: string | null
  readonly log: Log
}

/** The ids of schemas, which outlive a registry that is down. */
export interface KeptIds extends Pick<SchemaRegistry, 'idOf'> {
  /** To be called before a round of questions: within a round a registry that is down is asked once. */
  begin(): void
  /** Writes down what the registry has answered; nothing when a kept id was used. Never throws. */
  keep(): void
  /** Whether an id of an earlier start was used, because the registry was down. */
  wereUsed(): boolean
}

interface Entry {
  readonly registry: string
  readonly subject: string
  /** SHA-256 of the schema's text, hex. */
  readonly schema: string
  readonly id: number
}

/**
 * Asks the registry for ids and falls back to those that it gave at an earlier start. An id is bound to the address, the
 * subject and the very text of the schema: for anything else it does not exist.
 *
 * Throws: (`idOf`) RegistryDown where nothing is kept; RegistryRefused, which nothing kept overrules
 */
export function createKeptIds({ registry, url, file, log }: KeptIdsOptions): KeptIds {
  const address = url.replace(/\/+$/, '')
  const answered = new Map<string, Entry>()
  const used = new Set<string>()
  /** Of this round. */
  let down: RegistryDown | null = null
  return {
    begin() {
      down = null
    },
    async idOf(subject, schema) {
      const entry = { registry: address, subject, schema: fingerprintOf(schema) }
      try {
        if (down !== null) throw down
        const id = await registry.idOf(subject, schema)
        answered.set(keyOf(entry), { ...entry, id })
        used.delete(keyOf(entry))
        return id
      } catch (error) {
        if (!(error instanceof RegistryDown) || file === null) throw error
        down = error
        const kept = entriesOf(file).find((one) => keyOf(one) === keyOf(entry))
        if (kept === undefined) throw error
        if (used.size === 0) log.warn('schema-ids-kept', { cause: error.detail })
        used.add(keyOf(entry))
        return kept.id
      }
    },
    keep() {
      if (file === null || used.size > 0) return
      try {
        writeWhole(file, { entries: [...answered.values()] })
      } catch (error) {
        const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
        log.warn('schema-ids-not-kept', { cause })
      }
    },
    wereUsed: () => used.size > 0,
  }
}

const fingerprintOf = (schema: string): string => createHash('sha256').update(schema).digest('hex')

const keyOf = ({ registry, subject, schema }: Omit<Entry, 'id'>): string =>
  JSON.stringify([registry, subject, schema])

/** Empty for a file that is not there, cut off, or not ours. */
function entriesOf(file: string): readonly Entry[] {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const entries =
      typeof content === 'object' && content !== null && 'entries' in content ? content.entries : []
    return Array.isArray(entries) ? entries.filter(isEntry) : []
  } catch {
    return []
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false
  if (!('registry' in value && 'subject' in value && 'schema' in value && 'id' in value)) return false
  const texts = [value.registry, value.subject, value.schema]
  const { id } = value
  return (
    texts.every((one) => typeof one === 'string') && typeof id === 'number' && Number.isInteger(id) && id > 0
  )
}

/** Beside and renamed: a reader finds the old file or the new one, never half of one. */
function writeWhole(file: string, content: object): void {
  const fresh = `${file}.${process.pid}.part`
  try {
    writeFileSync(fresh, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o644, flush: true })
    renameSync(fresh, file)
  } finally {
    rmSync(fresh, { force: true })
  }
}
