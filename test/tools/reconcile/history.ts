/** Histories as a connector would leave them in its topics, without a connector: rows in the order they were written. */
import type { Coordinates, TopicPartition } from '../../../src/core/model.js'
import type { OutcomeKind } from '../../../src/core/outcome.js'
import { type Facts, idHash } from '../../../src/tools/reconcile/facts.js'
import { ORIGIN_LIMITS, type OriginLimits } from '../../../src/tools/reconcile/origins.js'
import { createProof } from '../../../src/tools/reconcile/proof.js'
import type { InputPartition, InputTopic, OutputTopic, Scope } from '../../../src/tools/reconcile/scope.js'
import type { Counts, Unprovable, Violation } from '../../../src/tools/reconcile/tally.js'

/** How a chain goes: so many delays, then an end; a dead one may be replayed. */
export interface ChainPlan {
  readonly delays: number
  readonly end: 'VERIFIED' | 'DEAD' | 'SKIPPED'
  readonly stages: number
  /** How its records are written; every other stage is of a type with typed records. Left out: long. */
  readonly form?: 'long' | 'typed' | 'both'
  readonly replays: readonly ChainPlan[]
}

/** A row with the moment of its transaction: 0 for what was there at first. */
export interface HistoryRow {
  readonly facts: Facts
  readonly moment: number
}

export interface History {
  readonly rows: readonly HistoryRow[]
  /** Moment in which each message was consumed, by place. */
  readonly consumedAt: ReadonlyMap<string, number>
  readonly moments: number
}

const INPUTS = { events: 'event', retry: 'retry', retry2: 'retry', replay: 'replay' } as const
const OUTPUTS = {
  verified: 'verified',
  'verified.pan': 'typed',
  dead: 'deadLetter',
  outcomes: 'outcome',
} as const
export const PARTITIONS = 3
/** Between moments lies more than clocks may differ. */
export const SECONDS_A_MOMENT = 100
export const FIRST_SECONDS = 1_700_000_000

const place = ({ topic, partition, offset }: Coordinates): string => `${topic}/${partition}@${offset}`
const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

function topicsOf({ form = 'long' }: ChainPlan, stageIndex: number): string[] {
  const isTyped = form !== 'long' && stageIndex % 2 === 0
  return [...(isTyped && form === 'typed' ? [] : ['verified']), ...(isTyped ? ['verified.pan'] : [])]
}

interface Waiting {
  readonly at: Coordinates
  readonly origin: Coordinates
  readonly attempt: number
  readonly replays: number
  readonly plan: ChainPlan
  readonly delaysLeft: number
}

/**
 * Plays plans to their ends: one event each, consumed in offset order within a partition, in any order across them.
 *
 * In:  picks  which partition goes on next; taken in turn
 */
export function playHistory(plans: readonly ChainPlan[], picks: readonly number[] = [0]): History {
  const rows: HistoryRow[] = []
  const consumedAt = new Map<string, number>()
  const ends = new Map<string, number>()
  const queues = new Map<string, Waiting[]>()
  let moment = 0

  const append = (topic: string, partition: number): Coordinates => {
    const key = keyOf({ topic, partition })
    const offset = ends.get(key) ?? 0
    ends.set(key, offset + 1)
    return { topic, partition, offset }
  }
  const write = (facts: Facts): void => void rows.push({ facts, moment })
  const seconds = (): number => FIRST_SECONDS + moment * SECONDS_A_MOMENT
  const send = (message: Omit<Waiting, 'at' | 'origin'>, topic: string, origin: Coordinates | null): void => {
    const partition = (origin?.offset ?? rows.length) % PARTITIONS
    const at = append(topic, partition)
    const { attempt, replays } = message
    write({ kind: 'message', at, origin: origin ?? at, attempt, replays, seconds: seconds() })
    const queue = queues.get(keyOf(at)) ?? []
    queue.push({ ...message, at, origin: origin ?? at })
    queues.set(keyOf(at), queue)
  }
  const consume = ({ at, origin, attempt, replays, plan, delaysLeft }: Waiting): void => {
    moment += 1
    consumedAt.set(place(at), moment)
    const name = place(origin)
    const common = { origin, attempt, replays, seconds: seconds() }
    const handshake = idHash(name)
    const end = delaysLeft > 0 ? 'DELAYED' : plan.end
    const partition = (origin.partition + origin.offset) % PARTITIONS
    let records = 0
    if (end === 'VERIFIED') {
      for (let stageIndex = 0; stageIndex < plan.stages; stageIndex += 1) {
        const ids = { id: idHash(`${name}/${stageIndex}`), handshake, result: idHash(`${name}@1`) }
        const record = { stageIndex, stageCount: plan.stages, ...ids }
        for (const topic of topicsOf(plan, stageIndex)) {
          records += 1
          write({ kind: 'record', at: append(topic, partition), ...common, ...record })
        }
      }
    }
    if (end === 'DELAYED') {
      const next = { attempt: attempt + 1, replays, plan, delaysLeft: delaysLeft - 1 }
      send(next, attempt === 1 ? 'retry' : 'retry2', origin)
    }
    const code = end === 'DEAD' ? 'result-archived' : end === 'SKIPPED' ? 'no-stages' : 'result-missing'
    if (end === 'DEAD') {
      const letter = {
        kind: 'deadLetter',
        at: append('dead', partition),
        source: at,
        code,
        handshake,
      } as const
      write({ ...letter, ...common })
    }
    const told = { outcome: end as OutcomeKind, code: end === 'VERIFIED' ? null : code, records, handshake }
    write({ kind: 'outcome', at: append('outcomes', partition), source: at, ...common, ...told })
    // The marker of a transaction takes an offset.
    for (const written of [`outcomes/${partition}`, `verified/${partition}`]) {
      ends.set(written, (ends.get(written) ?? 0) + 1)
    }
    if (end !== 'DEAD') return
    for (const replay of plan.replays) {
      const first = { attempt: 1, replays: replays + 1, plan: replay, delaysLeft: replay.delays }
      send(first, 'replay', origin)
    }
  }

  for (const plan of plans) send({ attempt: 1, replays: 0, plan, delaysLeft: plan.delays }, 'events', null)
  for (let turn = 0; ; turn += 1) {
    const open = [...queues.values()].filter((queue) => queue.length > 0)
    const next = open[(picks[turn % picks.length] ?? 0) % open.length]?.shift()
    if (next === undefined) return { rows, consumedAt, moments: moment }
    consume(next)
  }
}

