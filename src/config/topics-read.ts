import type { Config } from './config.js'

type Topics = Config['topics']

/** Every topic that is read: events, then those whose messages carry their chain in headers. */
export function topicsRead({ events, retry, replay }: Topics): readonly string[] {
  return [...events, ...retry.map(({ topic }) => topic), replay]
}

/**
 * How long messages of a topic may have to wait.
 *
 * Out: ms, 0 on the replay topic; null on events topics, whose headers anyone writes: they are not honoured there
 */
export function createDelayOf({ retry, replay }: Topics): (topic: string) => number | null {
  const delays = new Map(retry.map(({ topic, delayMs }) => [topic, delayMs]))
  delays.set(replay, 0)
  return (topic) => delays.get(topic) ?? null
}
