import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LOG_EVENTS, METRICS, type MetricKind } from '../../src/core/names.js'

const root = new URL('../../src', import.meta.url).pathname
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))

const calls = (pattern: RegExp) =>
  sources.flatMap(({ file, text }) =>
    [...text.matchAll(pattern)].map((match) => ({ file, method: match[1] ?? '', name: match[2] ?? '' })),
  )

const KINDS: Readonly<Record<string, MetricKind['kind']>> = {
  add: 'counter',
  set: 'gauge',
  observe: 'histogram',
}

describe('metrics', () => {
  const written = calls(/\bmetrics\.(add|set|observe)\(\s*'([^']+)'/g)
  it('are written by the names and kinds of the closed list', () => {
    const kinds: Readonly<Record<string, MetricKind>> = METRICS
    expect(written.length).toBeGreaterThan(5)
    for (const { file, method, name } of written) {
      expect(`${file}: ${name} ${kinds[name]?.kind}`).toBe(`${file}: ${name} ${KINDS[method]}`)
    }
  })

  it('are in the list only when something writes them', () => {
    const names = new Set(written.map(({ name }) => name))
    expect(Object.keys(METRICS).filter((name) => !names.has(name))).toEqual([])
  })
})

describe('log events', () => {
  const written = calls(/\blog\.(debug|info|warn|error)\(\s*'([^']+)'/g)
  it('are those of the closed list, which has no other', () => {
    expect([...new Set(written.map(({ name }) => name))].sort()).toEqual(Object.keys(LOG_EVENTS).sort())
  })

  it('are named by a literal, so that this test sees them', () => {
    const loose = sources.flatMap(({ file, text }) =>
      [...text.matchAll(/\blog\.(?:debug|info|warn|error)\((?!\s*')/g)].map(() => file),
    )
    expect(loose).toEqual([])
  })
})
