import { createHmac } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEVELOPMENT_CREDENTIAL } from '../../src/simulator/credentials.js'
import type { Fault } from '../../src/simulator/faults.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { FAULT_KINDS } from '../../src/simulator/script.js'
import { type Simulator, startSimulator } from '../../src/simulator/server.js'
import { until } from './until.js'

const SECRET = DEVELOPMENT_CREDENTIAL.clientSecret
const AUTHORIZATION = `Basic ${DEVELOPMENT_CREDENTIAL.authToken}`
const ID = handshakeIdFor(1, 4)

let simulator: Simulator
let agent: Agent

beforeAll(async () => {
  simulator = await startSimulator({ stages: ['PAN:done', 'BANK_ACC:done'] })
  agent = new Agent({ pipelining: 1 })
})

afterAll(async () => {
  await agent.destroy()
  await simulator.stop()
})

interface Seen {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly bytes: Buffer
  readonly text: string
}

async function ask(id = ID, authorization: string | null = AUTHORIZATION): Promise<Seen> {
  const answer = await request(`${simulator.baseUrl}/v1/public/flowx/handshake/${id}`, {
    dispatcher: agent,
    headers: {
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      ...(authorization === null ? {} : { authorization }),
    },
  })
  const bytes = Buffer.from(await answer.body.arrayBuffer())
  return { status: answer.statusCode, headers: answer.headers, bytes, text: bytes.toString('utf8') }
}

/** Asks once with one fault in force. */
async function askWith(fault: Fault): Promise<Seen> {
  seenKinds.add(fault.kind)
  simulator.setScript({ global: [{ fault }] })
  return ask()
}

async function errorWith(fault: Fault): Promise<string> {
  return askWith(fault).then(
    () => 'answered',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  )
}

async function jsonWith(fault: Fault) {
  const { status, text } = await askWith(fault)
  expect(status).toBe(200)
  return JSON.parse(text)
}

/** Whether the signature is right for the bytes of `result` as sent. */
function signedRight({ bytes }: Seen): boolean {
  const text = bytes.toString('latin1')
  const [, result = '', signature = ''] = /"result":([\s\S]*),"resultSignature":"([^"]*)"\}$/.exec(text) ?? []
  return createHmac('sha256', SECRET).update(Buffer.from(result, 'latin1')).digest('hex') === signature
}

const seenKinds = new Set<string>()
const right = (): Buffer => simulator.source.resultFor(ID).body

describe('without a fault', () => {
  it('the answer is the signed result, with its length', async () => {
    simulator.setScript({})
    const seen = await ask()
    expect(seen.bytes).toEqual(right())
    expect(seen.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(right().length),
    })
    expect(signedRight(seen)).toBe(true)
  })
})

describe('faults of the API', () => {
  it('a status comes with its code, message and Retry-After', async () => {
    const seen = await askWith({
      kind: 'status',
      status: 429,
      code: 4292,
      message: 'Slow down',
      retryAfter: 3,
    })
    expect(seen.status).toBe(429)
    expect(seen.headers['retry-after']).toBe('3')
    expect(JSON.parse(seen.text)).toEqual({ httpStatusCode: 429, code: 4292, message: 'Slow down' })
  })

  it('a code may be text, a body HTML, text or nothing, with any status', async () => {
    const coded = await askWith({ kind: 'status', status: 401, code: '4016' })
    expect(JSON.parse(coded.text).code).toBe('4016')
    const html = await askWith({ kind: 'status', status: 503 })
    expect([html.status, html.headers['content-type']]).toEqual([503, 'text/html'])
    expect(html.text).toMatch(/^<!DOCTYPE html>/)
    expect((await askWith({ kind: 'status', status: 200, as: 'html' })).text).toMatch(/^</)
    expect((await askWith({ kind: 'status', status: 200, as: 'empty' })).text).toBe('')
    expect((await askWith({ kind: 'status', status: 502, as: 'text', message: 'bad' })).text).toBe('bad')
  })

  it('a redirect names another place and is not an answer', async () => {
    const seen = await askWith({ kind: 'redirect', location: 'http://127.0.0.1:9/x' })
    expect([seen.status, seen.headers['location']]).toEqual([302, 'http://127.0.0.1:9/x'])
  })

  it('an archived handshake has neither result nor signature', async () => {
    expect(await jsonWith({ kind: 'archived' })).toMatchObject({
      archived: expect.any(Number),
      consumed: true,
      result: null,
      resultSignature: null,
    })
  })

  it('a handshake is not consumed for n calls and then is', async () => {
    seenKinds.add('not-consumed')
    simulator.setScript({ handshakes: { [ID]: [{ fault: { kind: 'not-consumed' }, times: 2 }] } })
    const answers = [await ask(), await ask(), await ask()].map(({ text }) => JSON.parse(text))
    expect(answers.map(({ consumed }) => consumed)).toEqual([false, false, true])
    expect(answers[0]).toMatchObject({ result: null, resultSignature: null })
  })
})

