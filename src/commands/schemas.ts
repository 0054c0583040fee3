import { Argument, type Command } from 'commander'
import type { Config } from '../config/config.js'
import type { CheckedSchema } from '../tools/schemas/check.js'
import type { SchemaTools } from '../tools/schemas/open.js'
import type { RegisteredSchema } from '../tools/schemas/register.js'
import type { WrittenSchema } from '../tools/schemas/written.js'
import {
  type CommandContext,
  CommandError,
  type ConfigOptions,
  loadCommandConfig,
  tableText,
  withConfigOptions,
  withExamples,
} from './command.js'

const ACTIONS = ['print', 'check', 'register'] as const
type Action = (typeof ACTIONS)[number]

interface SchemasOptions extends ConfigOptions {
  readonly subject?: string
  readonly events?: boolean
  readonly json?: boolean
}

/** `attestr-kafka schemas`: the Avro schemas of all topics written, and the registry. Source: product.md sections 7 and 11. */
export function registerSchemas(program: Command, context: CommandContext): void {
  const command = program
    .command('schemas')
    .description('print the Avro schemas of what is written, check them against the registry, register them')
    .addArgument(new Argument('<action>', 'print, check (writes nothing) or register').choices(ACTIONS))
    .option('--subject <name>', 'only this subject; with print the bare schema, ready for a file')
    .option('--events', 'also the schema of events, for producers that write them as Avro')
    .option('--json', 'print JSON')
    .action((action: Action, options: SchemasOptions) => schemas(action, options, context))
  withExamples(withConfigOptions(command), [
    'attestr-kafka schemas print --config attestr-kafka.yaml',
    'attestr-kafka schemas print --subject attestr.verified-value',
    'attestr-kafka schemas check --config attestr-kafka.yaml --json',
    'attestr-kafka schemas register --config attestr-kafka.yaml',
  ])
}

async function schemas(action: Action, options: SchemasOptions, context: CommandContext): Promise<void> {
  const config = await loadCommandConfig(options, context)
  const wanted = await wantedOf(config, options)
  if (action === 'print') {
    context.out(printed(wanted, options))
    return
  }
  const { registryOptionsOf } = await import('../edges.js')
  const { openSchemaTools } = await import('../tools/schemas/open.js')
  const tools = openSchemaTools(registryOptionsOf(config))
  try {
    if (action === 'check') await check({ tools, wanted, options, context, config })
    else await register({ tools, wanted, options, context, config })
  } catch (error) {
    throw remedied(error)
  } finally {
    await tools.close()
  }
}

async function wantedOf(config: Config, options: SchemasOptions): Promise<readonly WrittenSchema[]> {
  const { writtenSchemas } = await import('../tools/schemas/written.js')
  const { typedKindsOf } = await import('../catalogue/typed-kinds.js')
  const all = writtenSchemas({
    ...{ topics: config.topics, typed: typedKindsOf(config), withEvents: options.events === true },
  })
  if (options.subject === undefined) return all
  const found = all.filter(({ subject }) => subject === options.subject)
  if (found.length > 0) return found
  const names = all.map(({ subject }) => subject).join(', ')
  throw new CommandError(
    2,
    '--subject names none that is written',
    `Subjects of this configuration: ${names}.`,
  )
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** A row for JSON: the schema as an object. */
const withSchema = <T extends WrittenSchema>(one: T): object => ({ ...one, schema: JSON.parse(one.schema) })

function printed(wanted: readonly WrittenSchema[], { json: asJson, subject }: SchemasOptions): string {
  const [only] = wanted
  if (asJson === true) return json(wanted.map(withSchema))
  if (subject !== undefined && only !== undefined) return json(JSON.parse(only.schema))
  return wanted.map((one) => `# ${one.subject}: ${one.record}\n${json(JSON.parse(one.schema))}`).join('\n')
}

interface Task {
  readonly tools: SchemaTools
  readonly wanted: readonly WrittenSchema[]
  readonly options: SchemasOptions
  readonly context: CommandContext
  readonly config: Config
}

async function check({ tools, wanted, options, context, config }: Task): Promise<void> {
  const found = await tools.check(wanted)
  context.out(options.json === true ? json(found.map(bare)) : checkTable(found))
  throwIncompatible(found, '')
  const missing = found.filter(({ status }) => status === 'missing').map(({ subject }) => subject)
  if (missing.length === 0 || config.schemaRegistry.register) return
  throw new CommandError(
    3,
    `not registered, and schemaRegistry.register is false: ${missing.join(', ')}`,
    'Run `attestr-kafka schemas register` with credentials that may write.',
  )
}

async function register({ tools, wanted, options, context }: Task): Promise<void> {
  const done = await tools.register(wanted)
  if (done.kind === 'incompatible') {
    context.out(options.json === true ? json(done.schemas.map(bare)) : checkTable(done.schemas))
    throwIncompatible(done.schemas, '; nothing was registered')
    return
  }
  context.out(options.json === true ? json(done.schemas.map(bare)) : registerTable(done.schemas))
}

/** A row without the schema's text, which `print` shows. */
function bare({ schema, ...rest }: WrittenSchema): object {
  return rest
}

function checkTable(found: readonly CheckedSchema[]): string {
  return tableText(
    ['SUBJECT', 'RECORD', 'STATUS', 'ID', 'LEVEL', 'NOTE'],
    found.map((one) => [
      one.subject,
      one.record,
      one.status,
      String(one.id ?? '-'),
      one.level ?? '-',
      note(one),
    ]),
  )
}

function note({ breaks, refused, level }: CheckedSchema): string {
  const notes = [
    ...(breaks.length > 0 ? [`does not fit version ${breaks.join(', ')}`] : []),
    ...(refused ? ['the registry refuses it'] : []),
    ...(level === null || level === 'FULL_TRANSITIVE' ? [] : ['FULL_TRANSITIVE is advised']),
  ]
  return notes.join('; ')
}

function registerTable(done: readonly RegisteredSchema[]): string {
  return tableText(
    ['SUBJECT', 'RECORD', 'ID', 'NOTE'],
    done.map(({ subject, record, id, isNew }) => [subject, record, String(id), isNew ? 'new' : 'was there']),
  )
}

function throwIncompatible(found: readonly CheckedSchema[], more: string): void {
  const wrong = found.filter(({ status }) => status === 'incompatible').map(({ subject }) => subject)
  if (wrong.length === 0) return
  throw new CommandError(
    3,
    `incompatible with what the registry holds: ${wrong.join(', ')}${more}`,
    'Another record lies under the subject, or a version by other hands: name another topic, or mend the subject.',
  )
}

/** Faults that have a remedy; everything else goes on as it is. */
function remedied(error: unknown): unknown {
  const isRegistry =
    error instanceof Error && (error.name === 'RegistryDown' || error.name === 'RegistryRefused')
  if (!isRegistry) return error
  const remedy =
    'remedy' in error
      ? String(error.remedy)
      : 'Check schemaRegistry.* of the configuration, and that the registry answers.'
  return new CommandError(1, error.message, remedy)
}
