import type { Credential, HandshakeEvent } from './model.js'

/** The credential of one call. */
export interface Chosen {
  readonly credential: Credential
  /** Whether another one is left to try when this handshake is not of its app: a 4031 then proves nothing against this one. */
  readonly hasNext: boolean
}

export interface CredentialChoice {
  /**
   * The credential in force for the next call of an event. Asked before each call: what was held uses what has come meanwhile.
   *
   * In:  topic  of the first event (its origin), not a retry topic
   *      tried  the one that ended in a 4031 or a signature mismatch; null at first
   * Out: `tried` itself when there is no other
   */
  choose(event: HandshakeEvent, topic: string, tried: Credential | null): Chosen
  /** From now on these are in force. An app that stays keeps its secret's object, or an event could try it twice. */
  replace(credentials: readonly Credential[]): void
}

/**
 * Says which credential a handshake uses: the one that matches its topic or flow id, else the first of the list.
 * The second try goes to the next one that matches; one without any rule suits every handshake there.
 *
 * In:     credentials   in the order of the configuration, at least one
 * Throws: RangeError when there is none: the configuration has made sure of it
 * Source: product.md section 5
 */
export function createCredentialChoice(credentials: readonly Credential[]): CredentialChoice {
  let candidates = candidatesOf(credentials)
  return {
    choose(event, topic, tried) {
      const all = candidates(event, topic)
      if (tried === null) {
        const [first] = all
        return { credential: first, hasNext: all.some((other) => !isSameApp(first, other)) }
      }
      return { credential: all.find((other) => !isSameApp(tried, other)) ?? tried, hasNext: false }
    },
    replace(others) {
      candidates = candidatesOf(others)
    },
  }
}

type Candidates = readonly [Credential, ...Credential[]]

function candidatesOf(
  credentials: readonly Credential[],
): (event: HandshakeEvent, topic: string) => Candidates {
  const [head] = credentials
  if (head === undefined) throw new RangeError('no credential')
  const open = credentials.filter((credential) => !hasRules(credential))
  const none: Candidates = [head, ...open.filter((credential) => credential !== head)]
  if (open.length === credentials.length) return () => none
  return (event, topic) => {
    const [first, ...others] = credentials.filter((credential) => matches(credential, event, topic))
    return first === undefined ? none : [first, ...others, ...open]
  }
}

const isSameApp = (one: Credential, other: Credential): boolean => one.clientSecret === other.clientSecret

function hasRules({ match }: Credential): boolean {
  return match.topics.length > 0 || match.flowIds.length > 0
}

function matches({ match }: Credential, event: HandshakeEvent, topic: string): boolean {
  return match.topics.includes(topic) || (event.flowId !== null && match.flowIds.includes(event.flowId))
}
