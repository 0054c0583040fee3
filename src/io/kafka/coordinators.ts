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

interface Remembered {
  readonly nodeId: string | number
  readonly until: number
}

/** A coordinator that has moved is asked for again after so long. */
const REMEMBERED_MS = 2000

/**
 * Remembers for a moment which broker coordinates a transaction: kafkajs asks four times in each, nearly half of its requests.
 *
 * Only transactional producers name the kind of coordinator; consumers and admins do not, and are answered as before. A
 * stale answer is refused by the broker: it cannot write anything wrong. An error of the coordinator, or one that cannot
 * be reached, ends the memory at once.
 * Source: kafkajs producer/eosManager
 */
export function rememberCoordinators(original: Find, now: () => number): Find {
  const known = new WeakMap<ClusterState, Map<string, Remembered>>()
  return async function findGroupCoordinator(question) {
    if (question.coordinatorType === undefined) return original.call(this, question)
    const name = `${question.coordinatorType} ${question.groupId}`
    const names = known.get(this) ?? new Map<string, Remembered>()
    known.set(this, names)
    const forget = (): void => void names.delete(name)
    const found = names.get(name)
    if (found !== undefined && now() < found.until) {
      const broker = await this.findBroker({ nodeId: found.nodeId }).catch(() => null)
      if (broker !== null) return forgettable(broker, forget)
      forget()
    }
    const broker = await original.call(this, question)
    names.set(name, { nodeId: broker.nodeId, until: now() + REMEMBERED_MS })
    return forgettable(broker, forget)
  }
}

/** What is asked of a coordinator of transactions or of offsets within them. */
const REQUESTS = ['initProducerId', 'addPartitionsToTxn', 'addOffsetsToTxn', 'txnOffsetCommit', 'endTxn']

type Request = (input: unknown) => Promise<unknown>

/** The same broker, whose errors end the memory. */
function forgettable(broker: CoordinatorBroker, forget: () => void): CoordinatorBroker {
  const asked: CoordinatorBroker & Record<string, unknown> = Object.create(broker)
  for (const name of REQUESTS) {
    asked[name] = async (input: unknown) => {
      try {
        return await (broker as unknown as Record<string, Request>)[name]?.call(broker, input)
      } catch (error) {
        // This one is said by the right coordinator, and often.
        const right = error instanceof Error && 'type' in error && error.type === 'CONCURRENT_TRANSACTIONS'
        if (!right) forget()
        throw error
      }
    }
  }
  return asked
}
