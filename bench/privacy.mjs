/**
 * What the privacy rules cost: CPU of the steps of one event, without network and broker, under different rules.
 *
 *   npm run build && node bench/privacy.mjs [rounds] [--profile small|mixed] [--event-us N] [--dist FOLDER]
 *
 * In:  rounds      of 2,000 events each under every set of rules, 15 if left out; the first is not counted
 *      --event-us  CPU of a whole event, from RESULTS.md: what the shares are of; 350 if left out
 * Out: a line each set of rules: median us an event, and what it is above no rules
 */
import { createSecretKey } from 'node:crypto'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { profile: { type: 'string' }, 'event-us': { type: 'string' }, dist: { type: 'string' } },
})
const dist = resolve(values.dist ?? new URL('../dist', import.meta.url).pathname)
const load = (file) => import(pathToFileURL(`${dist}/${file}.js`).href)
const { createResultSource, catalogueOf } = await load('simulator/results')
const { handshakeIdFor } = await load('simulator/ids')
const { createConfiguredProtect } = await load('configured-privacy')
const { DEFAULTS } = await load('config/load')
const { SecretText } = await load('core/model')
const { PRIVACY_DEFAULTS } = await load('core/privacy-rule')
const { createStageTypeOf } = await load('core/stage-type')
const { readEnvelope } = await load('steps/envelope')
const { createVerify } = await load('steps/verify')
const { createFlatten } = await load('steps/flatten')
const { verifiedStages } = await load('steps/verified')
const { createEncoders } = await load('io/registry/encoders')

const rounds = Number(positionals[0] ?? 15)
const eventUs = Number(values['event-us'] ?? 350)
const EVENTS = 2_000
const BODIES = 200

const source = createResultSource({
  ...{ seed: 3, clientSecret: 'secret', profile: values.profile ?? 'small' },
  canary: null,
})
const ids = Array.from({ length: BODIES }, (_, n) => handshakeIdFor(3, n))
const bodies = ids.map((id) => source.resultFor(id).body)
const credential = { id: 'main', clientSecret: createSecretKey(Buffer.from('secret')) }
const stageTypeOf = createStageTypeOf({
  catalogue: { stages: catalogueOf(source).stages, flows: {} },
  shapeOf: () => null,
  isKnown: () => true,
})
const verify = createVerify({ algorithm: 'sha256', method: 'auto', now: () => 0, onMethodChange: () => {} })
const encoders = createEncoders({ ids: { verified: 1, deadLetter: 2, outcome: 3 } })
const chain = { origin: { topic: 't', partition: 0, offset: 0 }, attempt: 1, replays: 0 }

const key = new SecretText('07'.repeat(32))
const rule = (path, action, stage = '*') => ({ stage, path, action })
const twenty = (action) => [
  ...Array.from({ length: 16 }, (_, n) => rule(`**.member${n}`, 'drop', n % 2 === 0 ? '*' : 'P*')),
  rule('input.pan', action),
  rule('input.acc', action),
  rule('input.epic', action),
  rule('output.name', action),
]
const off = Object.fromEntries(PRIVACY_DEFAULTS.map((name) => [name, 'keep']))
const SETS = {
  'no rules': { defaults: off, rules: [] },
  'the defaults': { defaults: {}, rules: [] },
  'defaults, 20 rules, 4 mask': { defaults: {}, rules: twenty('mask') },
  'defaults, 20 rules, 4 hash': { defaults: {}, rules: twenty('hash') },
  'defaults, 20 rules, 4 encrypt': { defaults: {}, rules: twenty('encrypt') },
}

function pathOf({ defaults, rules }) {
  const privacy = { ...DEFAULTS.privacy, defaults, rules, hashKey: key, encryptionKeys: [{ id: 'k1', key }] }
  const protect = createConfiguredProtect({ catalogue: DEFAULTS.catalogue, privacy })
  const flatten = createFlatten({ limits: DEFAULTS.limits, protect, stageTypeOf })
  return (n) => {
    const reading = readEnvelope(bodies[n], ids[n])
    const trusted = verify(reading.envelope, credential)
    const flat = flatten(trusted.value, null)
    const event = {
      handshakeId: ids[n],
      tag: null,
      flowId: null,
      snapshot: null,
      eventType: null,
      updated: null,
    }
    const envelope = reading.envelope
    const end = {
      chain,
      event,
      envelope,
      stages: flat.value,
      verification: trusted.value.verification,
      fetchedAt: 0,
    }
    return verifiedStages(end, { protect, json: false }).reduce(
      (bytes, record) => bytes + encoders.verified(record).length,
      0,
    )
  }
}

const paths = Object.entries(SETS).map(([name, set]) => ({ name, path: pathOf(set), us: [] }))
for (let round = 0; round <= rounds; round += 1) {
  for (const { path, us } of paths) {
    const before = process.cpuUsage()
    for (let n = 0; n < EVENTS; n += 1) path(n % BODIES)
    const { user, system } = process.cpuUsage(before)
    if (round > 0) us.push((user + system) / EVENTS)
  }
}
const median = (all) => [...all].sort((one, two) => one - two)[Math.floor(all.length / 2)]
const base = median(paths[0].us)
for (const { name, us } of paths) {
  const more = median(us) - base
  console.log(
    `${name.padEnd(30)} ${median(us).toFixed(1)} us (${Math.min(...us).toFixed(1)} to ${Math.max(...us).toFixed(1)}), ` +
      `${more.toFixed(1)} us more: ${((100 * more) / base).toFixed(0)} % of these steps, ${((100 * more) / eventUs).toFixed(1)} % of an event`,
  )
}
