/** A loop as most teams write it, with kafkajs as it comes: what the connector is measured beside. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import kafkajs from 'kafkajs'
import { ROOT } from '../root.js'
import type { BaselineConfig } from '../subjects.js'
import { runEachBatch } from './each-batch.js'
import { runEachMessage } from './each-message.js'
import { createWork } from './work.js'

const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as BaselineConfig
const kafka = new kafkajs.Kafka({
  brokers: [...config.brokers],
  clientId: 'baseline',
  logLevel: kafkajs.logLevel.ERROR,
})
const consumer = kafka.consumer({ groupId: config.groupId })
const producer = kafka.producer()
const registry = new SchemaRegistry({ host: config.registryUrl })
const schema = readFileSync(new URL('avro/verified-stage.avsc', ROOT), 'utf8')
const { id } = await registry.register(
  { type: SchemaType.AVRO, schema },
  { subject: `${config.verifiedTopic}-value` },
)
const work = createWork(config, (record) => registry.encode(id, record))

let done = 0
const progress = (events: number): void => {
  done += events
}
let ready = false
/** As much of the connector's operations port as the benchmark asks. */
const server = createServer((request, response) => {
  if (request.url === '/readyz') {
    response.writeHead(ready ? 200 : 503).end()
    return
  }
  const { user, system } = process.cpuUsage()
  const outcomes = `attestr_outcomes_total{outcome="verified",code=""} ${done}`
  response.end(`${outcomes}\nprocess_cpu_seconds_total ${(user + system) / 1e6}\n`)
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ event: 'started', ops: port })}\n`)
})

await Promise.all([consumer.connect(), producer.connect()])
await consumer.subscribe({ topics: [config.eventsTopic], fromBeginning: true })
const loop = config.loop === 'each-batch' ? runEachBatch : runEachMessage
await loop({ config, consumer, producer, work, progress })
ready = true

process.once('SIGTERM', () => {
  void Promise.all([consumer.disconnect(), producer.disconnect()]).then(() => process.exit(0))
})
