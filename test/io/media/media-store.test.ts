/** What a media store promises: on the twin, and on files. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type MediaStore, MediaStoreDown } from '../../../src/core/ports.js'
import { createFileMediaStore } from '../../../src/io/media/files.js'
import { createMemoryMediaStore } from '../../../src/io/memory/media.js'

const root = mkdtempSync(join(tmpdir(), 'media-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
const newFolder = (): string => {
  folders += 1
  return join(root, `f${folders}`, 'not yet there')
}
const signal = new AbortController().signal
const referenceOf = (n: number, keyId = 'main'): string => `m1:${keyId}:${n.toString(16).padStart(64, '0')}`

interface Opened {
  readonly store: MediaStore
  /** As an operator erases a file. */
  readonly remove: (reference: string) => void
}

function openTwin(): Opened {
  const store = createMemoryMediaStore()
  return { store, remove: (reference) => store.files.delete(reference) }
}

function openFiles(): Opened {
  const folder = newFolder()
  const pathOf = (reference: string) => reference.replace(/^m1:(.*):(..)(.*)$/, '$2/$1.$2$3')
  return {
    store: createFileMediaStore(folder),
    remove: (reference) => rmSync(join(folder, pathOf(reference))),
  }
}

describe.each<[string, () => Opened]>([
  ['the twin', openTwin],
  ['files', openFiles],
])('a media store: %s', (_, open) => {
  it('gives back what was put, and null for what was not', async () => {
    const { store } = open()
    await store.put(referenceOf(1), () => Buffer.from('one'), signal)
    expect((await store.get(referenceOf(1)))?.toString()).toBe('one')
    expect(await store.get(referenceOf(2))).toBeNull()
    expect(await store.get(referenceOf(1, 'other'))).toBeNull()
  })

  it('keeps what one writer still wants when another one of the same content goes away', async () => {
    const { store } = open()
    const leaving = new AbortController()
    // Others before it, so that it waits for its turn.
    const before = Array.from({ length: 20 }, (_, n) =>
      store.put(referenceOf(100 + n), () => Buffer.alloc(10), signal),
    )
    const gone = store.put(referenceOf(1), () => Buffer.from('one'), leaving.signal).catch(() => 'gone')
    const stays = store.put(referenceOf(1), () => Buffer.from('one'), signal)
    leaving.abort()
    await Promise.all([...before, gone])
    await expect(stays).resolves.toBeUndefined()
    expect((await store.get(referenceOf(1)))?.toString()).toBe('one')
  })

  it('keeps what came first: the same reference is the same content', async () => {
    const { store } = open()
    let made = 0
    const put = (text: string) =>
      store.put(
        referenceOf(1),
        () => {
          made += 1
          return Buffer.from(text)
        },
        signal,
      )
    await put('first')
    await Promise.all([put('again'), put('again')])
    expect([made, (await store.get(referenceOf(1)))?.toString()]).toEqual([1, 'first'])
  })

  it('stores again what was deleted', async () => {
    const { store, remove } = open()
    await store.put(referenceOf(1), () => Buffer.from('one'), signal)
    remove(referenceOf(1))
    expect(await store.get(referenceOf(1))).toBeNull()
    await store.put(referenceOf(1), () => Buffer.from('one'), signal)
    expect((await store.get(referenceOf(1)))?.toString()).toBe('one')
  })

  it.each(['', 'm1:main:xyz', '../../etc/passwd', `m1:../x:${'0'.repeat(64)}`, `m1:main:${'A'.repeat(64)}`])(
    'refuses %j, which is no reference',
    async (reference) => {
      await expect(open().store.put(reference, () => Buffer.alloc(0), signal)).rejects.toThrow(RangeError)
      await expect(open().store.get(reference)).rejects.toThrow(RangeError)
    },
  )
})

describe('files', () => {
  it('are for their owner alone, one a content, and nothing else is left', async () => {
    const folder = newFolder()
    const stores = [createFileMediaStore(folder), createFileMediaStore(folder)]
    const puts = Array.from({ length: 60 }, (_, n) =>
      stores.map((store) => store.put(referenceOf(n % 20), () => Buffer.from(`content ${n % 20}`), signal)),
    )
    await Promise.all(puts.flat())
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('main.'),
    )
    expect(files).toHaveLength(20)
    for (const file of files) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600)
    expect(files.some((file) => file.endsWith('.tmp'))).toBe(false)
  })

  it('of a process that died in between do not stand in the way', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, '00'), { recursive: true })
    writeFileSync(join(folder, '00', `main.${'0'.repeat(64)}.aside.tmp`), 'half')
    const store = createFileMediaStore(folder)
    expect(await store.get(referenceOf(0))).toBeNull()
    await store.put(referenceOf(0), () => Buffer.from('whole'), signal)
    expect(readFileSync(join(folder, '00', `main.${'0'.repeat(64)}`), 'utf8')).toBe('whole')
  })

  it('that cannot be written are told by name and code, and are written when they can be', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, '..'), { recursive: true })
    writeFileSync(folder, 'a file in the place of the folder')
    const store = createFileMediaStore(folder)
    const put = () => store.put(referenceOf(3), () => Buffer.from('x'), signal)
    const fault: unknown = await put().catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(MediaStoreDown)
    expect(fault).toMatchObject({ word: expect.stringMatching(/^Error (ENOTDIR|EEXIST)$/) })
    rmSync(folder)
    await put()
    chmodSync(folder, 0o700)
    expect((await store.get(referenceOf(3)))?.toString()).toBe('x')
  })
})