export interface Cut {
  /** For each partition, what was deleted below. */
  readonly low?: (at: TopicPartition) => number
  /** Where reading begins above that. */
  readonly from?: (at: TopicPartition, low: number) => number
  /** Messages below are done. Default: all. */
  readonly settled?: (at: TopicPartition) => number
  readonly since?: number
  readonly exact?: boolean
  readonly startsLate?: boolean
  readonly compacted?: boolean
}

/** The topics of histories, read from their starts to the ends of these rows. */
export function scopeOf(rows: readonly Facts[], cut: Cut = {}): Scope {
  const ends = new Map<string, number>()
  for (const { at } of rows) ends.set(keyOf(at), Math.max(ends.get(keyOf(at)) ?? 0, at.offset + 1))
  const spanOf = (at: TopicPartition) => {
    const low = cut.low?.(at) ?? 0
    const end = Math.max(ends.get(keyOf(at)) ?? 0, low)
    return { low, from: Math.min(cut.from?.(at, low) ?? low, end), end }
  }
  const partitionsOf = (topic: string) =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
  const input = (topic: string): ReadonlyMap<number, InputPartition> =>
    new Map(
      partitionsOf(topic).map((at) => {
        const span = spanOf(at)
        const settled = cut.settled?.(at) ?? span.end
        return [at.partition, { ...span, settled, hasOffset: settled >= 0 }]
      }),
    )
  const inputs = Object.entries(INPUTS).map(([topic, kind]): [string, InputTopic] => [
    topic,
    { kind, compacted: cut.compacted ?? false, partitions: input(topic) },
  ])
  const outputs = Object.entries(OUTPUTS).map(([topic, kind]): [string, OutputTopic] => [
    topic,
    { kind, partitions: new Map(partitionsOf(topic).map((at) => [at.partition, spanOf(at)])) },
  ])
  return {
    ...{ exact: cut.exact ?? true, startsLate: cut.startsLate ?? false, since: cut.since ?? null },
    ...{ inputs: new Map(inputs), outputs: new Map(outputs) },
  }
}

export interface Judged {
  readonly violations: readonly Violation[]
  readonly unprovable: readonly Unprovable[]
  readonly counts: Counts
}

/** Few buckets: a proof of a hundred rows is then made in no time. */
const FEW: OriginLimits = { ...ORIGIN_LIMITS, buckets: 4, chunkBytes: 1024 }

export function judgeRows(rows: readonly Facts[], scope: Scope, limits = FEW): Judged {
  const proof = createProof(scope, limits)
  try {
    for (const facts of rows) proof.add(facts)
    const { violations, unprovable, counts } = proof.conclude()
    return { violations: [...violations()], unprovable, counts: { ...counts } }
  } finally {
    proof.close()
  }
}

export const factsOf = ({ rows }: History): Facts[] => rows.map(({ facts }) => facts)
export { keyOf, place }
