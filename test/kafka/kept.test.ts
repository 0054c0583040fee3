/** P1 and P2 of what is kept beside the records: evidence and media, through kill -9. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { EvidenceRow } from '../../src/core/evidence.js'
import { mediaPlace } from '../../src/core/media.js'
import type { VerifiedStage } from '../../src/core/records.js'
import { createFileMediaStore } from '../../src/io/media/files.js'
import { createSeededRandom } from '../../src/io/memory/random.js'
import { createSealer } from '../../src/steps/seal.js'
import { decodeEvidence, decodeVerified, type RawRow } from '../support/decode-rows.js'
import type { Instance } from '../support/instance.js'
import { createSite, type Site } from '../support/site.js'
import { until } from '../support/until.js'

const EVENTS = 1500
const KILLS = 8
const KEY = { id: 'k1', key: 'ab'.repeat(32) }

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))
const random = createSeededRandom(seed)

let site: Site
let folder: string
let evidenceTopic: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kept-test-'))
  evidenceTopic = `evidence-${process.pid}-${seed}`
  site = await createSite({
    partitions: 6,
    simulator: { latencyMs: 20, stages: ['UIDAI:xml', 'MOBILE_OTP:done'] },
    settings: {
      kafka: { sessionTimeoutMs: 3000, rebalanceDrainMs: 1000 },
      fetch: { concurrency: 8 },
      topics: { evidence: evidenceTopic },
      privacy: { hashKey: '12'.repeat(32), encryptionKeys: [KEY], media: { directory: folder } },
    },
  })
})
afterEach(async () => {
  await site.close()
  rmSync(folder, { recursive: true })
})

const raw = async (topic: string): Promise<RawRow[]> =>
  (await site.rows(topic)).map((row) => ({ ...row, transaction: null }))

const isWorking = (instance: Instance): boolean =>
  instance.lines.some(({ event }) => event === 'partitions-assigned')

const nameOf = ({
  resultId,
  origin,
  attempt,
}: Pick<EvidenceRow, 'resultId' | 'origin' | 'attempt'>): string =>
  `${resultId} of ${origin.partition}@${origin.offset} attempt ${attempt}`

/** What is wrong between records, evidence and stored media; each line once. */
async function faults(
  records: readonly VerifiedStage[],
  evidence: readonly EvidenceRow[],
): Promise<string[]> {
  const verified = new Set(records.map(nameOf))
  const parts = new Map<string, EvidenceRow[]>()
  for (const row of evidence) parts.set(nameOf(row), [...(parts.get(nameOf(row)) ?? []), row])
  const torn = [...parts].filter(([, rows]) =>
    rows.some(({ part, parts }, n) => part !== n || parts !== rows.length),
  )
  const store = createFileMediaStore(folder)
  const sealer = createSealer([{ id: KEY.id, key: Buffer.from(KEY.key, 'hex') }])
  const unopened: string[] = []
  for (const { output, redactions } of records) {
    for (const [path, reference] of Object.entries(output)) {
      if (reference?.startsWith('m1:') !== true) continue
      const stored = await store.get(reference)
      const opened = stored === null ? null : sealer.openBytes(stored, mediaPlace(reference))
      const bytes = opened?.kind === 'open' ? opened.plain.length : -1
      if (redactions[`output.${path}`] !== `store ${bytes}`) unopened.push(`not stored: ${reference}`)
    }
  }
  return [
    ...[...verified].filter((name) => !parts.has(name)).map((name) => `no evidence: ${name}`),
    ...[...parts.keys()].filter((name) => !verified.has(name)).map((name) => `no record: ${name}`),
    ...torn.map(([name]) => `twice or in parts: ${name}`),
    ...new Set(unopened),
  ]
}

it(`have each verified result once and whole, and each medium that a record points to, with ${KILLS} kill -9`, async () => {
  const instances: Instance[] = [site.process(), site.process()]
  const feeding = (async () => {
    for (let sent = 0; sent < EVENTS; sent += 50) {
      const ids = Array.from({ length: 50 }, (_, n) => ({ value: site.handshakeId(sent + n) }))
      await site.send(ids)
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  })()
  for (let kills = 0; kills < KILLS; kills += 1) {
    const victim = Math.floor(random() * 2)
    await until('the victim works', () => isWorking(instances[victim] as Instance))
    await new Promise((resolve) => setTimeout(resolve, 100 + random() * 900))
    instances[victim]?.kill('SIGKILL')
    await instances[victim]?.ended
    instances[victim] = site.process()
  }
  await feeding
  await until('all are committed', () => site.caughtUp(), 120_000)
  await until('all work', () => instances.every(isWorking))
  for (const instance of instances) instance.kill('SIGTERM')
  for (const instance of instances) expect(await instance.ended).toBe(0)

  expect(await site.violations()).toBe('')
  const records = decodeVerified(await raw(site.topics.verified))
  const evidence = decodeEvidence(await raw(evidenceTopic))
  const verified = (await site.outcomes()).filter(({ outcome }) => outcome === 'VERIFIED').length
  console.log(
    `kills ${KILLS}, events ${EVENTS}, verified ${verified}, evidence ${evidence.length}, seed ${seed}`,
  )
  expect(verified).toBe(EVENTS)
  expect(await faults(records, evidence)).toEqual([])

  // The comparison finds what it is for.
  const [first, second] = evidence as [EvidenceRow, EvidenceRow]
  const medium = records
    .flatMap(({ output }) => Object.values(output))
    .find((text) => text?.startsWith('m1:'))
  rmSync(join(folder, String(medium).replace(/^m1:(.*):(..)(.*)$/, '$2/$1.$2$3')))
  expect(await faults(records, [first, ...evidence.slice(1), second])).toEqual([
    `twice or in parts: ${nameOf(second)}`,
    `not stored: ${medium}`,
  ])
  expect(
    await faults(
      records.filter((one) => nameOf(one) !== nameOf(second)),
      evidence.slice(1),
    ),
  ).toEqual(expect.arrayContaining([`no evidence: ${nameOf(first)}`, `no record: ${nameOf(second)}`]))
})
