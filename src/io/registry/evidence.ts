import type { EvidenceRow } from '../../core/evidence.js'
import type { Encoder } from '../../core/ports.js'
import { createEncoder } from './encoders.js'
import { createReader, type RecordReader } from './records.js'
import type { SchemaRegistry } from './registry.js'
import { readSchema, subjectOf } from './schemas.js'
import { createSlab } from './slab.js'

export const EVIDENCE_SCHEMA = readSchema('evidence.avsc')

const SLAB_BYTES = 131_072

/** The id of the schema under the subject of this topic. Throws RegistryDown, RegistryRefused. */
export function evidenceIdOf(registry: Pick<SchemaRegistry, 'idOf'>, topic: string): Promise<number> {
  return registry.idOf(subjectOf(topic), EVIDENCE_SCHEMA)
}

/** Makes the encoder of evidence. In: the id of its schema in the registry. Throws (it) RecordUnencodable. */
export function createEvidenceEncoder(id: number): Encoder<EvidenceRow> {
  return createEncoder<EvidenceRow>(EVIDENCE_SCHEMA, id, createSlab(SLAB_BYTES))
}

/** Makes the reader of evidence, each row by the schema it was written with. Throws (the promise) RegistryDown, RegistryRefused. */
export function createEvidenceReader(registry: Pick<SchemaRegistry, 'schemaOf'>): RecordReader<EvidenceRow> {
  return createReader<EvidenceRow>(EVIDENCE_SCHEMA, registry)
}
