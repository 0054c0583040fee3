/** `lost`: the committed offset lies outside the log, an operator must decide. `idle`: no work for a while, committer closed. */
export type LaneState = 'opening' | 'running' | 'lost' | 'idle' | 'draining' | 'closed'

/** What is shown of a lane. */
export interface LaneFigures {
  readonly queued: number
  readonly held: number
  /** Messages of the partition that are not committed yet. */
  readonly lag: number
  /** Those of them that are not due yet. */
  readonly delayed: number
  /** Epoch ms from which the oldest message that is not in a commit counts as late: when it was written, or due. */
  readonly oldestTimestamp: number | null
}
