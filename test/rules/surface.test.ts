/** The public surface: names may be added here on purpose, and none goes by accident. Source: product.md section 12. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as surface from '../../src/index.js'
import { ROOT } from './tree.js'

const text = readFileSync(`${ROOT}src/index.ts`, 'utf8')
const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))

/** Names after `export`, types told apart. */
const exported = [...text.matchAll(/export (type )?\{([^}]*)\} from/g)].flatMap(([, allTypes, names = '']) =>
  names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => ({
      name: name.replace(/^type /, ''),
      isType: allTypes !== undefined || name.startsWith('type '),
    })),
)

describe('the library', () => {
  it('exports these functions and values', () => {
    expect(Object.keys(surface).sort()).toEqual([
      'FAILURES',
      'createConnector',
      'createResultClient',
      'flattenResult',
      'loadConfig',
      'problemReport',
      'verifyResult',
    ])
  })

  it('exports these types', () => {
    expect(
      exported
        .filter(({ isType }) => isType)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([
      'Config',
      'ConfigSource',
      'Connector',
      'ConnectorSettings',
      'ConnectorStatus',
      'Ending',
      'Failure',
      'FailureCategory',
      'FailureCode',
      'FailureKind',
      'FetchedResult',
      'Finish',
      'FlatStage',
      'FlattenLimits',
      'FlattenSettings',
      'LoadedConfig',
      'Log',
      'LogFields',
      'Method',
      'Metrics',
      'PrivacyDefault',
      'ResultClient',
      'ResultClientOptions',
      'SkipCode',
      'StageStatus',
      'Step',
      'SystemicReason',
      'TextMap',
      'TrustedResult',
      'Verification',
    ])
  })

  it('has one entry, by names alone', () => {
    expect(Object.keys(manifest.exports)).toEqual(['.'])
    expect(text).not.toMatch(/export \*|export default/)
    expect(
      exported
        .filter(({ isType }) => !isType)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(surface).sort())
  })

  it('explains each function where it is written', () => {
    for (const [name, file] of [
      ['createConnector', 'library/connector'],
      ['createResultClient', 'library/result-client'],
      ['flattenResult', 'library/flatten-result'],
      ['loadConfig', 'config/load'],
      ['verifyResult', 'steps/verify'],
    ]) {
      const source = readFileSync(`${ROOT}src/${file}.ts`, 'utf8')
      expect(source).toMatch(new RegExp(`Source: product\\.md section[^/]*\\*/\\nexport function ${name}\\b`))
    }
  })
})
