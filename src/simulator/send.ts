import type { ServerResponse } from 'node:http'
import type { Answer, Transport } from './answers.js'

/** Long enough for what was written to leave the machine's buffers before the connection is cut. */
const BEFORE_CUT_MS = 15
const CHUNK_BYTES = 64 * 1024

/**
 * Sends an answer over HTTP, with the damage to its transport that it asks for.
 *
 * In:     the answer, after its delay is over
 * Out:    nothing; the end is seen at the response's `close`
 */
export function sendAnswer(res: ServerResponse, answer: Answer): void {
  SENDERS[answer.transport](res, answer)
}

const SENDERS: Readonly<Record<Transport, (res: ServerResponse, answer: Answer) => void>> = {
  ok: sendWhole,
  hang: () => {},
  'reset-before': (res) => {
    res.socket?.resetAndDestroy()
  },
  'reset-mid': (res, answer) => sendPart(res, answer, () => res.socket?.resetAndDestroy()),
  truncate: (res, answer) => sendPart(res, answer, () => res.socket?.destroy()),
  drip: sendDrip,
}

function sendWhole(res: ServerResponse, answer: Answer): void {
  res.writeHead(answer.status, answer.headers)
  if (answer.framing === 'length') {
    res.end(answer.body)
    return
  }
  for (let at = 0; at < answer.body.length; at += CHUNK_BYTES) {
    res.write(answer.body.subarray(at, at + CHUNK_BYTES))
  }
  res.end()
}

function sendPart(res: ServerResponse, answer: Answer, cut: () => void): void {
  res.writeHead(answer.status, answer.headers)
  res.write(answer.body.subarray(0, answer.sentBytes), () => {
    setTimeout(cut, BEFORE_CUT_MS)
  })
}

function sendDrip(res: ServerResponse, answer: Answer): void {
  const { bytes, everyMs } = answer.drip ?? { bytes: answer.body.length, everyMs: 0 }
  res.writeHead(answer.status, answer.headers)
  let at = 0
  const timer = setInterval(() => {
    res.write(answer.body.subarray(at, at + bytes))
    at += bytes
    if (at < answer.body.length) return
    clearInterval(timer)
    res.end()
  }, everyMs)
  res.once('close', () => clearInterval(timer))
}
