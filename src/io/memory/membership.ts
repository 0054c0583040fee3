import { sleep } from '../../core/abort.js'
import type { Clock } from '../../core/ports.js'
import { isBrokerError } from './broker-error.js'
import type { GroupCoordinator, JoinReply, JoinRequest } from './group.js'
import type { Network } from './network.js'

/** One member of a group, as the client sees it. */
export interface Membership {
  /** Joins, again and again until it succeeds. Null: stopped. */
  join(): Promise<JoinReply | null>
  /** Keeps the membership alive until a rejoin is due, or the stop. `alive` is called for each answered heartbeat. */
  serve(generation: number, alive: () => void): Promise<void>
  leave(): Promise<void>
}

interface Parts {
  readonly clock: Clock
  readonly network: Network
  readonly group: GroupCoordinator
  readonly request: JoinRequest
  readonly heartbeatMs: number
  readonly signal: AbortSignal
}

/** A member that was expelled comes back under a new id, as a Kafka client does. */
export function createMembership({ clock, network, group, request, heartbeatMs, signal }: Parts): Membership {
  const joinLimitMs = request.rebalanceTimeoutMs + request.sessionTimeoutMs
  let lives = 0
  let memberId = request.memberId

  function forget(): void {
    lives += 1
    memberId = `${request.memberId}+${lives}`
  }

  /** True: go on in this generation. */
  function goesOn(error: unknown): boolean {
    if (isBrokerError(error, 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION')) {
      forget()
      return false
    }
    return !isBrokerError(error, 'REBALANCE_IN_PROGRESS')
  }

  // A join may last as long as the group's slowest member; the stop does not wait for it.
  const stopped = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null)))

  return {
    async join() {
      while (!signal.aborted) {
        try {
          const answered = network.call('join', () => group.join({ ...request, memberId }), joinLimitMs)
          return await Promise.race([answered, stopped])
        } catch (error) {
          goesOn(error)
          await sleep(clock, 100, signal)
        }
      }
      return null
    },
    async serve(generation, alive) {
      while (await sleep(clock, heartbeatMs, signal)) {
        try {
          await network.call('heartbeat', () => group.heartbeat(memberId, generation))
          alive()
        } catch (error) {
          if (!goesOn(error)) return
        }
      }
    },
    async leave() {
      await network.call('leave', () => group.leave(memberId)).catch(() => undefined)
    },
  }
}
