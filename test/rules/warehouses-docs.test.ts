/** docs/warehouses.md shows the very statements that `npm run warehouses` runs. `npm run docs` writes them anew. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { page, withPart } from '../support/pages.js'

const path = page('docs/warehouses.md')

/** What stands in the page for the names of a run. */
const NAMES: Readonly<Record<string, string>> = {
  brokers: 'broker:9092',
  registryUrl: 'http://registry:8081',
  apicurioUrl: 'http://registry:8080/apis/registry/v2',
  jdbcUrl: 'jdbc:postgresql://warehouse:5432/warehouse',
  verifiedTopic: 'attestr.verified',
  connectorName: 'typed-records',
  offsetsFile: 'connect.offsets',
  restPort: '8083',
}

const FILES = [
  'flink/long.sql',
  'flink/typed.sql',
  'postgres/long.sql',
  'postgres/typed.sql',
  'postgres/merge.sql',
  'connect/worker.properties',
  'connect/sink.properties',
]

function shown(file: string): string {
  const text = readFileSync(page(`dev/warehouses/${file}`), 'utf8')
  const filled = text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const known = NAMES[name]
    if (known === undefined) throw new Error(`${file} names ${name}, which the page has no word for`)
    return known
  })
  return `\`\`\`${file.endsWith('.sql') ? 'sql' : 'properties'}\n${filled.trimEnd()}\n\`\`\``
}

describe('docs/warehouses.md', () => {
  it('shows every statement that was run, as it was run', async () => {
    const text = readFileSync(path, 'utf8')
    const written = FILES.reduce((before, file) => withPart(before, `file ${file}`, shown(file)), text)
    await expect(written).toMatchFileSnapshot(path)
  })

  it('says of every other statement that it was not run', () => {
    const text = readFileSync(path, 'utf8').replaceAll(/<!-- file [\s\S]*?<!-- end of file -->/g, '')
    const sections = text.split(/^## /m).filter((section) => section.includes('```sql'))
    expect(sections.length).toBeGreaterThan(2)
    expect(sections.filter((section) => !section.includes('**Not run.**'))).toEqual([])
  })
})
