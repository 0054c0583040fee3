import { expect, test } from 'vitest'
import { createMemoryLog } from '../../../src/io/memory/log.js'
import { createMemoryMetrics } from '../../../src/io/memory/metrics.js'

test('the log keeps its lines in order, by level and event', () => {
  const log = createMemoryLog()
  log.info('started')
  log.warn('lane-failed', { partition: 1 })
  log.warn('lane-failed', { partition: 2 })
  expect(log.lines.map((line) => `${line.level} ${line.event}`)).toEqual([
    'info started',
    'warn lane-failed',
    'warn lane-failed',
  ])
  expect(log.of('lane-failed').map((line) => line.fields['partition'])).toEqual([1, 2])
})

test('metrics are kept by name and labels, whatever the order of the labels', () => {
  const metrics = createMemoryMetrics()
  metrics.add('calls', 1, { status: '200', kind: 'a' })
  metrics.add('calls', 2, { kind: 'a', status: '200' })
  metrics.add('calls', 4, { kind: 'b', status: '200' })
  metrics.set('held', 5)
  metrics.set('held', 3)
  metrics.observe('seconds', 0.5)
  metrics.observe('seconds', 1.5)
  expect(metrics.value('calls', { status: '200', kind: 'a' })).toBe(3)
  expect(metrics.total('calls')).toBe(7)
  expect(metrics.value('held')).toBe(3)
  expect(metrics.value('never')).toBe(0)
  expect(metrics.observations('seconds')).toEqual([0.5, 1.5])
  expect(metrics.series()).toEqual([
    'calls{kind="a",status="200"}',
    'calls{kind="b",status="200"}',
    'held{}',
    'seconds{}',
  ])
})
