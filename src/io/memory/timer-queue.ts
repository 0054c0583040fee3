/** A timer that waits. `run` is null once it was cancelled. */
export interface QueuedTimer {
  readonly dueAt: number
  readonly order: number
  run: (() => void) | null
}

export interface TimerQueue {
  add(dueAt: number, run: () => void): QueuedTimer
  cancel(timer: QueuedTimer): void
  /** The earliest timer that was not cancelled; it stays in the queue. */
  peek(): QueuedTimer | undefined
  /** Takes out what `peek` gave. */
  drop(): void
  /** Timers that will fire. */
  size(): number
}

/**
 * Timers in order of time, then of creation: a binary heap.
 *
 * Cancelled timers stay until they come up, or until they are more than half of the heap.
 */
export function createTimerQueue(): TimerQueue {
  let heap: QueuedTimer[] = []
  let created = 0
  let cancelled = 0

  function add(dueAt: number, run: () => void): QueuedTimer {
    const timer: QueuedTimer = { dueAt, order: created++, run }
    heap.push(timer)
    rise(heap, heap.length - 1)
    return timer
  }

  function drop(): void {
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    heap[0] = last
    sink(heap, 0)
  }

  function sweep(): void {
    heap = heap.filter((timer) => timer.run !== null)
    heap.sort((a, b) => a.dueAt - b.dueAt || a.order - b.order)
    cancelled = 0
  }

  return {
    add,
    drop,
    cancel(timer) {
      if (timer.run === null) return
      timer.run = null
      cancelled += 1
      if (cancelled > 64 && cancelled * 2 > heap.length) sweep()
    },
    peek() {
      for (let top = heap[0]; top !== undefined; top = heap[0]) {
        if (top.run !== null) return top
        cancelled -= 1
        drop()
      }
      return undefined
    },
    size: () => heap.length - cancelled,
  }
}

function before(a: QueuedTimer | undefined, b: QueuedTimer | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order)
}

function swap(heap: QueuedTimer[], i: number, j: number): void {
  const a = heap[i]
  const b = heap[j]
  if (a === undefined || b === undefined) return
  heap[i] = b
  heap[j] = a
}

function rise(heap: QueuedTimer[], from: number): void {
  for (let child = from; child > 0; ) {
    const parent = (child - 1) >> 1
    if (!before(heap[child], heap[parent])) return
    swap(heap, child, parent)
    child = parent
  }
}

function sink(heap: QueuedTimer[], from: number): void {
  for (let parent = from; ; ) {
    const left = 2 * parent + 1
    const first = before(heap[left + 1], heap[left]) ? left + 1 : left
    if (!before(heap[first], heap[parent])) return
    swap(heap, first, parent)
    parent = first
  }
}
