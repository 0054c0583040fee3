/** What was started, to be ended in reverse order. */
export interface Releases {
  add(release: () => unknown): void
  /** One that fails does not keep the others from running. */
  run(): Promise<void>
}

export function createReleases(): Releases {
  const releases: (() => unknown)[] = []
  return {
    add: (release) => void releases.push(release),
    async run() {
      for (let release = releases.pop(); release !== undefined; release = releases.pop()) {
        try {
          await release()
        } catch {
          // There is nobody to mend it: what it would have ended goes with this process.
        }
      }
    },
  }
}
