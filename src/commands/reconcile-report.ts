import type { Findings } from '../tools/reconcile/proof.js'
import { type Unprovable, violationLine } from '../tools/reconcile/tally.js'
import { tableText } from './command.js'

export interface ReportHead {
  readonly groupId: string
  readonly delivery: 'exactly-once' | 'at-least-once'
  /** Epoch ms. */
  readonly since: number | null
}

const whole = (value: number): string => value.toLocaleString('en-US')

/** For people: counts, what could not be judged, every violation on a line, the verdict last. Out: pieces of text, in order. */
export function* textReport(head: ReportHead, found: Findings): Iterable<string> {
  yield tableText(['READ', 'COUNT', 'NOTE'], countRows(head, found))
  for (const range of found.unprovable) yield `${unprovableLine(range)}\n`
  for (const violation of found.violations()) yield `${violationLine(violation)}\n`
  yield `${verdict(found)}\n`
}

function countRows({ groupId, delivery, since }: ReportHead, { counts }: Findings): string[][] {
  const { events, retries, replays } = counts
  const kinds = `events ${whole(events)}, retry ${whole(retries)}, replay ${whole(replays)}`
  const from = since === null ? '' : `, since ${new Date(since).toISOString()}`
  const rows: [string, number, string][] = [
    ['messages', counts.messages, kinds + from],
    ['verified', counts.verified, ''],
    ['dead', counts.dead, ''],
    ['skipped', counts.skipped, ''],
    ['delayed', counts.delayed, ''],
    ['waiting', counts.waiting, `not consumed by group ${groupId}`],
    ['records', counts.records, ''],
    ['dead letters', counts.deadLetters, ''],
    ['unprovable', counts.unprovable, ''],
    ['violations', counts.violations, ''],
  ]
  if (delivery === 'at-least-once') rows.splice(8, 0, ['repeats', counts.repeats, 'allowed at least once'])
  return rows.map(([name, count, note]) => [name, whole(count), note])
}

const unprovableLine = ({ reason, topic, partition, from, to, count }: Unprovable): string =>
  `unprovable ${reason} ${topic}/${partition}@${from}..${to}: ${whole(count)}`

function verdict({ counts, unprovable }: Findings): string {
  if (counts.violations > 0) return `NOT PROVED: ${whole(counts.violations)} violations`
  if (counts.messages > 0 && counts.waiting === counts.messages) return 'PROVED: nothing is consumed yet'
  const rest =
    unprovable.length === 0 ? '' : `; but for the ${whole(counts.unprovable)} unprovable ones above`
  return `PROVED: every consumed message has exactly one outcome, and all it tells of is there, whole and once${rest}`
}

/** One JSON document, written piece by piece: violations may be more than fit in memory. */
export function* jsonReport({ groupId, delivery, since }: ReportHead, found: Findings): Iterable<string> {
  const { counts, unprovable } = found
  const head = {
    ...{ proved: counts.violations === 0, groupId, delivery },
    ...{ since: since === null ? null : new Date(since).toISOString(), counts, unprovable },
  }
  yield `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "violations": [`
  let separator = '\n    '
  for (const violation of found.violations()) {
    yield separator + JSON.stringify(violation)
    separator = ',\n    '
  }
  yield counts.violations === 0 ? ']\n}\n' : '\n  ]\n}\n'
}
