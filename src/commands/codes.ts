import type { Command } from 'commander'
import { FAILURES } from '../core/failure.js'
import { POLICY_ROWS } from '../core/policy.js'
import { type CommandContext, tableText, withExamples } from './command.js'

/** `attestr-kafka codes`: what each failure code means. Source: product.md sections 7 and 11. */
export function registerCodes(program: Command, context: CommandContext): void {
  const command = program
    .command('codes')
    .description('print the failure codes of dead letters and what to do about each')
    .option('--policy', 'print what each answer of the API leads to instead')
    .option('--json', 'print JSON')
    .action((options: { readonly json?: boolean; readonly policy?: boolean }) => {
      const rows = options.policy === true ? POLICY_ROWS : codeRows()
      const table = options.policy === true ? policyTable : codeTable
      context.out(options.json === true ? `${JSON.stringify(rows, null, 2)}\n` : table())
    })
  withExamples(command, ['attestr-kafka codes', 'attestr-kafka codes --policy'])
}

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

function policyTable(): string {
  return tableText(
    ['STATUS', 'CODE', 'ACTION', 'NOTE'],
    POLICY_ROWS.map(({ status, code, action, note }) => [String(status), String(code), action, note]),
  )
}
