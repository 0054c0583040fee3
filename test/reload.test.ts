import { describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config/load.js'
import { createMemoryLog } from '../src/io/memory/log.js'
import { createMemoryMetrics } from '../src/io/memory/metrics.js'
import { createReload } from '../src/reload.js'

const MAIN = { id: 'main', authToken: 'token-1', clientSecret: 'hidden-secret-1' }
const SECOND = { id: 'second', authToken: 'token-2', clientSecret: 'hidden-secret-2' }

const textOf = (credentials: readonly object[], more: object = {}): string =>
  JSON.stringify({
    attestr: { credentials },
    kafka: { brokers: ['localhost:9092'] },
    schemaRegistry: { url: 'http://localhost:8081', password: 'hidden-password', username: 'u' },
    ...more,
  })

const load = (text: string) => loadConfig({ file: 'c.yaml', env: {}, readText: () => text })

function scene(begin: string) {
  const loaded = load(begin)
  if ('problems' in loaded) throw new Error(loaded.problems.join())
  const [log, metrics] = [createMemoryLog(), createMemoryMetrics()]
  let text = begin
  const applied: string[] = []
  const reload = createReload({
    ...{ config: loaded.config, log, metrics, load: () => load(text) },
    apply: (credentials) => applied.push(credentials.map(({ id }) => id).join()),
  })
  return {
    applied,
    /** Out: the lines it gives, as event and fields. */
    read(next: string) {
      text = next
      const from = log.lines.length
      reload()
      expect(JSON.stringify(log.lines)).not.toContain('hidden')
      return log.lines.slice(from).map(({ event, fields }) => [event, fields])
    },
    count: (result: string) => metrics.value('attestr_config_reloads_total', { result }),
  }
}

describe('a configuration that is read again', () => {
  it('puts other credentials in force and names what has changed', () => {
    const { read, applied, count } = scene(textOf([MAIN]))
    const changed = { added: [], removed: [], changed: [] }
    expect(read(textOf([MAIN, SECOND]))).toEqual([['credentials-changed', { ...changed, added: ['second'] }]])
    expect(read(textOf([SECOND, MAIN]))).toEqual([['credentials-changed', changed]])
    expect(read(textOf([SECOND, { ...MAIN, clientSecret: 'hidden-other' }]))).toEqual([
      ['credentials-changed', { ...changed, changed: ['main'] }],
    ])
    expect(read(textOf([{ ...SECOND, match: { flowIds: ['FX01'] } }]))).toEqual([
      ['credentials-changed', { added: [], removed: ['main'], changed: ['second'] }],
    ])
    expect(applied).toEqual(['main,second', 'second,main', 'second,main', 'second'])
    expect(count('applied')).toBe(4)
  })

  it('leaves everything as it is when it has problems, and says which', () => {
    const { read, applied, count } = scene(textOf([MAIN]))
    const [[event, fields] = []] = read(textOf([MAIN, { ...SECOND, id: 'main' }]))
    expect([event, fields]).toEqual([
      'reload-refused',
      { problems: [expect.stringContaining('is the same id as')] },
    ])
    read(textOf([MAIN, SECOND]).slice(0, -9))
    read('')
    expect([applied, count('refused')]).toEqual([[], 3])
    // The next sound one is compared with what is in force.
    expect(read(textOf([MAIN]))).toEqual([['reload-unchanged', {}]])
  })

  it('names each other key that waits for a restart, by its name alone, and takes the credentials all the same', () => {
    const { read, applied } = scene(textOf([MAIN]))
    const more = {
      ...{ fetch: { concurrency: 7 }, catalogue: { stages: { FS0secretname: 'PAN' } }, onSystemic: 'exit' },
      schemaRegistry: { url: 'http://localhost:8081', username: 'u', password: 'hidden-other' },
    }
    const keys = ['catalogue.stages', 'fetch.concurrency', 'onSystemic', 'schemaRegistry.password']
    expect(read(textOf([MAIN], more))).toEqual([['restart-needed', { keys }]])
    expect(applied).toEqual([])
    expect(read(textOf([MAIN, SECOND], more))).toMatchObject([
      ['credentials-changed', {}],
      ['restart-needed', { keys }],
    ])
    expect(applied).toEqual(['main,second'])
    expect(read(textOf([MAIN, SECOND]))).toEqual([['reload-unchanged', {}]])
  })
})
