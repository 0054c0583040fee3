import { expect, it } from 'vitest'
import { createReconnects } from '../../../src/io/kafka/reconnects.js'

function make(random = 1) {
  let now = 0
  const reconnects = createReconnects({
    ...{ firstMs: 50, mostMs: 1000, random: () => random, monotonic: () => now },
  })
  return { reconnects, at: (ms: number) => (now = ms) }
}

it('keeps nobody waiting for a broker that works', () => {
  const { reconnects } = make()
  expect(reconnects.waitMs('a:1')).toBe(0)
})

it('waits longer the longer a broker fails, up to a second, however many clients try it', () => {
  const { reconnects, at } = make()
  for (let client = 0; client < 20; client += 1) reconnects.failed('a:1')
  expect(reconnects.waitMs('a:1')).toBe(50)
  for (let ms = 0; ms <= 10_000; ms += 500) {
    at(ms)
    reconnects.failed('a:1')
    expect(reconnects.waitMs('a:1')).toBe(Math.min(1000, Math.max(50, ms / 4)))
  }
})

it('spreads the clients', () => {
  const { reconnects } = make(0)
  reconnects.failed('a:1')
  expect(reconnects.waitMs('a:1')).toBe(37.5)
})

it('waits for nothing once the broker has answered, and begins anew with the next failure', () => {
  const { reconnects, at } = make()
  reconnects.failed('a:1')
  at(3000)
  reconnects.failed('a:1')
  reconnects.worked('a:1')
  expect(reconnects.waitMs('a:1')).toBe(0)
  reconnects.failed('a:1')
  expect(reconnects.waitMs('a:1')).toBe(50)
})

it('forgets a failure that nothing followed', () => {
  const { reconnects, at } = make()
  reconnects.failed('a:1')
  at(5001)
  expect(reconnects.waitMs('a:1')).toBe(0)
  reconnects.failed('a:1')
  expect(reconnects.waitMs('a:1')).toBe(50)
})

it('keeps brokers apart', () => {
  const { reconnects } = make()
  reconnects.failed('a:1')
  expect(reconnects.waitMs('a:2')).toBe(0)
})
