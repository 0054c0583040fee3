import avro from 'avsc'

/** Whether a reader with one schema can read all that was written with the other. Both as JSON text; false for what is none. */
export function canRead(reader: string, writer: string): boolean {
  try {
    const [to, from] = [reader, writer].map((text) => avro.Type.forSchema(JSON.parse(text) as avro.Schema))
    if (to === undefined || from === undefined) return false
    to.createResolver(from)
    return true
  } catch {
    return false
  }
}

/**
 * Whether two versions may lie on one topic: whoever knows one can read the other, both ways.
 *
 * Source: product.md section 7, FULL_TRANSITIVE
 */
export function areCompatible(one: string, other: string): boolean {
  return canRead(one, other) && canRead(other, one)
}
