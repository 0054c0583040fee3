import { describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config/load.js'
import { createConfiguredPath, type PathParts } from '../src/configured-path.js'
import { createMemoryLog, type LogLine } from '../src/io/memory/log.js'

/** The lines that a path begins with. In: `catalogue` of the configuration. */
function linesWith(catalogue: object): readonly LogLine[] {
  const text = JSON.stringify({
    attestr: { credentials: [{ id: 'main', authToken: 'a token', clientSecret: 'a secret' }] },
    kafka: { brokers: ['localhost:9092'] },
    schemaRegistry: { url: 'http://localhost:8081' },
    catalogue,
  })
  const loaded = loadConfig({ file: 'c.yaml', env: {}, readText: () => text })
  if ('problems' in loaded) throw new Error(loaded.problems.join())
  const log = createMemoryLog()
  // Nothing comes along this path: what its steps would ask is not there.
  createConfiguredPath({ config: loaded.config, log } as unknown as PathParts)
  return log.lines
}

describe('stage types of the configuration that the catalogue does not know', () => {
  const FLOWS = { FX0flow1: { FS0stage3: 'PANN', FS0stage4: 'EPIC' }, FX0flow2: { FS0stage5: 'OWN' } }

  it('are named in a warning, each once', () => {
    const stages = { FS0stage1: 'PAN', FS0stage2: 'PANN' }
    const warning = { level: 'warn', event: 'unknown-stage-types', fields: { types: ['PANN', 'OWN'] } }
    expect(linesWith({ stages, flows: FLOWS })).toEqual([warning])
  })

  it('are none where a type of the operator has the name', () => {
    const types = { PANN: { output: { a: { type: 'text' } } }, OWN: { output: { b: { type: 'text' } } } }
    expect(linesWith({ stages: { FS0stage1: 'PAN' }, flows: FLOWS, types })).toEqual([])
    expect(linesWith({})).toEqual([])
  })
})
