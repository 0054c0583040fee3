import { describe, expect, it } from 'vitest'
import type { LogFields } from '../../../src/core/ports.js'
import { createLog, type LogSettings } from '../../../src/io/ops/log.js'

function capture(level: LogSettings['level'] = 'info') {
  const lines: string[] = []
  const log = createLog({ level, pretty: false, stream: { write: (line) => void lines.push(line) } })
  return { log, lines, first: (): Record<string, unknown> => JSON.parse(lines[0] ?? '{}') }
}

describe('the log', () => {
  it('writes one JSON object a line: level, time, event, fields', () => {
    const { log, lines, first } = capture()
    log.warn('lane-failed', { topic: 't', partition: 3, ok: false, none: null, list: ['a'] })
    expect(lines).toHaveLength(1)
    expect(lines[0]?.endsWith('\n')).toBe(true)
    const { time, ...rest } = first()
    expect(rest).toEqual({
      level: 'warn',
      event: 'lane-failed',
      topic: 't',
      partition: 3,
      ok: false,
      none: null,
      list: ['a'],
    })
    expect(time).toMatch(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/)
  })

  it('has no host name, process id or error object in it', () => {
    const { log, lines, first } = capture()
    const error = Object.assign(new Error('canary'), { response: 'canary' })
    log.error('lane-failed', {
      error,
      err: error,
      deep: { a: 'canary' },
      list: [error, 'kept'],
    } as unknown as LogFields)
    expect(lines.join('')).not.toContain('canary')
    expect(first()['list']).toEqual(['kept'])
    expect(Object.keys(first()).sort()).toEqual(['event', 'level', 'list', 'time'])
  })

  it('lets no field take the place of level, time or event', () => {
    const { log, first } = capture()
    log.info('started', { event: 'x', level: 'x', time: 'x' })
    expect(first()).toMatchObject({ level: 'info', event: 'started' })
  })

  it('is silent below its level', () => {
    const { log, lines } = capture('warn')
    log.debug('kafka-client')
    log.info('started')
    expect(lines).toEqual([])
    log.warn('waiting-for')
    expect(lines).toHaveLength(1)
    const silent = capture('silent')
    silent.log.error('lane-failed')
    expect(silent.lines).toEqual([])
  })
})
