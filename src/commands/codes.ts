import { type Command, Option } from 'commander'
import { FAILURES } from '../core/failure.js'
import {
  POLICY_ROWS,
  type PolicyRow,
  type PolicyRowInForce,
  policyRows,
  RESULT_ENDPOINT,
} from '../core/policy.js'
import { type CommandContext, CommandError, loadCommandConfig, tableText, withExamples } from './command.js'

interface CodesOptions {
  readonly policy?: boolean
  readonly json?: boolean
  readonly config?: string
  readonly set: readonly string[]
}

/** `attestr-kafka codes`: what each failure code means. Source: product.md sections 4, 7 and 11. */
export function registerCodes(program: Command, context: CommandContext): void {
  const command = program
    .command('codes')
    .description('print the failure codes of dead letters and what to do about each')
    .option('--policy', 'print what each answer of the API leads to instead')
    .option('--config <file>', 'with --policy: put the overrides of this configuration in their places')
    .addOption(
      new Option('--set <key=value>', 'override one key of the configuration; may be repeated')
        .argParser((value: string, before: readonly string[]) => [...before, value])
        .default([], 'none'),
    )
    .option('--json', 'print JSON')
    .action((options: CodesOptions) => codes(options, context))
  withExamples(command, [
    'attestr-kafka codes',
    'attestr-kafka codes --policy',
    'attestr-kafka codes --policy --config attestr-kafka.yaml',
  ])
}

async function codes(options: CodesOptions, context: CommandContext): Promise<void> {
  const { config, set } = options
  if (options.policy !== true) {
    if (config !== undefined || set.length > 0) {
      throw new CommandError(2, '--config and --set go with --policy alone', 'Add --policy.')
    }
    context.out(options.json === true ? json(codeRows()) : codeTable())
    return
  }
  if (config === undefined && set.length > 0) {
    throw new CommandError(2, '--set needs --config', 'Add --config FILE.')
  }
  if (config === undefined) {
    context.out(options.json === true ? policyJson(POLICY_ROWS) : policyTable(POLICY_ROWS))
    return
  }
  const loaded = await loadCommandConfig({ config, set }, context)
  const rows = policyRows(loaded.policy)
  context.out(options.json === true ? policyJson(rows) : sourcedTable(rows))
}

const json = (rows: readonly object[]): string => `${JSON.stringify(rows, null, 2)}\n`

/** One row a code, in the order of the list. */
export function codeRows() {
  return Object.entries(FAILURES).map(([code, { category, retryable, remedy }]) => ({
    code,
    category,
    retryable,
    remedy,
  }))
}

function codeTable(): string {
  return tableText(
    ['CODE', 'CATEGORY', 'RETRYABLE', 'REMEDY'],
    codeRows().map(({ code, category, retryable, remedy }) => [
      code,
      category,
      retryable ? 'yes' : 'no',
      remedy,
    ]),
  )
}

const POLICY_HEADER = ['STATUS', 'CODE', 'ACTION', 'NOTE']

const policyCells = ({ status, code, action, note }: PolicyRow): string[] => [
  String(status),
  String(code),
  action,
  note,
]

/** Codes mean other things at other endpoints. */
const ENDPOINT = `GET {attestr.baseUrl}/{attestr.version}${RESULT_ENDPOINT}{handshakeId}`
const ENDPOINT_LINE = `\nAnswers of ${ENDPOINT}\n`

const policyTable = (rows: readonly PolicyRow[]): string =>
  tableText(POLICY_HEADER, rows.map(policyCells)) + ENDPOINT_LINE

const policyJson = (rows: readonly PolicyRow[]): string =>
  json(rows.map((row) => ({ endpoint: ENDPOINT, ...row })))

function sourcedTable(rows: readonly PolicyRowInForce[]): string {
  const table = tableText(
    ['SOURCE', ...POLICY_HEADER],
    rows.map((row) => [row.source, ...policyCells(row)]),
  )
  return table + ENDPOINT_LINE
}
