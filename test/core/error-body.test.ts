import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERROR_BODY_MAX_BYTES, readErrorBody } from '../../src/core/error-body.js'

const read = (text: string) => readErrorBody(Buffer.from(text))
const NOTHING = { code: null, requestId: null }

describe('an error body', () => {
  it.each([
    ['{"httpStatusCode":400,"code":4002,"message":"no"}', 4002],
    ['{"code":"4002"}', 4002],
    ['{"code":" 40015 "}', 40015],
    ['{"code":"4002x"}', null],
    ['{"code":4002.5}', null],
    ['{"code":-1}', null],
    ['{"code":null}', null],
    ['{"code":{"code":4002}}', null],
    ['{"code":1e400}', null],
    ['{}', null],
  ])('%s has the code %s', (text, code) => {
    expect(read(text).code).toBe(code)
  })

  it.each(['', '<html>502</html>', 'null', '[4002]', '4002', '"4002"', '{"code":4002', '\uFEFF', '\u0000'])(
    '%j says nothing, and is no fault',
    (text) => {
      expect(read(text)).toEqual(NOTHING)
    },
  )

  it('gives the request id only when it looks like one', () => {
    expect(read('{"requestId":"c500f555-0dd3-4368-b5e3-c039ddb144ee"}').requestId).toBe(
      'c500f555-0dd3-4368-b5e3-c039ddb144ee',
    )
    expect(read('{"requestId":"OTP is 123456"}').requestId).toBeNull()
    expect(read(`{"requestId":"${'a'.repeat(65)}"}`).requestId).toBeNull()
    expect(read('{"requestId":7}').requestId).toBeNull()
  })

  it('keeps nothing else', () => {
    expect(Object.keys(read('{"code":1,"message":"secret","details":{"otp":"1"}}')).sort()).toEqual([
      'code',
      'requestId',
    ])
  })

  it('is not read when it is a page', () => {
    expect(read(`{"code":4002,"x":"${'y'.repeat(ERROR_BODY_MAX_BYTES)}"}`)).toEqual(NOTHING)
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { code } = readErrorBody(bytes)
        expect(code === null || Number.isSafeInteger(code)).toBe(true)
      }),
    )
  })
})
