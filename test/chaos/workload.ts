/** The events of a run, with the one right end of each. */
import type { FaultScript, HandshakeRule } from '../../src/simulator/faults.js'
import type { BrokerRow, NewMessage } from '../support/broker.js'
import type { InputMessage } from '../support/judge.js'
import type { ExpectedEnd, Site } from '../support/site.js'

export interface Workload {
  readonly total: number
  message(n: number): NewMessage
  /** What the API says of some handshakes. */
  readonly script: FaultScript
  /** The message of the events topic with the end it must have. */
  inputOf(row: BrokerRow): InputMessage
}

const VERIFIED: ExpectedEnd = { outcome: 'VERIFIED', code: null }
const NUMBER = 'chaos-number'

type Names = Pick<Site, 'handshakeId' | 'events'>

/**
 * A mix: verified ones, one event in ten a second one of a key, dead letters of three kinds, skips.
 *
 * In:     names   of the site, whose simulator answers
 *         total   how many events
 */
export function createMixedWorkload({ handshakeId, events }: Names, total: number): Workload {
  const handshakes: Record<string, readonly HandshakeRule[]> = {}
  for (let n = 0; n < total; n += 1) {
    if (n % 50 === 17) handshakes[handshakeId(n)] = [{ fault: { kind: 'tampered' }, times: null }]
    if (n % 50 === 33) handshakes[handshakeId(n)] = [{ fault: { kind: 'archived' }, times: null }]
  }
  const subjectOf = (n: number): number => (n % 10 === 9 ? n - 6 : n)
  const endOf = (n: number): ExpectedEnd => {
    if (n % 100 === 41) return { outcome: 'DEAD', code: 'event-bad-id' }
    if (n % 100 === 71) return { outcome: 'SKIPPED', code: 'null-value' }
    const subject = subjectOf(n)
    if (subject % 50 === 17) return { outcome: 'DEAD', code: 'signature-mismatch' }
    return subject % 50 === 33 ? { outcome: 'DEAD', code: 'result-archived' } : VERIFIED
  }
  return {
    total,
    script: { handshakes },
    message(n) {
      const id = handshakeId(subjectOf(n))
      const headers = { [NUMBER]: String(n) }
      if (n % 100 === 41) return { key: id, value: 'not-a-handshake', headers }
      if (n % 100 === 71) return { key: id, value: null, headers }
      return { key: id, value: events.bare(id), headers }
    },
    inputOf: ({ topic, partition, offset, headers }) => ({
      at: { topic, partition, offset },
      expected: endOf(Number(headers[NUMBER]?.toString())),
    }),
  }
}

/** Bare ids, one event each, that all end verified unless the run's own script says otherwise. */
export function createPlainWorkload({ handshakeId }: Names, total: number): Workload {
  return {
    total,
    script: {},
    message: (n) => ({ key: handshakeId(n), value: handshakeId(n) }),
    inputOf: ({ topic, partition, offset }) => ({ at: { topic, partition, offset } }),
  }
}
