/** avro/stage is made from the catalogue: one schema a built-in type. `npm run docs` writes it anew. */
import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { typedSchemaOf } from '../../src/catalogue/avro.js'
import { topicSuffixOf } from '../../src/catalogue/columns.js'
import { createCatalogue } from '../../src/catalogue/index.js'
import { page } from '../support/pages.js'

const { types } = createCatalogue()

it.each(types.map((spec) => [topicSuffixOf(spec.name), spec] as const))(
  'avro/stage/%s.avsc is the schema that is registered',
  async (file, spec) => {
    const text = `${JSON.stringify(JSON.parse(typedSchemaOf(spec)), null, 2)}\n`
    await expect(text).toMatchFileSnapshot(page(`avro/stage/${file}.avsc`))
  },
)

it('avro/stage has no other file', () => {
  const files = readdirSync(page('avro/stage')).sort()
  expect(files).toEqual(types.map(({ name }) => `${topicSuffixOf(name)}.avsc`).sort())
})
