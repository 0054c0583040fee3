/**
 * What the forms of records cost, without a broker and without HTTP: an answer is read, verified, flattened, encoded and
 * routed, in turns of each form, so that all meet the same machine.
 *
 *   npm run build && node bench/record-forms.mjs [turns] [--profile small|mixed] [--dist FOLDER]
 *
 * In:  turns  of 4,000 events for each form; 15 if left out
 * Out: a line a form: median microseconds of CPU an event, and how much more than the long form
 */
import { createSecretKey } from 'node:crypto'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { profile: { type: 'string' }, dist: { type: 'string' } },
})
const dist = resolve(values.dist ?? new URL('../dist', import.meta.url).pathname)
const load = (file) => import(pathToFileURL(`${dist}/${file}.js`).href)
const { createCatalogue } = await load('catalogue/index')
const { layoutOf } = await load('catalogue/layout')
const { createShapeOf } = await load('catalogue/shape')
const { typedKindsOf } = await load('catalogue/typed-kinds')
const { createDrift } = await load('core/drift')
const { createStageTypeOf } = await load('core/stage-type')
const { createEncoders } = await load('io/registry/encoders')
const { createResultSource, catalogueOf } = await load('simulator/results')
const { handshakeIdFor } = await load('simulator/ids')
const { readEnvelope } = await load('steps/envelope')
const { createFlatten } = await load('steps/flatten')
const { createProtect } = await load('steps/protect')
const { createRoute } = await load('steps/route')
const { createTyped } = await load('steps/typed')
const { createVerify } = await load('steps/verify')

const FORMS = ['long', 'typed', 'both']
const EVENTS = 4000
const turns = Number(positionals[0] ?? 15)
const secret = 'bench-secret'
const source = createResultSource({ seed: 7, clientSecret: secret, profile: values.profile ?? 'small' })
const ids = Array.from({ length: EVENTS }, (_, n) => handshakeIdFor(7, n))
const bodies = ids.map((id) => Buffer.from(source.resultFor(id).body))
const catalogue = { ...catalogueOf(source), flows: {}, types: {} }
const protect = createProtect({ defaults: {}, rules: [] })
const now = () => Date.now()
const credential = { id: 'main', clientSecret: createSecretKey(Buffer.from(secret)) }
const limits = { depth: 32, leaves: 2000, stages: 200, keyLength: 512 }

function workerOf(form) {
  const kinds = typedKindsOf({ records: { form }, topics: { verified: 'v' }, catalogue })
  const typed = kinds.map((kind, n) => ({ ...kind, id: 10 + n }))
  const drift = createDrift({ warn() {} }, { add() {} })
  const verify = createVerify({ algorithm: 'sha256', method: 'auto', now })
  const stageTypeOf = createStageTypeOf({
    catalogue,
    shapeOf: createShapeOf(createCatalogue().types),
    isKnown: () => true,
  })
  const flatten = createFlatten({ limits, protect, stageTypeOf })
  const typedOf = createTyped(
    kinds.map(({ spec }) => layoutOf(spec)),
    drift,
  )
  const topics = new Map(kinds.map(({ stageType, topic }) => [stageType, topic]))
  const route = createRoute({
    encoders: createEncoders({ ids: { verified: 1, deadLetter: 2, outcome: 3 }, typed }),
    topics: { verified: 'v', deadLetter: 'd', outcomes: 'o', retry: [] },
    forms: { form, json: false, typedOf, topics },
    ...{ maxRecordBytes: 1_000_000, hashKey: null, protect, now },
    deadLetters: { undecodable: 'reference', headers: [] },
  })
  let bytes = 0
  const one = (n) => {
    const at = { topic: 'e', partition: 0, offset: n }
    const event = {
      ...{ handshakeId: ids[n], eventType: 'flowx.completed', tag: null, flowId: null, snapshot: null },
      ...{ updated: null, reduced: '', traceparent: null },
    }
    const { envelope } = readEnvelope(bodies[n], ids[n])
    const trusted = verify(envelope, credential).value
    const end = route.verified({
      message: { ...at, timestamp: 0, key: null, value: null, headers: [] },
      chain: { source: at, origin: at, attempt: 1, replays: 0, firstSeenAt: 0, callsBefore: 0 },
      ...{ calls: 1, startedAt: 0, event, envelope, fetchedAt: 0 },
      ...{ stages: flatten(trusted, null).value, verification: trusted.verification },
    })
    for (const { value } of end.outputs) bytes += value.length
  }
  return {
    form,
    micros: [],
    turn() {
      const before = process.cpuUsage()
      for (let n = 0; n < EVENTS; n += 1) one(n)
      const { user, system } = process.cpuUsage(before)
      return (user + system) / EVENTS
    },
    bytes: () => bytes,
  }
}

const workers = FORMS.map(workerOf)
// The first turns are the compiler's.
for (const worker of [...workers, ...workers]) worker.turn()
const warm = workers.map((worker) => worker.bytes())
for (let turn = 0; turn < turns; turn += 1) for (const worker of workers) worker.micros.push(worker.turn())
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
const long = median(workers[0].micros)
for (const [n, { form, micros, bytes }] of workers.entries()) {
  const more = (100 * (median(micros) - long)) / long
  const size = (bytes() - warm[n]) / turns / EVENTS
  console.log(
    `${form.padEnd(6)} ${median(micros).toFixed(1)} us an event, ${more >= 0 ? '+' : ''}${more.toFixed(1)} %, ${size.toFixed(0)} bytes written`,
  )
}
