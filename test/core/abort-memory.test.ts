import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { onAbort } from '../../src/core/abort.js'
import { createReleaseOrder } from '../../src/core/release.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Whether the object is gone after a collection; in a turn of its own, so that no register holds it. */
async function isFreed(reference: WeakRef<object>): Promise<boolean> {
  for (let tries = 0; tries < 5; tries += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    if (reference.deref() === undefined) return true
  }
  return false
}

describe('what an event held is freed when its work has ended, not when it is committed', () => {
  it('a wait that is over keeps nothing alive while its signal lives', async () => {
    const { signal } = new AbortController()
    const wait = (): WeakRef<object> => {
      const body = { bytes: new Uint8Array(1000) }
      const cancel = onAbort(signal, () => body.bytes.fill(0))
      cancel()
      return new WeakRef(body)
    }
    expect(await isFreed(wait())).toBe(true)
    expect(signal.aborted).toBe(false)
  })

  it('an order of release keeps nothing that was taken', async () => {
    const order = createReleaseOrder<object, string>()
    const take = (): WeakRef<object> => {
      const item = { bytes: new Uint8Array(1000) }
      order.finish(order.add(item), 'done')
      expect(order.takeReady(() => true)).toHaveLength(1)
      return new WeakRef(item)
    }
    expect(await isFreed(take())).toBe(true)
    expect(order.size()).toBe(0)
  })
})
