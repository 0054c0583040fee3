/** When the next call may go out: asked by whoever gives call slots. */
export interface Pace {
  /** Takes the right to one call now; `sent` or `unused` must follow. */
  reserve(): boolean
  /** The call goes out at this moment. */
  sent(): void
  /** The right was not used. */
  unused(): void
  /** Ms until a call may go out; 0: now; Infinity: not before something else happens. */
  waitMs(): number
  /** Calls `run` once, when a call may go out. The last one asked for counts. */
  whenOpen(run: () => void): void
}

/** No bound at all. */
export const UNPACED: Pace = {
  reserve: () => true,
  sent: () => undefined,
  unused: () => undefined,
  waitMs: () => 0,
  whenOpen: () => undefined,
}
