import { type TypedSettings, typedKindsOf } from '../catalogue/typed-kinds.js'
import type { Path } from './tree.js'

interface Topics extends TypedSettings {
  readonly topics: {
    readonly events: readonly string[]
    readonly verified: string
    readonly deadLetter: string
    readonly outcomes: string | null
    readonly retry: readonly { readonly topic: string }[]
    readonly replay: string
    readonly evidence: string | null
  }
}

/** One thing that is wrong with the topics of typed records. */
export interface TypedTopicProblem {
  readonly path: Path
  readonly text: string
}

const LONGEST_TOPIC = 249

/**
 * Finds topics of typed records that cannot be: too long, or named for something else.
 *
 * Out:    a problem each, at the key of the other topic
 */
export function typedTopicProblems(config: Topics): TypedTopicProblem[] {
  const { topics } = config
  const others: [Path, string | null][] = [
    ...topics.events.map((topic, index): [Path, string] => [['topics', 'events', index], topic]),
    [['topics', 'deadLetter'], topics.deadLetter],
    [['topics', 'outcomes'], topics.outcomes],
    ...topics.retry.map(({ topic }, index): [Path, string] => [['topics', 'retry', index, 'topic'], topic]),
    [['topics', 'replay'], topics.replay],
    [['topics', 'evidence'], topics.evidence],
  ]
  return typedKindsOf(config).flatMap(({ topic, stageType }) => {
    const clashes = others.filter(([, other]) => other === topic)
    const problems = clashes.map(([path]) => ({
      path,
      text: `is the topic of typed records of ${stageType}`,
    }))
    if (topic.length <= LONGEST_TOPIC) return problems
    return [...problems, { path: ['topics', 'verified'], text: `is too long for the topic of ${stageType}` }]
  })
}