describe('faults of the transport', () => {
  it('a reset before the headers and one in the middle of the body break the call', async () => {
    expect(await errorWith({ kind: 'reset-before' })).toMatch(/ECONNRESET|UND_ERR_SOCKET/)
    expect(await errorWith({ kind: 'reset-mid' })).toMatch(/ECONNRESET|UND_ERR_SOCKET/)
  })

  it('a truncated body ends before its length and before its last chunk', async () => {
    expect(await errorWith({ kind: 'truncate' })).toMatch(/UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH/)
    expect(await errorWith({ kind: 'truncate', framing: 'chunked' })).toMatch(/UND_ERR_SOCKET/)
  })

  it('a cut JSON text is a whole answer', async () => {
    const seen = await askWith({ kind: 'cut-json' })
    expect(right().toString().startsWith(seen.text)).toBe(true)
    expect(() => JSON.parse(seen.text)).toThrow(SyntaxError)
  })

  it('a drip and chunks bring the same bytes', async () => {
    const drip = await askWith({ kind: 'drip', bytes: 400, everyMs: 1 })
    expect(drip.bytes).toEqual(right())
    await until(() => simulator.ledger.calls().at(-1)?.whole === true)
    const chunked = await askWith({ kind: 'chunked' })
    expect(chunked.headers['transfer-encoding']).toBe('chunked')
    expect(chunked.headers['content-length']).toBeUndefined()
    expect(chunked.bytes).toEqual(right())
  })

  it('an oversize body is as long as it was asked to be, with a length or without', async () => {
    const withLength = await askWith({ kind: 'oversize', bytes: 200_000 })
    expect(Number(withLength.headers['content-length'])).toBeGreaterThan(200_000)
    const chunked = await askWith({ kind: 'oversize', bytes: 200_000, framing: 'chunked' })
    expect(chunked.headers['content-length']).toBeUndefined()
    expect(chunked.bytes.length).toBeGreaterThan(200_000)
    expect((await askWith({ kind: 'oversize' })).bytes.length).toBeGreaterThan(8_388_608)
  })

  it('gzip comes although identity was asked for', async () => {
    const seen = await askWith({ kind: 'gzip' })
    expect(seen.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(seen.bytes)).toEqual(right())
  })

  it('a hanging call is never answered, and ends in the ledger when the caller leaves', async () => {
    seenKinds.add('hang')
    simulator.setScript({ global: [{ fault: { kind: 'hang' } }] })
    simulator.ledger.reset()
    const leaving = new AbortController()
    const call = request(`${simulator.baseUrl}/v1/public/flowx/handshake/${ID}`, {
      headers: { authorization: AUTHORIZATION },
      signal: leaving.signal,
    })
    await until(() => simulator.ledger.summary().inFlight === 1)
    leaving.abort()
    await expect(call).rejects.toThrow()
    await until(() => simulator.ledger.summary().inFlight === 0)
    expect(simulator.ledger.calls()).toMatchObject([{ status: null, whole: false, fault: 'hang' }])
  })

  it('a delay waits and is still followed by another fault', async () => {
    simulator.ledger.reset()
    seenKinds.add('delay')
    const delay: Fault = { kind: 'delay', delayMs: 60, jitterMs: 20 }
    simulator.setScript({ global: [{ fault: delay }, { fault: { kind: 'status', status: 500 } }] })
    expect((await ask()).status).toBe(500)
    await until(() => simulator.ledger.calls()[0]?.endedAt !== null)
    expect(simulator.ledger.summary().maxMs).toBeGreaterThan(58)
  })
})

