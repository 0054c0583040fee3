/** Other credentials without a restart: by SIGHUP, and by the files themselves. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DEVELOPMENT_CREDENTIAL, ownerOf } from '../../src/simulator/credentials.js'
import { decodeVerified } from '../support/decode-rows.js'
import type { Instance } from '../support/instance.js'
import { createSite, SEED, type Site } from '../support/site.js'
import { until } from '../support/until.js'

const SECOND = { authToken: 'token-of-the-second-app', clientSecret: 'secret-of-the-second-app' }
const EVENTS = 200

const said = (instance: Instance, event: string) => instance.lines.filter((line) => line.event === event)

async function siteOf(finished: (close: () => Promise<void>) => void): Promise<Site> {
  const site = await createSite({
    ...{ partitions: 2, delaysMs: [1000] },
    simulator: { credentials: [DEVELOPMENT_CREDENTIAL, SECOND], ownership: 'spread', profile: 'small' },
  })
  finished(() => site.close())
  return site
}

/** Writes the configuration as a whole, as deployments do. */
function change(
  site: Site,
  edit: (config: { attestr: { credentials: object[] }; fetch?: object }) => void,
): void {
  const config = JSON.parse(readFileSync(site.configFile, 'utf8'))
  edit(config)
  writeFileSync(`${site.configFile}.new`, JSON.stringify(config))
  renameSync(`${site.configFile}.new`, site.configFile)
}

/** Ends by which credential. */
async function credentialsOf(site: Site): Promise<ReadonlyMap<string, string>> {
  const rows = (await site.rows(site.topics.verified)).map((row) => ({ ...row, transaction: null }))
  return new Map(decodeVerified(rows).map((row) => [row.handshakeId, row.verification.credentialId]))
}

describe('a second app, added while the connector runs', () => {
  it.for(['SIGHUP', 'its file alone'])(
    'by %s has its handshakes verified, every one by its own',
    async (way, { onTestFinished }) => {
      const site = await siteOf(onTestFinished)

      const instance = site.process(...(way === 'SIGHUP' ? [] : ['attestr.watchMs=100']))
      await until('it runs', () => said(instance, 'partitions-assigned').length > 0)
      const reload = (): void => (way === 'SIGHUP' ? instance.kill('SIGHUP') : undefined)
      await site.send(Array.from({ length: EVENTS }, (_, n) => ({ value: site.handshakeId(n) })))

      const right = readFileSync(site.configFile, 'utf8')
      writeFileSync(site.configFile, right.slice(0, -20))
      reload()
      await until('the broken file is refused', () => said(instance, 'reload-refused').length > 0)
      expect(JSON.stringify(said(instance, 'reload-refused'))).not.toContain(SECOND.clientSecret)
      writeFileSync(site.configFile, right)
      change(site, (config) => {
        config.attestr.credentials.push({ id: 'second', ...SECOND })
        config.fetch = { concurrency: 7 }
      })
      reload()
      await until('the second one is in force', () => said(instance, 'credentials-changed').length > 0)
      expect(said(instance, 'credentials-changed')).toMatchObject([
        { added: ['second'], removed: [], changed: [] },
      ])
      await until('the rest is told of', () => said(instance, 'restart-needed').length > 0)
      expect(said(instance, 'restart-needed').at(-1)).toMatchObject({ keys: ['fetch.concurrency'] })

      const wanted = new Map(
        Array.from({ length: EVENTS }, (_, n) => {
          const id = site.handshakeId(n)
          return [id, ownerOf(id, SEED, 2, 'spread', 0) === 0 ? 'main' : 'second']
        }),
      )
      await until('all are verified', async () => (await credentialsOf(site)).size === EVENTS)
      expect(await credentialsOf(site)).toEqual(wanted)
      expect(await site.deadLetters()).toEqual([])
      instance.kill('SIGTERM')
      expect(await instance.ended).toBe(0)
      expect(instance.text()).not.toContain(SECOND.authToken)
    },
  )
})
