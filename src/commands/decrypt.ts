import { Buffer } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import type { Config } from '../config/config.js'
import { reasonOf } from '../config/substitute.js'
import type { Opener } from '../tools/decrypt/open-record.js'
import {
  type CommandContext,
  CommandError,
  type ConfigOptions,
  loadCommandConfig,
  withConfigOptions,
  withExamples,
} from './command.js'
import { listenForEnd, remedied } from './reading.js'

interface DecryptOptions extends ConfigOptions {
  readonly topic?: string
  readonly file?: string
}

/** `attestr-kafka decrypt`: opens encrypted fields for those who have the keys. Source: product.md sections 9 and 11. */
export function registerDecrypt(program: Command, context: CommandContext): void {
  const command = program
    .command('decrypt')
    .description('print records with their encrypted fields opened, one JSON object a line')
    .option(
      '--topic <topic>',
      'a topic of verified records or evidence, from its start to the end it has now',
    )
    .option('--file <file>', 'a file of records, one JSON object a line')
    .option('--json', 'print JSON, as it always does')
    .action((options: DecryptOptions) => decrypt(options, context))
  withExamples(withConfigOptions(command), [
    'attestr-kafka decrypt --topic attestr.verified --config attestr-kafka.yaml',
    'attestr-kafka decrypt --file export.jsonl --config attestr-kafka.yaml',
  ])
}

/** What was met on the way, to be told at the end. */
interface Tally {
  opened: number
  left: number
  unreadable: number
  readonly unknownKeys: Set<string>
}

async function decrypt(options: DecryptOptions, context: CommandContext): Promise<void> {
  const { topic, file } = options
  if ((topic === undefined) === (file === undefined))
    throw new CommandError(2, 'give one of --topic and --file', 'See `attestr-kafka decrypt --help`.')
  const config = await loadCommandConfig(options, context)
  const { sealerOf } = await import('../configured-privacy.js')
  const sealer = sealerOf(config)
  if (sealer === null) {
    const remedy = 'Add the keys the fields were encrypted with, under their ids.'
    throw new CommandError(2, 'privacy.encryptionKeys names no key', remedy)
  }
  const tally: Tally = { opened: 0, left: 0, unreadable: 0, unknownKeys: new Set() }
  const print = await createPrinter(sealer, tally, context)
  if (file !== undefined) await readLines(file, print)
  else if (topic !== undefined) await readTopic(topic, config, print)
  conclude(tally, context)
}

async function createPrinter(
  opener: Opener,
  tally: Tally,
  context: CommandContext,
): Promise<(record: unknown) => void> {
  const { openRecord } = await import('../tools/decrypt/open-record.js')
  return (record) => {
    if (typeof record !== 'object' || record === null) {
      tally.unreadable += 1
      return
    }
    const end = openRecord(record, opener)
    tally.opened += end.opened
    tally.left += end.left
    for (const id of end.unknownKeys) tally.unknownKeys.add(id)
    context.out(`${JSON.stringify(end.record, asText)}\n`)
  }
}

/** Bytes of a record as base64. */
function asText(this: unknown, key: string, value: unknown): unknown {
  const own = typeof this === 'object' && this !== null ? (this as Record<string, unknown>)[key] : undefined
  return Buffer.isBuffer(own) ? own.toString('base64') : value
}

async function readLines(file: string, onRecord: (record: unknown) => void): Promise<void> {
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (line.trim() !== '') onRecord(parsed(line))
    }
  } catch (error) {
    throw new CommandError(2, `the file cannot be read (${reasonOf(error)})`, 'Check --file.')
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

async function readTopic(topic: string, config: Config, onRecord: (record: unknown) => void): Promise<void> {
  const { connectionOf, registryOf } = await import('../edges.js')
  const { readRecords } = await import('../tools/decrypt/decrypt-topic.js')
  const { signal, stop } = listenForEnd()
  try {
    const { groupId } = config.kafka
    const source = { connection: connectionOf(config), registry: registryOf(config), groupId, topic }
    await readRecords({ ...source, signal }, onRecord)
  } catch (error) {
    throw await remedied(error, signal)
  } finally {
    stop()
  }
}

function conclude({ opened, left, unreadable, unknownKeys }: Tally, context: CommandContext): void {
  context.err(`${opened} values opened, ${left} not, ${unreadable} messages or lines are no record\n`)
  if (left === 0 && unreadable === 0) return
  const remedy =
    unknownKeys.size > 0
      ? `Add the keys of these ids to privacy.encryptionKeys: ${[...unknownKeys].sort().join(', ')}.`
      : 'They were changed, lie in another record, or have no recordId or redactions beside them.'
  throw new CommandError(3, 'not everything could be opened', remedy)
}
