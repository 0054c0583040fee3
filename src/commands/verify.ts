import type { Buffer } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { reasonOf } from '../config/substitute.js'
import { METHODS, type Method } from '../steps/verify.js'
import { checkResponse, type Matched, type Refused } from './check-response.js'
import { type CommandContext, CommandError, tableText, withExamples } from './command.js'

interface VerifyCommandOptions {
  readonly response: string
  readonly secretFile: string
  readonly method: 'auto' | Method
  readonly json?: boolean
}

/** `attestr-kafka verify`: checks one saved response against a secret. Source: product.md sections 5 and 11. */
export function registerVerify(program: Command, context: CommandContext): void {
  const command = program
    .command('verify')
    .description('check the signature of one saved response of the API and say which method matches')
    .requiredOption('--response <file>', 'the body of the response, byte for byte as it was received')
    .requiredOption(
      '--secret-file <file>',
      'a file with the client secret; one newline at its end is left out',
    )
    .addOption(
      new Option('--method <method>', 'how the signed bytes are formed')
        .choices(['auto', ...METHODS])
        .default('auto'),
    )
    .option('--json', 'print JSON')
    .action((options: VerifyCommandOptions) => verifyFiles(options, context))
  withExamples(command, ['attestr-kafka verify --response response.json --secret-file client-secret'])
}

async function verifyFiles(options: VerifyCommandOptions, context: CommandContext): Promise<void> {
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

const refused = ({ verified, code, reason, remedy, methods }: Refused) => ({
  verified,
  code,
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
