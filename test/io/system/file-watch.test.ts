import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createVirtualClock } from '../../../src/io/memory/clock.js'
import { createSystemClock } from '../../../src/io/system/clock.js'
import { watchFiles } from '../../../src/io/system/file-watch.js'
import { until } from '../../support/until.js'

const root = mkdtempSync(join(tmpdir(), 'watch-'))
afterAll(() => rmSync(root, { recursive: true }))

/** A watch that has had its first look. */
async function watched(files: readonly string[]) {
  let changes = 0
  let looks = 0
  const stop = watchFiles({
    ...{ clock: createSystemClock(), everyMs: 5 },
    files: () => {
      looks += 1
      return files
    },
    onChange: () => {
      changes += 1
    },
  })
  const lookTwice = async (): Promise<void> => {
    const from = looks
    await until('it has looked twice', () => looks > from + 2)
  }
  await lookTwice()
  // The first two looks always tell: what was before them is not known.
  expect(changes).toBe(1)
  return { changes: () => changes - 1, looks: () => looks, stop, lookTwice }
}

describe('files that are watched', () => {
  it('are told of when they are written, replaced, gone, and there again, and never for nothing', async () => {
    const file = join(root, 'a')
    writeFileSync(file, 'one')
    const watch = await watched([file])
    expect(watch.changes()).toBe(0)
    const ways = [
      () => writeFileSync(file, 'other'),
      () => {
        writeFileSync(`${file}.new`, 'third')
        renameSync(`${file}.new`, file)
      },
      () => unlinkSync(file),
      () => writeFileSync(file, 'third'),
    ]
    for (const [at, way] of ways.entries()) {
      way()
      await until('it is told', () => watch.changes() > at)
      await watch.lookTwice()
    }
    const seen = watch.changes()
    await watch.lookTwice()
    expect(watch.changes()).toBe(seen)
    watch.stop()
  })

  it('are told of when the link before them is turned, as Kubernetes does', async () => {
    for (const version of ['v1', 'v2']) {
      mkdirSync(join(root, version))
      writeFileSync(join(root, version, 'secret'), version)
    }
    symlinkSync('v1', join(root, 'data'))
    const watch = await watched([join(root, 'data', 'secret')])
    symlinkSync('v2', join(root, 'data.new'))
    renameSync(join(root, 'data.new'), join(root, 'data'))
    await until('it is told', () => watch.changes() === 1)
    watch.stop()
  })

  it('are told of once when several are written one after another, and not before the last', async () => {
    const files = ['one', 'two'].map((name) => join(root, name))
    for (const file of files) writeFileSync(file, 'before')
    const clock = createVirtualClock({ start: 0 })
    let changes = 0
    const stop = watchFiles({ clock, everyMs: 1000, files: () => files, onChange: () => (changes += 1) })
    const look = async (): Promise<void> => {
      await clock.advance(1000)
      // The looks are at real files.
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await look()
    await look()
    changes = 0
    for (const file of files) {
      writeFileSync(file, 'after the change')
      await look()
      expect(changes).toBe(0)
    }
    await look()
    await look()
    expect(changes).toBe(1)
    stop()
  })

  it('are left alone when it is stopped', async () => {
    const watch = await watched([join(root, 'none')])
    watch.stop()
    const before = watch.looks()
    writeFileSync(join(root, 'none'), 'x')
    await new Promise((resolve) => setImmediate(resolve))
    expect([watch.changes(), watch.looks()]).toEqual([0, before])
  })
})
