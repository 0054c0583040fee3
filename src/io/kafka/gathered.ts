/**
 * Puts questions that come while one is being asked together in the next: each is asked after it came.
 *
 * In:   ask   one answer for each, in order
 */
export function createGathered<Q, A>(
  ask: (questions: readonly Q[]) => Promise<readonly A[]>,
): (question: Q) => Promise<A> {
  let waiting: { readonly question: Q; resolve(answer: A): void; reject(error: unknown): void }[] = []
  let asking = false

  async function askAll(): Promise<void> {
    if (asking) return
    asking = true
    while (waiting.length > 0) {
      const now = waiting
      waiting = []
      try {
        const answers = await ask(now.map(({ question }) => question))
        for (const [index, { resolve }] of now.entries()) resolve(answers[index] as A)
      } catch (error) {
        for (const { reject } of now) reject(error)
      }
    }
    asking = false
  }
  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject })
      void askAll()
    })
}
