import { describe, expect, it } from 'vitest'
import type { SourceMessage } from '../src/core/model.js'
import { createVirtualClock } from '../src/io/memory/clock.js'
import { createPath, type PathDeps } from '../src/pipeline.js'

const message: SourceMessage = {
  ...{ topic: 'events', partition: 0, offset: 0, timestamp: 0 },
  ...{ key: null, value: Buffer.from('x'), headers: [] },
}

function pathWith(decode: PathDeps['decode'], onDecodeThrow: PathDeps['onDecodeThrow']) {
  const never = (): never => {
    throw new Error('not to be asked')
  }
  return createPath({
    ...{ eventTopics: ['events'], decode, onDecodeThrow, clock: createVirtualClock({ start: 0 }) },
    ...{ fetch: never, verify: never, flatten: never },
    credentials: { first: never, next: never },
    route: { verified: never, skipped: never, dead: never },
  })
}

const ticketOf = (signal: AbortSignal) => ({ signal, calls: 0, callSlot: () => Promise.resolve(null) })

describe('an event that cannot be decoded now', () => {
  it('is given up when it is asked to, even if decoding may be tried again', async () => {
    const stop = new AbortController()
    let tries = 0
    const path = pathWith(
      () => {
        tries += 1
        if (tries === 3) stop.abort()
        throw new Error('an edge is down')
      },
      () => Promise.resolve(true),
    )
    await expect(path(message, ticketOf(stop.signal))).resolves.toBe('aborted')
    expect(tries).toBe(3)
  })

  it('stops its lane when the throw was a bug', async () => {
    const path = pathWith(
      () => {
        throw new TypeError('bug')
      },
      (error) => Promise.reject(error),
    )
    await expect(path(message, ticketOf(new AbortController().signal))).rejects.toThrow('bug')
  })
})