describe('faults of the content', () => {
  it.each([
    ['null', null, null],
    ['missing', undefined, null],
    ['empty', {}, expect.any(String)],
    ['array', [{ input: {}, output: {} }], expect.any(String)],
    ['text', 'done', expect.any(String)],
    ['number', 7, expect.any(String)],
  ] as const)('a result may be %s', async (value, result, resultSignature) => {
    const answer = await jsonWith({ kind: 'result', value })
    expect(answer.result).toEqual(result)
    expect(answer.resultSignature).toEqual(resultSignature)
  })

  it.each(['empty', 'array', 'text', 'number', 'stage-not-object', 'bad-stage-id'] as const)(
    'a result of kind %s is signed right',
    async (value) => {
      expect(signedRight(await askWith({ kind: 'result', value }))).toBe(true)
    },
  )

  it('a stage may be no object or have an id that is none', async () => {
    const stages = await jsonWith({ kind: 'result', value: 'stage-not-object' })
    expect(Object.values(stages.result)).toContain('done')
    const ids = await jsonWith({ kind: 'result', value: 'bad-stage-id' })
    expect(Object.keys(ids.result).some((id) => !/^[A-Za-z0-9_-]{1,64}$/.test(id))).toBe(true)
  })

  it.each(['wrong', 'empty', 'not-hex', 'short'] as const)('a signature may be %s', async (value) => {
    const seen = await askWith({ kind: 'signature', value })
    expect(JSON.parse(seen.text).result).toEqual(JSON.parse(right().toString()).result)
    expect(signedRight(seen)).toBe(false)
  })

  it('a signature may be null, missing, a number, or right in capitals', async () => {
    expect((await jsonWith({ kind: 'signature', value: 'null' })).resultSignature).toBe(null)
    expect(await jsonWith({ kind: 'signature', value: 'missing' })).not.toHaveProperty('resultSignature')
    expect((await jsonWith({ kind: 'signature', value: 'number' })).resultSignature).toBe(12345)
    const { signature } = simulator.source.resultFor(ID)
    expect((await jsonWith({ kind: 'signature', value: 'upper-case' })).resultSignature).toBe(
      signature.toUpperCase(),
    )
  })

  it('a tampered result differs in one character from the signed one', async () => {
    const seen = await askWith({ kind: 'tampered' })
    const differing = [...seen.bytes].filter((byte, i) => byte !== right()[i])
    expect([differing.length, seen.bytes.length]).toEqual([1, right().length])
    expect(signedRight(seen)).toBe(false)
    expect(() => JSON.parse(seen.text)).not.toThrow()
  })

  it('an id may be that of another handshake or missing', async () => {
    const swapped = await jsonWith({ kind: 'id', value: 'swapped' })
    expect(swapped._id).not.toBe(ID)
    expect(swapped._id).toMatch(/^DS0/)
    expect(await jsonWith({ kind: 'id', value: 'missing' })).not.toHaveProperty('_id')
  })

  it('bytes may be no UTF-8, begin with a BOM, hold a lone surrogate, or be no JSON', async () => {
    const bad = await askWith({ kind: 'bytes', value: 'invalid-utf8' })
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bad.bytes)).toThrow()
    expect(signedRight(bad)).toBe(true)
    const bom = await askWith({ kind: 'bytes', value: 'bom' })
    expect([...bom.bytes.subarray(0, 4)]).toEqual([0xef, 0xbb, 0xbf, 0x7b])
    const lone = await askWith({ kind: 'bytes', value: 'lone-surrogate' })
    expect(lone.text).toContain('\\ud83d alone')
    expect(signedRight(lone)).toBe(true)
    const none = await askWith({ kind: 'bytes', value: 'not-json' })
    expect(() => JSON.parse(none.text)).toThrow(SyntaxError)
  })

  it('keys may be there twice at the top, in the result or deep in it', async () => {
    const top = await askWith({ kind: 'duplicate-keys', at: 'top' })
    expect(top.text.match(/"number":"\d{4}-\d{6}-\d{4}"/g)).toHaveLength(2)
    const [stageId = ''] = simulator.source.resultFor(ID).stages.map((stage) => stage.stageId)
    const inResult = await askWith({ kind: 'duplicate-keys' })
    expect(inResult.text.split(`"${stageId}":`)).toHaveLength(3)
    const deep = await askWith({ kind: 'duplicate-keys', at: 'deep' })
    expect(deep.text).toContain('{"a":1,"b":null,"a":2}')
    for (const seen of [top, inResult, deep]) expect(signedRight(seen)).toBe(true)
  })

  it('a result may be nested deep or have many leaves or stages, and is signed right', async () => {
    const deep = await askWith({ kind: 'deep', depth: 300 })
    expect(deep.text.split(/[[{]/).length - right().toString().split(/[[{]/).length).toBe(300)
    const leaves = await askWith({ kind: 'many-leaves' })
    expect(Object.values(JSON.parse(leaves.text).result)[0]).toHaveProperty('output.list.2999')
    const stages = await askWith({ kind: 'many-stages' })
    expect(Object.keys(JSON.parse(stages.text).result)).toHaveLength(201)
    for (const seen of [deep, leaves, stages]) expect(signedRight(seen)).toBe(true)
  })

  it('unknown members, a stage without output and a second run are all signed right', async () => {
    const extra = await askWith({ kind: 'extra-members' })
    expect(Object.values(JSON.parse(extra.text).result)[0]).toMatchObject({ state: 'DONE', error: null })
    const partial = await askWith({ kind: 'partial' })
    expect(Object.values(JSON.parse(partial.text).result).at(-1)).not.toHaveProperty('output')
    const rerun = await askWith({ kind: 'rerun' })
    expect(rerun.bytes).toEqual(simulator.source.resultFor(ID, { run: 1 }).body)
    for (const seen of [extra, partial, rerun]) expect(signedRight(seen)).toBe(true)
  })
})

describe('the list of faults', () => {
  it('is covered by the cases above', () => {
    expect([...FAULT_KINDS].filter((kind) => !seenKinds.has(kind))).toEqual([])
  })
})
