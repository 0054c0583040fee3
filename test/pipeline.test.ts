import { describe, expect, it } from 'vitest'
import { createCredentialChoice } from '../src/core/credentials.js'
import type { Failure } from '../src/core/failure.js'
import { type Credential, type HandshakeEvent, SecretText, type SourceMessage } from '../src/core/model.js'
import { delay } from '../src/core/outcome.js'
import { createVirtualClock } from '../src/io/memory/clock.js'
import { createPath, type PathDeps } from '../src/pipeline.js'
import type { Envelope } from '../src/steps/envelope.js'
import { stagesOf, trusted } from './support/flattening.js'
import { until } from './support/until.js'

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
    credentials: { choose: never, replace: never },
    route: { verified: never, skipped: never, dead: never, delayed: never },
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

describe('an event that has no result yet', () => {
  const credential = (id: string): Credential => ({
    ...{ id, authorization: new SecretText(id), clientSecret: {} },
    match: { topics: [], flowIds: [] },
  })
  const [one, other] = [credential('one'), credential('other')]
  const event = {
    ...{ handshakeId: 'DS0abcdef', eventType: null, tag: null, flowId: null, snapshot: null, updated: null },
    ...{ reduced: '{"_id":"DS0abcdef"}', traceparent: null },
  }

  /** The path of a message with two credentials that both fit. Out: which were asked, and what was routed. */
  async function followed(
    failures: Readonly<Record<string, Failure>>,
    { begins = [one, other], then = begins }: { begins?: Credential[]; then?: Credential[] } = {},
  ) {
    const credentials = createCredentialChoice(begins)
    const asked: string[] = []
    /** Against whom a 4031 would speak. */
    const blamed: string[] = []
    const routed: unknown[] = []
    const route = (end: object) => {
      routed.push(end)
      return { outcome: 'DELAYED', code: null, outputs: [] } as const
    }
    const never = (): never => {
      throw new Error('not to be asked')
    }
    const path = createPath({
      ...{ eventTopics: ['events'], clock: createVirtualClock({ start: 7 }), onDecodeThrow: never },
      ...{ decode: () => ({ kind: 'ok', value: event }), verify: never, flatten: never },
      credentials,
      fetch: async (request, ticket) => {
        const { credential: used, hasNext } = request.choose()
        const { id } = used
        asked.push(id)
        if (!hasNext) blamed.push(id)
        ticket.calls += 1
        credentials.replace(then)
        return delay(failures[id] as Failure, 'one')
      },
      route: { verified: never, skipped: never, dead: never, delayed: route },
    })
    await path(message, ticketOf(new AbortController().signal))
    return { asked, routed, blamed }
  }

  it('is delayed, with its failure, its calls and the tiers that it may take', async () => {
    const failure = { code: 'result-not-ready', detail: 'x' } as const
    const { asked, routed } = await followed({ one: failure })
    expect(asked).toEqual(['one'])
    expect(routed).toMatchObject([{ failure, event, tiers: 'one', calls: 1, startedAt: 7, message }])
  })

  it('is asked for with the next credential first, when the one in use may not read it', async () => {
    const forbidden = { code: 'handshake-forbidden', detail: 'x' } as const
    const missing = { code: 'result-missing', detail: 'y' } as const
    const { asked, routed } = await followed({ one: forbidden, other: missing })
    expect(asked).toEqual(['one', 'other'])
    expect(routed).toMatchObject([{ failure: missing, calls: 2 }])
  })

  it.each([
    ['added', [one], [one, other], ['one', 'other']],
    ['put before it', [one], [other, one], ['one', 'other']],
    ['in its place', [one], [other], ['one', 'other']],
    ['taken away', [one, other], [one], ['one']],
    ['taken away with it in use', [other, one], [one], ['other', 'one']],
  ])(
    'is asked for with the credential that was %s while it was on its way',
    async (_, begins, then, calls) => {
      const forbidden = { code: 'handshake-forbidden', detail: 'x' } as const
      const { asked, routed } = await followed({ one: forbidden, other: forbidden }, { begins, then })
      expect(asked).toEqual(calls)
      expect(routed).toMatchObject([{ failure: forbidden }])
    },
  )

  it('ends by its wrong signature, not by the other app that may not read it', async () => {
    const mismatch = { code: 'signature-mismatch', detail: 'x' } as const
    const forbidden = { code: 'handshake-forbidden', detail: 'y' } as const
    const { asked, routed, blamed } = await followed({ one: mismatch, other: forbidden })
    expect(asked).toEqual(['one', 'other'])
    expect(routed).toMatchObject([{ failure: mismatch, calls: 2 }])
    expect(blamed).toEqual([])
  })
})

describe('an event with media', () => {
  const never = (): never => {
    throw new Error('not to be asked')
  }
  const [stage] = stagesOf('{"FS0a":{"output":{"pht":"short"}}}')
  const item = { reference: 'm1:main:0', bytes: Buffer.from('x') }

  function pathThat(storeMedia: NonNullable<PathDeps['storeMedia']>, routed: string[]) {
    const result = trusted('{}')
    return createPath({
      ...{
        eventTopics: ['events'],
        clock: createVirtualClock({ start: 0 }),
        onDecodeThrow: never,
        storeMedia,
      },
      decode: () => ({ kind: 'ok', value: { handshakeId: 'DS0abcdef', flowId: null } as HandshakeEvent }),
      credentials: { choose: () => ({ credential: {} as Credential, hasNext: false }), replace: never },
      fetch: async () => ({ kind: 'ready', envelope: {} as Envelope, finishedAt: 0, httpStatus: 200 }),
      verify: () => ({ kind: 'ok', value: result }),
      flatten: () => ({ kind: 'ok', value: stage === undefined ? [] : [{ ...stage, media: [item] }] }),
      route: {
        verified: () => {
          routed.push('verified')
          return { outcome: 'VERIFIED', code: null, outputs: [] }
        },
        ...{ skipped: never, dead: never, delayed: never },
      },
    })(message, ticketOf(new AbortController().signal))
  }

  it('has no record before they are stored', async () => {
    const routed: string[] = []
    let stored: (done: boolean) => void = never
    const asked: unknown[] = []
    const end = pathThat((items) => {
      asked.push(...items)
      return new Promise((resolve) => {
        stored = resolve
      })
    }, routed)
    await until('they are being stored', () => asked.length > 0)
    expect([asked, routed]).toEqual([[item], []])
    stored(true)
    await expect(end).resolves.toMatchObject({ outcome: 'VERIFIED' })
    expect(routed).toEqual(['verified'])
  })

  it('has none at all when the wait for them was given up', async () => {
    const routed: string[] = []
    await expect(pathThat(() => Promise.resolve(false), routed)).resolves.toBe('aborted')
    expect(routed).toEqual([])
  })
})
