import type { GateShare } from './gate.js'
import type { MessageQueue } from './queue.js'

/** Whether a lane lets in what it has read. */
export interface Admission {
  open: boolean
  /** Lets one message in although it is closed. Out: whether there was one that could come in. */
  admitOne(): boolean
  /** May the next one come in now? */
  lets(): boolean
  /** One has come in. */
  used(): void
}

/** In: `share`, which admits at once as many as the gate allows, and the queue that it admits from. */
export function createAdmission(
  share: Pick<GateShare, 'wantEvents'>,
  queue: Pick<MessageQueue, 'length'>,
): Admission {
  let isOpen = true
  let makesException = false
  return {
    get open() {
      return isOpen
    },
    set open(open) {
      isOpen = open
      if (open) share.wantEvents()
    },
    admitOne() {
      const before = queue.length()
      makesException = true
      share.wantEvents()
      makesException = false
      return queue.length() < before
    },
    lets: () => isOpen || makesException,
    used() {
      makesException = false
    },
  }
}
