import { apart, attemptOf, type Evidence, type FoundOutcome, groupBy, placeOf, type Report } from './judge.js'

/**
 * Judges what became of delays.
 *
 * Out: each DELAYED is continued by exactly one retry message of its transaction, none begins before it is due, a chain counts
 *      its attempts from 1 and ends once, and its dead letter tells of the whole chain. Source: product.md section 7, Outcome
 */
export function judgeChains(evidence: Evidence, exact: boolean, report: Report): void {
  judgeLinks(evidence, exact, report)
  judgeWaits(evidence, report)
  if (!exact) return
  const chains = groupBy(evidence.outcomes, chainOf)
  for (const [chain, links] of chains) judgeChain(chain, links, report)
  judgeCounts(evidence, chains, report)
}

function judgeLinks({ outcomes, delays = [] }: Evidence, exact: boolean, report: Report): void {
  const byAttempt = groupBy(delays, attemptOf)
  const owned = new Set<string>()
  for (const outcome of outcomes) {
    if (outcome.outcome !== 'DELAYED') continue
    const next = attemptOf({ ...outcome, attempt: outcome.attempt + 1 })
    owned.add(next)
    const found = byAttempt.get(next) ?? []
    if (found.length === 0) report('delay-missing', next)
    if (!exact) continue
    if (found.length > 1) report('delay-doubled', `${next}: ${found.length} messages`)
    if (found.some((delay) => apart(delay, outcome))) report('delay-split', next)
  }
  for (const [attempt, stray] of byAttempt) {
    if (exact && !owned.has(attempt)) report('delay-stray', `${attempt}: ${stray.length} messages`)
  }
}

function judgeWaits({ outcomes, delays = [] }: Evidence, report: Report): void {
  const bySource = groupBy(outcomes, ({ source }) => placeOf(source))
  for (const { at, dueAt } of delays) {
    for (const { startedAt } of bySource.get(placeOf(at)) ?? []) {
      if (startedAt < dueAt) report('started-early', `${placeOf(at)}: ${dueAt - startedAt} ms`)
    }
  }
}

const chainOf = ({ origin, replays }: Pick<FoundOutcome, 'origin' | 'replays'>): string =>
  `${placeOf(origin)} replay ${replays}`

function judgeChain(chain: string, links: readonly FoundOutcome[], report: Report): void {
  const inOrder = [...links].sort((a, b) => a.attempt - b.attempt)
  const torn = inOrder.some(
    ({ attempt, outcome }, index) =>
      attempt !== index + 1 || (outcome === 'DELAYED') !== index < inOrder.length - 1,
  )
  if (torn) {
    const ends = inOrder.map(({ attempt, outcome }) => `${attempt} ${outcome}`)
    report('chain-torn', `${chain}: ${ends.join(', ')}`)
  }
}

function judgeCounts(
  { deadLetters }: Evidence,
  chains: ReadonlyMap<string, readonly FoundOutcome[]>,
  report: Report,
): void {
  for (const letter of deadLetters) {
    if (letter.replays > 0) continue
    const links = (chains.get(chainOf(letter)) ?? []).filter(({ attempt }) => attempt <= letter.attempt)
    const calls = links.reduce((sum, link) => sum + link.calls, 0)
    const begun = links.find(({ attempt }) => attempt === 1)?.startedAt ?? letter.firstSeenAt
    if (calls === letter.calls && begun === letter.firstSeenAt) continue
    report('chain-miscounted', `${placeOf(letter.source)}: ${letter.calls} calls told, ${calls} made`)
  }
}
