/** Media in a folder of their own: on disk before the record that points to them can be read. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runCommandLine } from '../../src/commands/program.js'
import type { VerifiedStage } from '../../src/core/records.js'
import { decodeVerified } from '../support/decode-rows.js'
import { createSite, type Site } from '../support/site.js'
import { until } from '../support/until.js'

const PRIVACY = { hashKey: '12'.repeat(32), encryptionKeys: [{ id: 'k1', key: 'ab'.repeat(32) }] }
const EVENTS = 12

let site: Site
let folder: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'media-test-'))
  site = await createSite({
    ...{ partitions: 2, simulator: { stages: ['UIDAI:xml', 'EPAN:large-pdf'] } },
    settings: { privacy: { ...PRIVACY, media: { directory: join(folder, 'store') } } },
  })
})
afterEach(async () => {
  await site.close()
  rmSync(folder, { recursive: true })
})

async function records(): Promise<VerifiedStage[]> {
  return decodeVerified((await site.rows(site.topics.verified)).map((row) => ({ ...row, transaction: null })))
}

const referencesOf = (rows: readonly VerifiedStage[]): string[] =>
  rows.flatMap(({ output }) =>
    Object.values(output).filter((text) => text?.startsWith('m1:') === true),
  ) as string[]

const files = (): string[] =>
  readdirSync(join(folder, 'store'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('.'),
  )

async function media(reference: string, out: string) {
  const texts = { out: '', err: '' }
  const code = await runCommandLine(['media', reference, '--out', out, '--config', site.configFile], {
    ...{ env: site.env, version: 'test' },
    out: (text) => {
      texts.out += text
    },
    err: (text) => {
      texts.err += text
    },
    exitNow: (exit) => {
      throw new Error(`exit ${exit}`)
    },
  })
  return { code, ...texts }
}

const send = () => site.send(Array.from({ length: EVENTS }, (_, n) => ({ value: site.handshakeId(n) })))

it('are stored once a content, sealed, and every reference in a record has its file', async () => {
  await send()
  await send()
  const here = await site.here()
  await here.started
  await until('all are committed', () => site.caughtUp())
  expect(await site.violations()).toBe('')
  const references = referencesOf(await records())
  expect(references.length).toBeGreaterThanOrEqual(2 * EVENTS)
  const named = new Set(references.map((reference) => reference.replace(/^m1:(.*):(..)(.*)$/, '$2/$1.$2$3')))
  expect(new Set(files())).toEqual(named)
  const [file = ''] = files()
  expect(readFileSync(join(folder, 'store', file)).includes('JFIF')).toBe(false)

  const [reference = ''] = references
  const out = join(folder, 'photo')
  expect(await media(reference, out)).toMatchObject({ code: 0 })
  const stage = (await records()).find(({ output }) => Object.values(output).includes(reference))
  const redaction = Object.values(stage?.redactions ?? {}).find((text) => text.startsWith('store '))
  expect(readFileSync(out).length).toBe(Number(redaction?.split(' ')[1]))
  expect(await media(reference, out)).toMatchObject({ code: 1 })
  writeFileSync(join(folder, 'store', file), 'changed')
  const changed = `m1:${file.slice(3).replace('.', ':')}`
  expect(await media(changed, join(folder, 'other'))).toMatchObject({ code: 3 })
})

it('that cannot be stored hold their events: nothing is written, /readyz says why, and it goes on by itself', async () => {
  writeFileSync(join(folder, 'store'), 'in the way')
  await send()
  const here = await site.here()
  await here.started
  await until('it waits', async () => (await here.status()).reason === 'media-down')
  expect(here.lines.filter(({ event }) => event === 'media-store-down')).toMatchObject([
    { cause: 'Error ENOTDIR' },
  ])
  expect(await records()).toEqual([])
  rmSync(join(folder, 'store'))
  await until('all are committed', () => site.caughtUp())
  expect((await here.status()).ready).toBe(true)
  expect(await site.violations()).toBe('')
  expect(referencesOf(await records()).length).toBeGreaterThanOrEqual(EVENTS)
})
