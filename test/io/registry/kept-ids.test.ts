import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryLog } from '../../../src/io/memory/log.js'
import { createKeptIds } from '../../../src/io/registry/kept-ids.js'
import { RegistryDown, RegistryRefused } from '../../../src/io/registry/registry.js'

const folder = mkdtempSync(join(tmpdir(), 'kept-ids-'))
afterAll(() => rmSync(folder, { recursive: true }))

let file: string
let files = 0
beforeEach(() => {
  files += 1
  file = join(folder, `ids-${files}.json`)
})

const URL = 'http://registry.test/base'
const down = async (): Promise<number> => {
  throw new RegistryDown('connection')
}

function open(
  idOf: (subject: string, schema: string) => Promise<number>,
  more: { url?: string; file?: string | null } = {},
) {
  const log = createMemoryLog()
  return { log, ids: createKeptIds({ registry: { idOf }, url: URL, file, log, ...more }) }
}

async function startOnce(): Promise<void> {
  const { ids } = open(async (subject) => (subject === 'a-value' ? 7 : 8))
  await ids.idOf('a-value', '{"schema":1}')
  await ids.idOf('b-value', '{"schema":2}')
  ids.keep()
}

describe('the ids of an earlier start', () => {
  it('are used while the registry is down, and that is said once', async () => {
    await startOnce()
    const { ids, log } = open(down)
    expect([await ids.idOf('a-value', '{"schema":1}'), await ids.idOf('b-value', '{"schema":2}')]).toEqual([
      7, 8,
    ])
    expect(ids.wereUsed()).toBe(true)
    expect(log.lines.map(({ event }) => event)).toEqual(['schema-ids-kept'])
  })

  it.each([
    ['another schema', URL, 'a-value', '{"schema":2}'],
    ['another subject', URL, 'b-value', '{"schema":1}'],
    ['another registry', 'http://other.test/base', 'a-value', '{"schema":1}'],
  ])('are not those of %s', async (_, url, subject, schema) => {
    await startOnce()
    await expect(open(down, { url }).ids.idOf(subject, schema)).rejects.toBeInstanceOf(RegistryDown)
  })

  it('are those of the same registry with a slash behind its address', async () => {
    await startOnce()
    expect(await open(down, { url: `${URL}/` }).ids.idOf('a-value', '{"schema":1}')).toBe(7)
  })

  it('never stand against a registry that answers, whatever it says', async () => {
    await startOnce()
    expect(await open(async () => 70).ids.idOf('a-value', '{"schema":1}')).toBe(70)
    const refusing = open(async () => {
      throw new RegistryRefused('incompatible', 409, 'a-value')
    })
    await expect(refusing.ids.idOf('a-value', '{"schema":1}')).rejects.toBeInstanceOf(RegistryRefused)
  })

  it('are taken without asking again in a round in which the registry was down', async () => {
    await startOnce()
    let asked = 0
    const { ids } = open(async () => {
      asked += 1
      return down()
    })
    for (let round = 1; round <= 2; round += 1) {
      ids.begin()
      await ids.idOf('a-value', '{"schema":1}')
      await ids.idOf('b-value', '{"schema":2}')
      expect(asked).toBe(round)
    }
    await expect(ids.idOf('c-value', '{"schema":3}')).rejects.toBeInstanceOf(RegistryDown)
  })

  it('are forgotten as used once the registry has answered', async () => {
    await startOnce()
    let isDown = true
    const { ids } = open(async () => (isDown ? down() : 9))
    await ids.idOf('a-value', '{"schema":1}')
    ids.keep()
    expect(readFileSync(file, 'utf8')).toContain('7')
    isDown = false
    ids.begin()
    expect(await ids.idOf('a-value', '{"schema":1}')).toBe(9)
    expect(ids.wereUsed()).toBe(false)
    ids.keep()
    expect(JSON.parse(readFileSync(file, 'utf8')).entries).toMatchObject([{ subject: 'a-value', id: 9 }])
  })

  it.each(['', '{"entries":[{"registry"', '[]', 'null', '{"entries":[null,{"id":"7"}]}'])(
    'are none where the file holds %j',
    async (text) => {
      writeFileSync(file, text)
      await expect(open(down).ids.idOf('a-value', '{"schema":1}')).rejects.toBeInstanceOf(RegistryDown)
    },
  )

  it('are not kept where no file is named', async () => {
    const { ids } = open(async () => 7, { file: null })
    await ids.idOf('a-value', '{}')
    ids.keep()
    await expect(open(down, { file: null }).ids.idOf('a-value', '{}')).rejects.toBeInstanceOf(RegistryDown)
  })

  it('leave nothing beside their file, and a file that cannot be written stops nothing', async () => {
    await startOnce()
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
    const { ids, log } = open(async () => 7, { file: join(folder, 'not', 'there.json') })
    await ids.idOf('a-value', '{}')
    ids.keep()
    expect(log.lines).toMatchObject([{ event: 'schema-ids-not-kept', fields: { cause: 'ENOENT' } }])
  })
})
