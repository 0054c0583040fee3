import type { Buffer } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { reasonOf } from '../config/substitute.js'
import { METHODS, type Method } from '../steps/verify.js'
import { checkResponse, type Matched, type Refused } from './check-response.js'
import {
  type CommandContext,
  CommandError,
  type ConfigOptions,
  tableText,
  withConfigOptions,
  withExamples,
} from './command.js'
import { parseSince } from './since.js'

interface VerifyCommandOptions extends ConfigOptions {
  readonly response?: string
  readonly secretFile?: string
  readonly topic?: string
  /** Epoch ms. */
  readonly since?: number
  readonly method: 'auto' | Method
  readonly json?: boolean
}

/** `attestr-kafka verify`: checks one saved response against a secret, or an evidence topic against its signatures. Source: product.md sections 5 and 11. */
export function registerVerify(program: Command, context: CommandContext): void {
  const command = program
    .command('verify')
    .description(
      'check the signature of one saved response of the API and say which method matches; or all of an evidence topic',
    )
    .option('--response <file>', 'the body of the response, byte for byte as it was received')
    .option('--secret-file <file>', 'a file with the client secret; one newline at its end is left out')
    .addOption(
      new Option('--method <method>', 'how the signed bytes are formed')
        .choices(['auto', ...METHODS])
        .default('auto'),
    )
    .option('--topic <topic>', 'an evidence topic; secrets and keys are those of the configuration')
    .addOption(
      new Option(
        '--since <time>',
        'only messages of the topic as young as this: RFC 3339, or a duration back (2h, 7d)',
      ).argParser((text: string) => parseSince(text, Date.now())),
    )
    .option('--json', 'print JSON; of a topic a line a mismatch, then the counts')
    .action((options: VerifyCommandOptions) => verify(options, context))
  withExamples(withConfigOptions(command), [
    'attestr-kafka verify --response response.json --secret-file client-secret',
    'attestr-kafka verify --topic attestr.evidence --config attestr-kafka.yaml --since 7d',
  ])
}

async function verify(options: VerifyCommandOptions, context: CommandContext): Promise<void> {
  const { response, secretFile, topic } = options
  if (topic !== undefined && response === undefined && secretFile === undefined) {
    const { verifyTopicOf } = await import('./verify-topic.js')
    return verifyTopicOf({ ...options, topic }, context)
  }
  if (topic === undefined && response !== undefined && secretFile !== undefined)
    return verifyFiles({ ...options, response, secretFile }, context)
  throw new CommandError(
    2,
    'verify takes either --response and --secret-file, or --topic',
    'See `attestr-kafka verify --help`.',
  )
}

async function verifyFiles(
  options: VerifyCommandOptions & { readonly response: string; readonly secretFile: string },
  context: CommandContext,
): Promise<void> {
  const body = await read(options.response, 'response')
  const secret = await read(options.secretFile, 'secret')
  const check = checkResponse(body, secret, options.method)
  if (options.json === true)
    context.out(`${JSON.stringify(check.verified ? matched(check) : refused(check), null, 2)}\n`)
  else if (check.verified) context.out(matchedTable(check))
  if (!check.verified) throw new CommandError(check.exitCode, `not verified: ${check.reason}`, check.remedy)
}

async function read(file: string, what: string): Promise<Buffer> {
  let content: Buffer
  try {
    content = await readFile(file)
  } catch (error) {
    throw new CommandError(2, `the ${what} file cannot be read (${reasonOf(error)})`, 'Check the path.')
  }
  if (content.length === 0) throw new CommandError(2, `the ${what} file is empty`, 'Check the path.')
  return content
}

const matched = ({ verified, method, methods, handshakeId, signedBytes }: Matched) => ({
  verified,
  method,
  methods,
  handshakeId,
  signedBytes,
})

const refused = ({ verified, code, cause, reason, remedy, methods }: Refused) => ({
  verified,
  code,
  cause,
  reason,
  remedy,
  methods,
})

function matchedTable({ method, methods, handshakeId, signedBytes }: Matched): string {
  return tableText(
    ['signature', 'verified'],
    [
      ['method', method],
      ['also match', methods.filter((other) => other !== method).join(', ') || 'none'],
      ['handshake', handshakeId],
      ['signed bytes', String(signedBytes)],
    ],
  )
}
