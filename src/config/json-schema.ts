import { z } from 'zod'
import { configSchema } from './schema.js'

type Json = Record<string, unknown>

/** A value that comes from outside: its kind is known only when it is read. */
const SUBSTITUTED: Json = { type: 'string', pattern: '\\$\\{[^}]+\\}' }

/** Members that describe a key, not what it may hold. */
const ABOUT = ['description', 'default', 'writeOnly']

/**
 * The JSON Schema of the configuration file, for editors: `attestr-kafka.schema.json`.
 *
 * Out:    text, two blanks of indentation, one newline at the end
 * Source: product.md section 10
 */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ jsonSchema }) => allowSubstitution(jsonSchema as Json),
  }) as Json
  const top: Json = {
    $schema: schema['$schema'],
    title: 'attestr-kafka configuration',
    ...schema,
    required: ['attestr', 'kafka', 'schemaRegistry'],
  }
  return `${JSON.stringify(top, (name, value: unknown) => tidy(name, value), 2)}\n`
}

function allowSubstitution(schema: Json): void {
  const type = schema['type']
  const narrowText = type === 'string' && ('pattern' in schema || 'enum' in schema)
  if (!narrowText && type !== 'integer' && type !== 'number' && type !== 'boolean') return
  const own: Json = {}
  for (const [name, value] of Object.entries(schema)) {
    if (ABOUT.includes(name)) continue
    own[name] = value
    delete schema[name]
  }
  schema['anyOf'] = [own, SUBSTITUTED]
}

/** Bounds that only say "a safe integer" and empty descriptions tell nobody anything. */
function tidy(name: string, value: unknown): unknown {
  if (name === 'maximum' && value === Number.MAX_SAFE_INTEGER) return undefined
  return name === 'description' && value === '' ? undefined : value
}
