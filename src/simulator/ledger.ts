/** What the simulator was asked: the other side's count of calls, kept in bounded memory but for the ids. */

export interface LedgerCall {
  readonly handshakeId: string
  /** epoch milliseconds, with fractions */
  readonly startedAt: number
  /** null while the call is in flight */
  endedAt: number | null
  /** what was answered; null when nothing was */
  status: number | null
  /** false when the answer did not get through: reset, cut off, or left by the caller */
  whole: boolean
  fault: string | null
  /** calls in flight when it came, itself included */
  readonly inFlight: number
  readonly headers: LedgerHeaders
}

export interface LedgerHeaders {
  readonly acceptEncoding: string | null
  readonly contentType: string | null
  /** whether the credential was accepted; the token itself is not kept */
  authorizationOk: boolean
  /** place of the credential in the list */
  credential: number | null
}

export interface LedgerSummary {
  readonly calls: number
  readonly handshakes: number
  /** handshakes asked for more than once */
  readonly repeated: number
  readonly inFlight: number
  readonly maxInFlight: number
  /** most calls that began within any one second */
  readonly maxPerSecond: number
  readonly byStatus: Readonly<Record<string, number>>
  /** from request to the end of the answer */
  readonly meanMs: number
  readonly maxMs: number
}

export interface Ledger {
  begin(call: { readonly handshakeId: string; readonly headers: LedgerHeaders }): LedgerCall
  end(call: LedgerCall, status: number | null, whole: boolean): void
  summary(): LedgerSummary
  /** Calls of one handshake, or of all. */
  count(handshakeId?: string): number
  /** Counts by handshake id. */
  counts(): ReadonlyMap<string, number>
  /** The last calls, oldest first; those of one handshake among them when it is named. */
  calls(handshakeId?: string): readonly LedgerCall[]
  reset(): void
}

interface Totals {
  calls: number
  ended: number
  maxInFlight: number
  maxPerSecond: number
  totalMs: number
  maxMs: number
  readonly byStatus: Map<string, number>
}

/**
 * Makes an empty ledger.
 *
 * In:     keep    how many calls are kept in detail; counts by handshake are kept for all
 *         nowMs   the clock, epoch milliseconds
 */
export function createLedger({
  keep,
  nowMs,
}: {
  readonly keep: number
  readonly nowMs: () => number
}): Ledger {
  const counts = new Map<string, number>()
  const live = new Set<LedgerCall>()
  const recent = createRecent(keep)
  const seconds = createSecondWindow()
  let totals = emptyTotals()

  function begin({ handshakeId, headers }: { handshakeId: string; headers: LedgerHeaders }): LedgerCall {
    const startedAt = nowMs()
    const inFlight = live.size + 1
    const outcome = { endedAt: null, status: null, whole: false, fault: null }
    const call: LedgerCall = { handshakeId, startedAt, ...outcome, inFlight, headers }
    live.add(call)
    recent.add(call)
    counts.set(handshakeId, (counts.get(handshakeId) ?? 0) + 1)
    totals.calls += 1
    totals.maxInFlight = Math.max(totals.maxInFlight, inFlight)
    totals.maxPerSecond = Math.max(totals.maxPerSecond, seconds.add(startedAt))
    return call
  }

  function end(call: LedgerCall, status: number | null, whole: boolean): void {
    if (!live.delete(call)) return
    call.endedAt = nowMs()
    call.status = status
    call.whole = whole
    countEnd(totals, call.endedAt - call.startedAt, status)
  }

  function reset(): void {
    counts.clear()
    recent.clear()
    seconds.clear()
    // Calls in flight stay in the count of those: they do end.
    totals = emptyTotals()
  }

  return {
    begin,
    end,
    reset,
    summary: () => summaryOf(totals, counts, live.size),
    count: (handshakeId) => (handshakeId === undefined ? totals.calls : (counts.get(handshakeId) ?? 0)),
    counts: () => counts,
    calls: (id) =>
      id === undefined ? recent.list() : recent.list().filter((call) => call.handshakeId === id),
  }
}

function emptyTotals(): Totals {
  const byStatus = new Map<string, number>()
  return { calls: 0, ended: 0, maxInFlight: 0, maxPerSecond: 0, totalMs: 0, maxMs: 0, byStatus }
}

function countEnd(totals: Totals, tookMs: number, status: number | null): void {
  const label = status === null ? 'none' : String(status)
  totals.byStatus.set(label, (totals.byStatus.get(label) ?? 0) + 1)
  totals.ended += 1
  totals.totalMs += tookMs
  totals.maxMs = Math.max(totals.maxMs, tookMs)
}

function summaryOf(totals: Totals, counts: ReadonlyMap<string, number>, inFlight: number): LedgerSummary {
  let repeated = 0
  for (const count of counts.values()) if (count > 1) repeated += 1
  const { calls, ended, maxInFlight, maxPerSecond, totalMs, maxMs } = totals
  return {
    calls,
    handshakes: counts.size,
    repeated,
    inFlight,
    maxInFlight,
    maxPerSecond,
    byStatus: Object.fromEntries(totals.byStatus),
    meanMs: ended === 0 ? 0 : totalMs / ended,
    maxMs,
  }
}

/** The last calls, in a ring. */
function createRecent(keep: number) {
  let ring: LedgerCall[] = []
  let next = 0
  return {
    add(call: LedgerCall): void {
      if (keep <= 0) return
      ring[next] = call
      next = (next + 1) % keep
    },
    list: (): readonly LedgerCall[] =>
      ring.length < keep ? ring.slice() : [...ring.slice(next), ...ring.slice(0, next)],
    clear(): void {
      ring = []
      next = 0
    },
  }
}

/** Counts the moments of the last second, in a queue that is cut when half of it is behind. */
function createSecondWindow() {
  let moments: number[] = []
  let first = 0
  return {
    add(moment: number): number {
      moments.push(moment)
      while ((moments[first] ?? moment) <= moment - 1000) first += 1
      if (first > 4096 && first > moments.length / 2) {
        moments = moments.slice(first)
        first = 0
      }
      return moments.length - first
    },
    clear(): void {
      moments = []
      first = 0
    },
  }
}
