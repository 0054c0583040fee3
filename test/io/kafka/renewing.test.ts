import { describe, expect, it } from 'vitest'
import { BatchTooLarge, type CommitBatch, type Committer, type StartOffset } from '../../../src/core/ports.js'
import { createRenewing } from '../../../src/io/kafka/renewing.js'

const at = (offset: number): StartOffset => ({ kind: 'start', offset })
const batch = (next: number): CommitBatch => ({ outputs: [], next })
const refusal = (type: string): Error => Object.assign(new Error('refused'), { type })

class Double implements Committer {
  readonly start: StartOffset
  readonly written: number[] = []
  closed = 0
  private readonly error: Error | null
  constructor(start: StartOffset, error: Error | null = null) {
    this.start = start
    this.error = error
  }
  async commit({ next }: CommitBatch): Promise<void> {
    if (this.error !== null) throw this.error
    this.written.push(next)
  }
  async close(): Promise<void> {
    this.closed += 1
  }
}

describe('a committer after a refusal as too large', () => {
  it.each(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])(
    '%s goes on with a producer of its own',
    async (type) => {
      const first = new Double(at(7), refusal(type))
      const second = new Double(at(7))
      const committer = createRenewing(first, async () => second)
      await expect(committer.commit(batch(9))).rejects.toThrow(BatchTooLarge)
      expect(first.closed).toBe(1)
      await committer.commit(batch(8))
      expect(second.written).toEqual([8])
      await committer.close()
      expect([first.closed, second.closed]).toEqual([1, 1])
    },
  )

  it('goes on where it stood: after what it has written itself', async () => {
    const first = new Double(at(7))
    const failing = new Double(at(9), new Error('x', { cause: refusal('MESSAGE_TOO_LARGE') }))
    let current: Committer = first
    const switching: Committer = {
      start: first.start,
      commit: (one) => current.commit(one),
      close: () => current.close(),
    }
    const committer = createRenewing(switching, async () => new Double(at(9)))
    await committer.commit(batch(9))
    current = failing
    await expect(committer.commit(batch(12))).rejects.toThrow(BatchTooLarge)
    await committer.commit(batch(10))
  })

  it('is of no use when the partition went on elsewhere, or cannot be opened', async () => {
    for (const reopened of [new Double(at(8)), new Error('down')]) {
      const committer = createRenewing(new Double(at(7), refusal('MESSAGE_TOO_LARGE')), async () => reopened)
      const error = await committer.commit(batch(9)).catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(Error)
      expect(error).not.toBeInstanceOf(BatchTooLarge)
    }
  })

  it('passes on every other error as it is, and opens nothing', async () => {
    const error = refusal('INVALID_PRODUCER_EPOCH')
    let opened = 0
    const committer = createRenewing(new Double(at(7), error), async () => {
      opened += 1
      return new Double(at(7))
    })
    await expect(committer.commit(batch(9))).rejects.toBe(error)
    expect(opened).toBe(0)
  })

  it('closed meanwhile leaves nothing open', async () => {
    const opened: Double[] = []
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const committer = createRenewing(new Double(at(7), refusal('MESSAGE_TOO_LARGE')), async () => {
      await gate
      opened.push(new Double(at(7)))
      return opened[0] ?? new Error('none')
    })
    const commit = committer.commit(batch(9)).catch((error: unknown) => error)
    // Long enough for it to be opening.
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    const closing = committer.close()
    open()
    await closing
    await commit
    expect(opened.map((one) => one.closed > 0)).toEqual([true])
  })
})
