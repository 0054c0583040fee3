import type { Credential, HandshakeEvent } from './model.js'

export interface CredentialChoice {
  /** The credential to begin with. `topic`: the topic of the first event (its origin), not a retry topic. */
  first(event: HandshakeEvent, topic: string): Credential
  /** The one to try once more after a 4031 or a signature mismatch; null when `tried` was the last try. */
  next(event: HandshakeEvent, topic: string, tried: Credential): Credential | null
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
  const [head] = credentials
  if (head === undefined) throw new RangeError('no credential')
  const open = credentials.filter((credential) => !hasRules(credential))
  const none = [head, ...open.filter((credential) => credential !== head)]
  const anyRules = open.length < credentials.length

  const candidates = (event: HandshakeEvent, topic: string): readonly Credential[] => {
    if (!anyRules) return none
    const matching = credentials.filter((credential) => matches(credential, event, topic))
    return matching.length === 0 ? none : [...matching, ...open]
  }
  return {
    first: (event, topic) => candidates(event, topic)[0] ?? head,
    next(event, topic, tried) {
      const [first, second] = candidates(event, topic)
      return tried === first ? (second ?? null) : null
    },
  }
}

function hasRules({ match }: Credential): boolean {
  return match.topics.length > 0 || match.flowIds.length > 0
}

function matches({ match }: Credential, event: HandshakeEvent, topic: string): boolean {
  return match.topics.includes(topic) || (event.flowId !== null && match.flowIds.includes(event.flowId))
}
