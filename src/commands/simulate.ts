import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { DEVELOPMENT_CREDENTIAL } from '../simulator/credentials.js'
import type { FaultScript } from '../simulator/faults.js'
import { handshakeIdFor } from '../simulator/ids.js'
import { PROFILES, type Profile } from '../simulator/results.js'
import { parseScript } from '../simulator/script.js'
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator/server.js'
import { type CommandContext, CommandError, withExamples } from './command.js'
import { faultKind } from './fault.js'

interface SimulateOptions {
  readonly port: number
  readonly host: string
  readonly seed: number
  readonly latency: number
  readonly profile: Profile
  readonly script?: string
  readonly json?: boolean
}

const SCRIPT_HELP = `
Fault script: a third of first calls fail, one handshake is never ready
  { "global": [{ "fault": { "kind": "status", "status": 503 }, "share": 0.3, "firstCalls": 1 }],
    "handshakes": { "DS0...": [{ "fault": { "kind": "not-consumed" }, "times": null }] } }`

/**
 * `attestr-kafka simulate`: the Attestr side as a server, until SIGINT or SIGTERM.
 *
 * Throws: (from the action) CommandError for a script that cannot be used and a port that cannot be had
 * Source: product.md section 11
 */
export function registerSimulate(program: Command, context: CommandContext): void {
  const command = program
    .command('simulate')
    .description('serve the Attestr API with signed results, made from a seed, and a ledger of calls')
    .option('--port <n>', 'port to listen on, 0 for any free one', wholeNumber(65_535), 4010)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--seed <n>', 'seed of handshake ids and results', wholeNumber(0xffff_ffff), 1)
    .option('--latency <ms>', 'wait before every answer', wholeNumber(3_600_000), 0)
    .option('--script <file>', 'fault script, JSON')
    .addOption(new Option('--profile <name>', 'kind of results').choices(PROFILES).default('mixed'))
    .option('--json', 'print where it listens as one line of JSON')
    .action(async (options: SimulateOptions) => {
      const script = options.script === undefined ? {} : await readScript(options.script)
      const { port, host, seed, profile, latency: latencyMs } = options
      const simulator = await listen({ port, host, seed, profile, latencyMs, script })
      context.out(options.json ? asJson(simulator) : asText(simulator))
      await signalled()
      await simulator.stop()
    })
  withExamples(command, ['attestr-kafka simulate --port 4010 --latency 50 --script faults.json'])
  command.addHelpText('after', SCRIPT_HELP)
}

async function listen(options: SimulatorOptions): Promise<Simulator> {
  try {
    return await startSimulator(options)
  } catch (error) {
    const message = `cannot listen on port ${options.port} of ${options.host} (${faultKind(error)})`
    throw new CommandError(1, message, 'Choose another --port, or 0 for any free one.')
  }
}

function wholeNumber(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${max}.`)
  }
}

async function readScript(file: string): Promise<FaultScript> {
  const refuse = (what: string): CommandError =>
    new CommandError(2, `${file}: ${what}`, 'See the fault script in `attestr-kafka simulate --help`.')
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw refuse(`cannot be read (${faultKind(error)})`)
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse('is not JSON')
  }
  try {
    return parseScript(value)
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : 'is not a fault script')
  }
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      process.off('SIGINT', end)
      process.off('SIGTERM', end)
      resolve()
    }
    process.on('SIGINT', end)
    process.on('SIGTERM', end)
  })
}

function asJson({ url, baseUrl, port, source }: Simulator): string {
  const handshakeIds = firstIds(source.seed)
  return `${JSON.stringify({ url, baseUrl, port, ...DEVELOPMENT_CREDENTIAL, seed: source.seed, handshakeIds })}\n`
}

function asText({ url, baseUrl, source }: Simulator): string {
  return [
    'The Attestr simulator is listening. Its token and secret are development values, public and worth nothing.',
    '',
    `  attestr.baseUrl   ${baseUrl}`,
    `  authToken         ${DEVELOPMENT_CREDENTIAL.authToken}`,
    `  clientSecret      ${DEVELOPMENT_CREDENTIAL.clientSecret}`,
    `  handshake ids     ${firstIds(source.seed).join(' ')} ...`,
    `  ledger of calls   ${url}/ledger`,
    `  new fault script  curl -X PUT --data-binary @faults.json ${url}/script`,
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n')
}

function firstIds(seed: number): string[] {
  return Array.from({ length: 4 }, (_, n) => handshakeIdFor(seed, n))
}
