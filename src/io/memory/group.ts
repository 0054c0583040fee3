import type { TopicPartition } from '../../core/model.js'
import type { Cancel, Clock } from '../../core/ports.js'
import { BrokerError } from './broker-error.js'

export interface JoinRequest {
  readonly memberId: string
  readonly topics: readonly string[]
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
}

export interface JoinReply {
  readonly generation: number
  readonly partitions: readonly TopicPartition[]
}

export interface GroupCoordinator {
  /** Answers when every member has joined, or when those who did not were given up. */
  join(request: JoinRequest): Promise<JoinReply>
  /** Throws UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION or REBALANCE_IN_PROGRESS. */
  heartbeat(memberId: string, generation: number): void
  leave(memberId: string): void
  state(): { readonly generation: number; readonly members: readonly string[]; readonly stable: boolean }
}

interface Member {
  readonly id: string
  readonly request: JoinRequest
  waiting: {
    readonly resolve: (reply: JoinReply) => void
    readonly reject: (error: BrokerError) => void
  } | null
  cancelExpiry: Cancel
}

interface Dependencies {
  readonly clock: Clock
  readonly partitionsOf: (topic: string) => readonly TopicPartition[]
  /** False: the broker is down, and its timers do not count. */
  readonly available: () => boolean
}

/**
 * The coordinator of one consumer group, eager protocol: nobody has partitions while the group is joining.
 *
 * Join and sync are one request here; the broker assigns in turn over the members in the order of their ids.
 */
export function createGroupCoordinator(dependencies: Dependencies): GroupCoordinator {
  const { clock, partitionsOf, available } = dependencies
  const members = new Map<string, Member>()
  let generation = 0
  let joining = false
  let cancelLimit: Cancel = () => undefined

  function arm(member: Member): void {
    member.cancelExpiry()
    member.cancelExpiry = clock.after(member.request.sessionTimeoutMs, () => {
      if (available()) remove(member)
      else arm(member)
    })
  }

  function remove(member: Member): void {
    if (members.get(member.id) !== member) return
    members.delete(member.id)
    member.cancelExpiry()
    member.waiting?.reject(new BrokerError('UNKNOWN_MEMBER_ID'))
    member.waiting = null
    if (joining) completeIfAllJoined()
    else if (members.size > 0) rebalance()
  }

  function rebalance(): void {
    joining = true
    const limitMs = Math.max(...[...members.values()].map((member) => member.request.rebalanceTimeoutMs))
    cancelLimit = clock.after(limitMs, () => {
      const missing = [...members.values()].filter((member) => member.waiting === null)
      for (const member of missing) remove(member)
    })
  }

  function completeIfAllJoined(): void {
    const all = [...members.values()]
    if (!all.every((member) => member.waiting !== null)) return
    cancelLimit()
    joining = false
    generation += 1
    const shares = assign(all, partitionsOf)
    for (const member of all) {
      arm(member)
      member.waiting?.resolve({ generation, partitions: shares.get(member.id) ?? [] })
      member.waiting = null
    }
  }

  return {
    join(request) {
      return new Promise((resolve, reject) => {
        const id = request.memberId
        const known = members.get(id)
        known?.waiting?.reject(new BrokerError('REBALANCE_IN_PROGRESS'))
        known?.cancelExpiry()
        members.set(id, { id, request, waiting: { resolve, reject }, cancelExpiry: () => undefined })
        if (!joining) rebalance()
        completeIfAllJoined()
      })
    },
    heartbeat(memberId, asked) {
      const member = members.get(memberId)
      if (member === undefined) throw new BrokerError('UNKNOWN_MEMBER_ID')
      if (asked !== generation) throw new BrokerError('ILLEGAL_GENERATION')
      if (member.waiting === null) arm(member)
      if (joining) throw new BrokerError('REBALANCE_IN_PROGRESS')
    },
    leave(memberId) {
      const member = members.get(memberId)
      if (member !== undefined) remove(member)
    },
    state: () => ({ generation, members: [...members.keys()], stable: !joining && members.size > 0 }),
  }
}

function assign(
  members: readonly Member[],
  partitionsOf: (topic: string) => readonly TopicPartition[],
): Map<string, TopicPartition[]> {
  const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1))
  const shares = new Map<string, TopicPartition[]>(sorted.map((member) => [member.id, []]))
  const topics = new Set(sorted.flatMap((member) => member.request.topics))
  let turn = 0
  for (const topic of [...topics].sort()) {
    const subscribed = sorted.filter((member) => member.request.topics.includes(topic))
    for (const at of partitionsOf(topic)) {
      const member = subscribed[turn++ % subscribed.length]
      if (member !== undefined) shares.get(member.id)?.push(at)
    }
  }
  return shares
}
