/**
 * What the checking part of `reconcile` costs, without a broker: rows of so many events are made up, fed and judged.
 *
 *   npm run build && node bench/reconcile.mjs [events] [--lose N] [--dist FOLDER]
 *
 * In:  events  10,000,000 if left out
 *      --lose  the outcome of every Nth event is left out
 * Out: one line of JSON: rows, seconds, greatest resident memory, violations
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { lose: { type: 'string' }, dist: { type: 'string' } },
})
const dist = resolve(values.dist ?? new URL('../dist', import.meta.url).pathname)
const load = (file) => import(pathToFileURL(`${dist}/tools/reconcile/${file}.js`).href)
const { createProof } = await load('proof')
const { idHash } = await load('facts')

const events = Number(positionals[0] ?? 10_000_000)
const loseEvery = values.lose === undefined ? 0 : Number(values.lose)
const PARTITIONS = 12
const STAGES = 3
const FIRST_SECONDS = 1_700_000_000

const topics = { events: 'attestr.handshakes', retry: 'attestr.retry.1m' }
const outputs = {
  verified: 'attestr.verified',
  deadLetter: 'attestr.dead-letter',
  outcome: 'attestr.outcomes',
}
const span = { low: 0, from: 0, end: Number.MAX_SAFE_INTEGER }
const partitions = (more) =>
  new Map(Array.from({ length: PARTITIONS }, (_, partition) => [partition, { ...span, ...more }]))
const input = (kind) => ({
  ...{ kind, compacted: false },
  partitions: partitions({ settled: span.end, hasOffset: true }),
})
const scope = {
  ...{ exact: true, startsLate: false, since: null },
  inputs: new Map([
    [topics.events, input('event')],
    [topics.retry, input('retry')],
  ]),
  outputs: new Map(
    Object.entries(outputs).map(([kind, topic]) => [topic, { kind, partitions: partitions({}) }]),
  ),
}

const proof = createProof(scope)
const ends = new Map()
let rows = 0

function placeIn(topic, partition) {
  const key = `${topic}/${partition}`
  const offset = ends.get(key) ?? 0
  ends.set(key, offset + 1)
  return { topic, partition, offset }
}

function add(facts) {
  rows += 1
  proof.add(facts)
}

/** The end of one message: of a hundred events 90 are verified, 5 dead, 3 skipped, 2 delayed once and then verified. */
function endOf(n, chain, isLost) {
  const { at: source, ...common } = chain
  const share = n % 100
  const delayed = share >= 98 && chain.attempt === 1
  const end = delayed ? 'DELAYED' : share < 90 || share >= 98 ? 'VERIFIED' : share < 95 ? 'DEAD' : 'SKIPPED'
  const partition = (n * 7) % PARTITIONS
  const id = `DS0${n.toString(36).padStart(18, '0')}`
  const handshake = idHash(id)
  const code = end === 'VERIFIED' ? null : end === 'DEAD' ? 'result-archived' : 'no-stages'
  if (end === 'VERIFIED') {
    for (let stageIndex = 0; stageIndex < STAGES; stageIndex += 1) {
      const ids = { id: idHash(`${id}/FS0stage${stageIndex}@0123456789ab`), handshake }
      const stage = { stageIndex, stageCount: STAGES, ...ids, result: idHash(`${id}@0123456789ab`) }
      add({ kind: 'record', at: placeIn(outputs.verified, partition), ...common, ...stage })
    }
  }
  if (end === 'DEAD') {
    add({
      kind: 'deadLetter',
      at: placeIn(outputs.deadLetter, partition),
      ...common,
      source,
      code,
      handshake,
    })
  }
  const told = { source, outcome: end, code, records: end === 'VERIFIED' ? STAGES : 0, handshake }
  if (!isLost) add({ kind: 'outcome', at: placeIn(outputs.outcome, partition), ...common, ...told })
  if (!delayed) return
  const retry = { ...common, at: placeIn(topics.retry, partition), attempt: 2 }
  add({ kind: 'message', ...retry })
  endOf(n, retry, false)
}

const seconds = (since) => Math.round((performance.now() - since) / 100) / 10
const feeding = performance.now()
for (let n = 0; n < events; n += 1) {
  const at = placeIn(topics.events, n % PARTITIONS)
  const chain = { at, origin: at, attempt: 1, replays: 0, seconds: FIRST_SECONDS + Math.floor(n / 1000) }
  add({ kind: 'message', ...chain })
  endOf(n, chain, loseEvery > 0 && n % loseEvery === loseEvery - 1)
}
const fedIn = seconds(feeding)
const judging = performance.now()
const { counts, violations } = proof.conclude()
let listed = 0
for (const _ of violations()) listed += 1
const judgedIn = seconds(judging)
proof.close()

const maxRssMb = Math.round(process.resourceUsage().maxRSS / 1024)
const rowsPerSecond = Math.round(rows / (fedIn + judgedIn || 1))
process.stdout.write(
  `${JSON.stringify({ events, rows, fedIn, judgedIn, rowsPerSecond, maxRssMb, violations: counts.violations, listed })}\n`,
)
