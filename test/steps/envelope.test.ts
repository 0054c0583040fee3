import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { type Envelope, readEnvelope, signedBytes, traceId } from '../../src/steps/envelope.js'
import { answerBytes, answerText, HANDSHAKE_ID, REQUEST_ID, signatureOf } from '../support/answers.js'

const RESULT = '{"FS0a":{"input":{},"output":{"name":"A"}}}'

function read(body: Buffer | string) {
  return readEnvelope(Buffer.from(body), HANDSHAKE_ID)
}

function ready(body: Buffer | string): Envelope {
  const reading = read(body)
  if (reading.kind !== 'ready') throw new Error(JSON.stringify(reading))
  return reading.envelope
}

/** Kind and code, or kind and detail of a transport fault. */
function ending(body: Buffer | string): string {
  const reading = read(body)
  if (reading.kind === 'ready') return 'ready'
  return `${reading.kind} ${reading.kind === 'fault' ? reading.detail : reading.failure.code}`
}

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))

describe('readEnvelope gives each answer its row of the table', () => {
  it.each<[string, Buffer | string, string]>([
    ['no bytes', '', 'fault empty'],
    ['blanks', ' \r\n\t', 'fault empty'],
    ['cut off', answerText(RESULT).slice(0, -1), 'fault truncated'],
    ['cut off in result', answerText(RESULT).slice(0, 190), 'fault truncated'],
    ['cut off within a character', bytes('{"_id":"é"}').subarray(0, 9), 'fault truncated'],
    ['cut off within a character of four bytes', bytes('{"_id":"😀"}').subarray(0, 11), 'fault truncated'],
    ['cut off, a name twice before', '{"_id":1,"_id":2', 'fault truncated'],
    ['a page', '<html></html>', 'fault markup'],
    ['a page after blanks', '\r\n <html>', 'fault markup'],
    ['a page after a mark', bytes([0xef, 0xbb, 0xbf], '<html>'), 'fault markup'],
    ['a page in another encoding', bytes('<p>', [0xe9], '</p>'), 'fault markup'],
    ['a page with JSON inside', '<{"a":1}', 'fault markup'],
    ['text', 'Bad gateway', 'dead response-malformed'],
    ['two documents', '{}{}', 'dead response-malformed'],
    ['a mark', bytes([0xef, 0xbb, 0xbf], answerText(RESULT)), 'dead response-malformed'],
    ['a byte that is no UTF-8', bytes('{"_id":"', [0xff], '"}'), 'dead response-malformed'],
    ['an overlong form at the end', bytes('{"_id":"', [0xc0]), 'dead response-malformed'],
    [
      'half a surrogate pair in UTF-8',
      bytes('{"_id":"', [0xed, 0xa0, 0x80], '"}'),
      'dead response-malformed',
    ],
    ['half a character where no string is', bytes('{"_id":', [0xe0]), 'dead response-malformed'],
    ['half a character after the end', bytes('{}', [0xc3]), 'dead response-malformed'],
    ['half an escaped pair', answerText('{"a":"\\ud800"}'), 'dead response-malformed'],
    ['a name twice at the top', answerText(RESULT, { x: '1,"x":2' }), 'dead response-malformed'],
    ['a name twice in result', answerText('{"a":{"b":1,"\\u0062":2}}'), 'dead response-malformed'],
    [
      'result twice, once escaped',
      answerText(RESULT, { x: `1,"\\u0072esult":{}` }),
      'dead response-malformed',
    ],
    ['257 levels', answerText('['.repeat(256) + ']'.repeat(256)), 'dead response-malformed'],
    ['256 levels', answerText('['.repeat(255) + ']'.repeat(255)), 'ready'],
    ['an array', '[]', 'dead response-mismatch'],
    ['a string', '"x"', 'dead response-mismatch'],
    ['null', 'null', 'dead response-mismatch'],
    ['a signature that is a number', answerText(RESULT, { resultSignature: '1' }), 'dead response-malformed'],
    ['a signature that is an object, wrong id', '{"resultSignature":{}}', 'dead response-malformed'],
    ['no id', answerText(RESULT, { _id: null }), 'dead response-mismatch'],
    ['an id of null', answerText(RESULT, { _id: 'null' }), 'dead response-mismatch'],
    ['an id that is a number', answerText(RESULT, { _id: '1' }), 'dead response-mismatch'],
    ['another id', answerText(RESULT, { _id: '"DS02zfeuv6n4gkq51hvw7"' }), 'dead response-mismatch'],
    [
      'the id in other letters',
      answerText(RESULT, { _id: '"ds02zfeuv6n4gkq51hvw6"' }),
      'dead response-mismatch',
    ],
    ['another id, archived', answerText('null', { _id: '"x"', archived: '1' }), 'dead response-mismatch'],
    [
      'archived',
      answerText('null', { archived: '1700000000000', resultSignature: 'null' }),
      'dead result-archived',
    ],
    ['archived 0', answerText(RESULT, { archived: '0' }), 'dead result-archived'],
    ['archived true', answerText(RESULT, { archived: 'true', consumed: 'false' }), 'dead result-archived'],
    ['archived null', answerText(RESULT, { archived: 'null' }), 'ready'],
    ['archived false', answerText(RESULT, { archived: 'false' }), 'ready'],
    ['not consumed', answerText('null', { consumed: 'false' }), 'delay result-not-ready'],
    ['not consumed, with a result', answerText(RESULT, { consumed: 'false' }), 'delay result-not-ready'],
    ['consumed missing', answerText(RESULT, { consumed: null }), 'ready'],
    ['result null', answerText('null', { resultSignature: 'null' }), 'delay result-missing'],
    ['result missing', answerText(RESULT, { result: null }), 'delay result-missing'],
    ['signature null', answerText(RESULT, { resultSignature: 'null' }), 'dead signature-missing'],
    ['signature missing', answerText(RESULT, { resultSignature: null }), 'dead signature-missing'],
    ['signature empty', answerText(RESULT, { resultSignature: '""' }), 'ready'],
    ['a result that is a list', answerText('[]'), 'ready'],
    ['blanks all around', ` ${answerText(RESULT)}\n`, 'ready'],
  ])('%s', (_, body, expected) => {
    expect(ending(body)).toBe(expected)
  })

  it('reads the members beside result', () => {
    const { handshakeId, number, tag, requestId, signature } = ready(answerText(RESULT))
    expect({ handshakeId, number, tag, requestId, signature }).toEqual({
      handshakeId: HANDSHAKE_ID,
      number: '3804-324489-8469',
      tag: '290846',
      requestId: REQUEST_ID,
      signature: signatureOf(RESULT),
    })
  })

  it('takes a number for its text, and any other kind for nothing', () => {
    const body = answerText(RESULT, { number: '38043244898469.0', tag: '{"a":1}', requestId: null })
    expect(ready(body)).toMatchObject({ number: '38043244898469.0', tag: null, requestId: null })
  })

  it('takes any id when none is asked for', () => {
    expect(readEnvelope(answerBytes(RESULT), null)).toMatchObject({ envelope: { handshakeId: HANDSHAKE_ID } })
    expect(readEnvelope(answerBytes(RESULT, { _id: null }), null)).toMatchObject({
      failure: { code: 'response-mismatch' },
    })
  })

  it('names the trace id in a failure when it has the form of one, and no other value', () => {
    expect(read(answerText('null'))).toMatchObject({ failure: { requestId: REQUEST_ID } })
    const reading = read(answerText('null', { requestId: '"Asha Rao, 480212349083"' }))
    expect(JSON.stringify(reading)).not.toMatch(/Asha|4802/)
    expect(traceId('a'.repeat(65))).toEqual({})
    expect(traceId(null)).toEqual({})
  })

  it('puts no part of the body into a failure', () => {
    for (const body of [
      '{"Asha":1,"Asha":2}',
      '{"Asha" 1}',
      '"Asha"',
      '["\\ud800 Asha"]',
      '{"_id":"Asha"}',
    ]) {
      expect(JSON.stringify(read(body))).not.toContain('Asha')
    }
  })
})

describe('signedBytes', () => {
  it.each(['{"a":1}', ' {"a" : "é"} ', '"text"', '"é"', '[1, 2]', '1.0', 'true', '{"न":"😀"}'])(
    'gives the bytes of result as received: %s',
    (result) => {
      for (const tag of ['"plain"', '"é न 😀"']) {
        expect(signedBytes(ready(answerText(result, { tag }))).toString('utf8')).toBe(result.trim())
      }
    },
  )
})
