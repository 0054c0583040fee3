/** Rules over more than one key. Source: product.md sections 8, 9 and 10. Texts name keys, never values. */
import type { Reader } from './reader.js'
import { keyName, type Path } from './tree.js'
import { parseUrl } from './values.js'

export type Report = (path: Path, text: string) => void

type Rule = (read: Reader, report: Report) => void

const pathOf = (key: string): Path => key.split('.')

/** The two numbers of a rule are reported at the key the user wrote, the lower one if both are. */
function ordered(lowKey: string, highKey: string, allowEqual: boolean): Rule {
  return (read, report) => {
    const [lowPath, highPath] = [pathOf(lowKey), pathOf(highKey)]
    const [low, high] = [read.number(lowPath), read.number(highPath)]
    if (low === undefined || high === undefined || low < high || (allowEqual && low === high)) return
    const bound = (path: Path, key: string, value: number): string =>
      read.isWritten(path) ? key : `${key} (default ${value})`
    const equal = allowEqual ? 'at most ' : ''
    const least = allowEqual ? 'at least ' : ''
    if (!read.isWritten(lowPath) && read.isWritten(highPath)) {
      report(highPath, `must be ${least === '' ? 'more than ' : least}${bound(lowPath, lowKey, low)}`)
    } else report(lowPath, `must be ${equal === '' ? 'less than ' : equal}${bound(highPath, highKey, high)}`)
  }
}

const topicsDiffer: Rule = (read, report) => {
  const paths: Path[] = [
    ...indexed(read, ['topics', 'events']),
    ['topics', 'verified'],
    ['topics', 'deadLetter'],
    ['topics', 'outcomes'],
    ['topics', 'evidence'],
    ...indexed(read, ['topics', 'retry']).map((path) => [...path, 'topic']),
    ['topics', 'replay'],
  ]
  const first = new Map<string, Path>()
  for (const path of paths) {
    const topic = read.text(path)
    if (topic === undefined) continue
    const other = first.get(topic)
    if (other === undefined) first.set(topic, path)
    else if (!read.isWritten(path) && read.isWritten(other)) {
      report(other, `is the same topic as ${keyName(path)} (its default)`)
    } else report(path, `is the same topic as ${keyName(other)}`)
  }
}

const credentialsDiffer: Rule = (read, report) => {
  const first = new Map<string, Path>()
  for (const path of indexed(read, ['attestr', 'credentials'])) {
    const here = [...path, 'id']
    const id = read.text(here)
    if (id === undefined) continue
    const other = first.get(id)
    if (other === undefined) first.set(id, here)
    else report(here, `is the same id as ${keyName(other)}`)
  }
}

const delaysAscend: Rule = (read, report) => {
  let before = 0
  for (const [index, path] of indexed(read, ['topics', 'retry']).entries()) {
    const here = [...path, 'delayMs']
    const delayMs = read.number(here)
    if (delayMs === undefined) continue
    if (index > 0 && delayMs <= before)
      report(here, 'must be longer than the delay of the retry topic before it')
    before = delayMs
  }
}

const baseUrlIsSafe: Rule = (read, report) => {
  const path = ['attestr', 'baseUrl']
  const url = parseUrl(read.text(path) ?? '')
  if (url === null || url.protocol !== 'http:' || isLoopback(url.hostname)) return
  if (read.flag(['attestr', 'allowHttp']) === false) {
    report(
      path,
      'must be https: the token and results would travel readable (attestr.allowHttp: true allows it in a test network)',
    )
  }
}

export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host)

const registryAuth: Rule = (read, report) => {
  const key = (name: string): Path => ['schemaRegistry', name]
  pair(read, report, key('username'), key('password'))
  if (read.has(key('token')) && (read.has(key('username')) || read.has(key('password')))) {
    report(key('token'), 'cannot stand beside schemaRegistry.username and password; give one of them')
  }
}

const clientCertificate: Rule = (read, report) =>
  pair(read, report, ['kafka', 'ssl', 'certFile'], ['kafka', 'ssl', 'keyFile'])

function pair(read: Reader, report: Report, one: Path, two: Path): void {
  if (read.has(one) && !read.has(two)) report(one, `needs ${keyName(two)} beside it`)
  if (read.has(two) && !read.has(one)) report(two, `needs ${keyName(one)} beside it`)
}

const evidenceKeys: Rule = (read, report) => {
  if (!read.has(['topics', 'evidence']) || read.count(['privacy', 'encryptionKeys']) > 0) return
  report(['topics', 'evidence'], 'needs a key in privacy.encryptionKeys: what was signed is kept encrypted')
}

const mediaKeys: Rule = (read, report) => {
  const path = ['privacy', 'media', 'directory']
  if (!read.has(path)) return
  if (read.count(['privacy', 'encryptionKeys']) === 0)
    report(path, 'needs a key in privacy.encryptionKeys: media are kept encrypted')
  if (!read.has(['privacy', 'hashKey'])) report(path, 'needs privacy.hashKey: media are kept by keyed digest')
  if (read.text(['privacy', 'defaults', 'media']) === 'keep')
    report(path, 'has no effect with privacy.defaults.media: keep, which leaves media in the records')
}

const ignoredEvents: Rule = (read, report) => {
  if (!read.isWritten(['events', 'fetch'])) return
  const fetched = new Set(indexed(read, ['events', 'fetch']).map((path) => read.text(path)))
  for (const path of indexed(read, ['events', 'ignore'])) {
    const name = read.text(path)
    if (name !== undefined && fetched.has(name))
      report(path, 'is in events.fetch too; name an event in one of them')
  }
}

const policyRowsDiffer: Rule = (read, report) => {
  const first = new Map<string, Path>()
  for (const path of indexed(read, ['policy'])) {
    const status = read.number([...path, 'status'])
    if (status === undefined) continue
    if (status === 200)
      report([...path, 'status'], 'cannot be 200: a result is always read, and its signature checked')
    const code = [...path, 'code']
    // A code that is there and is no number has been reported already.
    if (read.has(code) && read.number(code) === undefined) continue
    const key = `${status}/${read.number(code) ?? '*'}`
    const other = first.get(key)
    if (other === undefined) first.set(key, path)
    else report(path, `is for the same status and code as ${keyName(other)}`)
  }
}

function indexed(read: Reader, list: Path): Path[] {
  return Array.from({ length: read.count(list) }, (_, index) => [...list, index])
}

export const CONTRADICTIONS: readonly Rule[] = [
  ordered('fetch.timeoutMs', 'fetch.deadlineMs', false),
  ordered('fetch.deadlineMs', 'shutdown.drainMs', false),
  ordered('kafka.rebalanceDrainMs', 'kafka.sessionTimeoutMs', false),
  ordered('fetch.maxResponseBytes', 'fetch.maxInFlightBytes', true),
  ordered('fetch.concurrency', 'fetch.maxHeldEvents', true),
  ordered('systemic.probeMs', 'systemic.maxProbeMs', true),
  topicsDiffer,
  credentialsDiffer,
  delaysAscend,
  baseUrlIsSafe,
  registryAuth,
  clientCertificate,
  evidenceKeys,
  mediaKeys,
  ignoredEvents,
  policyRowsDiffer,
]
