import { expect, it } from 'vitest'
import { type ConsumerEnd, createRestarts } from '../../../src/io/kafka/restarts.js'
import { createMemoryLog } from '../../../src/io/memory/log.js'
import { createMemoryMetrics } from '../../../src/io/memory/metrics.js'

const CRASH: ConsumerEnd = { kind: 'crash', cause: 'KafkaJSProtocolError CORRUPT_MESSAGE' }

function scene() {
  const log = createMemoryLog()
  const metrics = createMemoryMetrics()
  return { log, metrics, restarts: createRestarts({ brokers: ['one:9092'], log, metrics }) }
}

it('a consumer that ends again and again is begun anew at a growing distance, up to five seconds, for ever', () => {
  const { restarts } = scene()
  const waits = Array.from({ length: 2000 }, () => restarts.ended(CRASH))
  expect(waits.slice(0, 7)).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000])
  expect(Math.max(...waits)).toBe(5000)
})

it('the same fault is told once and counted each time, a new one is told', () => {
  const { restarts, log, metrics } = scene()
  for (let times = 0; times < 50; times += 1) restarts.ended(CRASH)
  restarts.ended({ kind: 'stuck-fetch', cause: 'no answer' })
  restarts.ended(CRASH)
  restarts.ended({ kind: 'unreachable', cause: 'KafkaJSConnectionError ECONNREFUSED' })
  const told = log.lines.filter(({ level }) => level === 'warn')
  expect(told.map(({ event, fields }) => [event, fields['cause']])).toEqual([
    ['consumer-restarts', CRASH.cause],
    ['consumer-restarts', 'no answer'],
    ['broker-unreachable', 'KafkaJSConnectionError ECONNREFUSED'],
  ])
  expect(metrics.value('attestr_consumer_restarts_total', { reason: 'crash' })).toBe(51)
  expect(metrics.total('attestr_consumer_restarts_total')).toBe(53)
})

it('after a steady minute a fault is new again, and the end of the trouble is told', () => {
  const { restarts, log } = scene()
  restarts.ended(CRASH)
  restarts.steady()
  expect(log.of('consumer-steady')).toEqual([])
  expect(restarts.ended(CRASH)).toBe(250)
  restarts.ended(CRASH)
  restarts.steady()
  expect(log.of('consumer-steady').map(({ fields }) => fields)).toEqual([{ restarts: 2 }])
  expect(log.of('consumer-restarts').map(({ level }) => level)).toEqual(['warn', 'warn', 'debug'])
})
