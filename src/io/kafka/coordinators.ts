/** What a cluster object of kafkajs offers. */
export interface ClusterState {
  findBroker(of: { readonly nodeId: string | number }): Promise<CoordinatorBroker>
}

export interface CoordinatorBroker {
  readonly nodeId: string | number
}

export interface CoordinatorQuestion {
  readonly groupId: string
  readonly coordinatorType?: number
}

type Find = (this: ClusterState, question: CoordinatorQuestion) => Promise<CoordinatorBroker>

/** A coordinator that has moved is asked for again after so long. */
const REMEMBERED_MS = 2000

/**
 * Remembers for a moment which broker coordinates a transaction: kafkajs asks four times in each, nearly half of its requests.
 *
 * Only transactional producers name the kind of coordinator; consumers and admins do not, and are answered as before. A
 * stale answer is refused by the broker, which costs a retry: it cannot write anything wrong.
 * Source: kafkajs producer/eosManager
 */
export function rememberCoordinators(original: Find, now: () => number): Find {
  const known = new WeakMap<
    ClusterState,
    Map<string, { readonly nodeId: string | number; readonly until: number }>
  >()
  return async function findGroupCoordinator(question) {
    if (question.coordinatorType === undefined) return original.call(this, question)
    const name = `${question.coordinatorType} ${question.groupId}`
    const names = known.get(this) ?? new Map()
    known.set(this, names)
    const found = names.get(name)
    if (found !== undefined && now() < found.until) return this.findBroker({ nodeId: found.nodeId })
    const broker = await original.call(this, question)
    names.set(name, { nodeId: broker.nodeId, until: now() + REMEMBERED_MS })
    return broker
  }
}
