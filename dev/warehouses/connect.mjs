/** Kafka Connect in a process of its own, with one sink. */
import { join } from 'node:path'
import { startJava } from './java.mjs'
import { freePort } from './postgres.mjs'
import { until } from './topics.mjs'

// Warnings alone: a worker says a great deal at the level above.
const LOGGING = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']

/**
 * Runs the sink until it has read all there is.
 *
 * In:  files  the two property files, filled
 *      isDone  whether everything has arrived
 */
export async function runConnect({ jars, files, isDone }) {
  const worker = startJava(jars, [
    '-Xmx512m',
    ...LOGGING,
    'org.apache.kafka.connect.cli.ConnectStandalone',
    ...files,
  ])
  let code = null
  void worker.ended.then((ended) => {
    code = ended
  })
  try {
    await until('the sink has written everything', async () => {
      if (code !== null) throw new Error(`Connect ended with ${code}`)
      if (/Task threw an uncaught|Task is being killed|ERROR Failed/.test(worker.text()))
        throw new Error('the sink failed')
      return isDone()
    })
  } catch (error) {
    console.log(complaintsOf(worker.text()))
    throw error
  } finally {
    worker.kill()
    await worker.ended
  }
}

const complaintsOf = (text) =>
  text
    .split('\n')
    .filter((line) => /ERROR|WARN|Caused by|Exception/.test(line))
    .slice(-30)
    .join('\n')

/** What the worker's file names beside the addresses. */
export async function connectNames(registryUrl, scratch) {
  return {
    // The converter speaks the registry's own API, which lies beside the Confluent one.
    apicurioUrl: registryUrl.replace(/\/apis\/.*$/, '/apis/registry/v2'),
    offsetsFile: join(scratch, 'offsets'),
    restPort: String(await freePort()),
  }
}
