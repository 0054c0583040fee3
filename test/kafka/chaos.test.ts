import { afterEach, describe, expect, it } from 'vitest'
import { createSeededRandom } from '../../src/io/memory/random.js'
import type { Instance } from '../support/instance.js'
import { createSite, type Site, type SiteOptions } from '../support/site.js'
import { until } from '../support/until.js'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))
const random = createSeededRandom(seed)
const between = (low: number, high: number): number => low + Math.floor(random() * (high - low))

let site: Site | null = null
afterEach(async () => {
  await site?.close()
  site = null
})

/** Feeds events for a while, a few at a time, so that there is work in flight whenever something breaks. */
function feed(into: Site, total: number, everyMs: number): { readonly done: Promise<void>; sent(): number } {
  let sent = 0
  const step = 50
  const run = async (): Promise<void> => {
    while (sent < total) {
      const batch = Array.from({ length: Math.min(step, total - sent) }, (_, index) => {
        const id = into.handshakeId(sent + index)
        return { key: id, value: into.events.bare(id) }
      })
      await into.send(batch)
      sent += batch.length
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }
  return { done: run(), sent: () => sent }
}

const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs))

const isWorking = (instance: Instance): boolean =>
  instance.lines.some(({ event }) => event === 'partitions-assigned')

/** Twelve partitions and a short session, so that a dead member is soon noticed. */
async function createWorld(latencyMs: number, settings: SiteOptions['settings']): Promise<Site> {
  site = await createSite({
    partitions: 12,
    simulator: { latencyMs },
    settings: { kafka: { sessionTimeoutMs: 3000 }, ...settings },
  })
  return site
}

async function finish(world: Site, instances: readonly Instance[]): Promise<void> {
  await until('all events are committed', () => world.caughtUp(), 120_000)
  for (const instance of instances) instance.kill('SIGTERM')
  for (const instance of instances) expect(await instance.ended).toBe(0)
}

describe('exactly one outcome for each event, on a real broker', () => {
  it('with two instances and ten kill -9 at random points over 5,000 events', async () => {
    const world = await createWorld(20, { fetch: { concurrency: 8 } })
    const instances: Instance[] = [world.process(), world.process()]
    const feeding = feed(world, 5000, 400)
    let kills = 0
    while (kills < 10) {
      const victim = between(0, 2)
      await until('the victim works', () => isWorking(instances[victim] as Instance))
      await pause(between(100, 1500))
      instances[victim]?.kill('SIGKILL')
      expect(await instances[victim]?.ended).toBe('SIGKILL')
      kills += 1
      instances[victim] = world.process()
    }
    await feeding.done
    await finish(world, instances)
    const violations = await world.violations()
    const outcomes = (await world.outcomes()).length
    console.log(`kills ${kills}, events ${feeding.sent()}, outcomes ${outcomes}, seed ${seed}`)
    expect(violations).toBe('')
    expect(outcomes).toBe(5000)
  })

  it('when a process freezes inside transactions past the session timeout and wakes up', async () => {
    // A backlog and no pause between commits: nearly every lane is inside a transaction at any moment.
    const world = await createWorld(60, { fetch: { concurrency: 24 }, commit: { intervalMs: 1 } })
    const instances: Instance[] = [world.process(), world.process()]
    const feeding = feed(world, 10_000, 0)
    let fenced = 0
    for (let freezes = 0; freezes < 3; freezes += 1) {
      const zombie = instances[freezes % 2] as Instance
      await until('both work', () => instances.every(isWorking))
      await pause(between(500, 1500))
      zombie.kill('SIGSTOP')
      await pause(4500)
      const before = zombie.lines.length
      zombie.kill('SIGCONT')
      await until('the zombie has joined again', () =>
        zombie.lines.slice(before).some(({ event }) => event === 'partitions-assigned'),
      )
      fenced += zombie.lines
        .slice(before)
        .filter(
          ({ event, cause }) =>
            (event === 'lane-failed' || event === 'late-commit-failed') &&
            /PRODUCER|TXN|EPOCH/.test(String(cause)),
        ).length
    }
    await feeding.done
    await finish(world, instances)
    const violations = await world.violations()
    const outcomes = (await world.outcomes()).length
    console.log(
      `freezes 3, lanes fenced ${fenced}, events ${feeding.sent()}, outcomes ${outcomes}, seed ${seed}`,
    )
    expect(violations).toBe('')
    expect(fenced).toBeGreaterThan(0)
  })

  it('in a rebalance storm, with next to no call made twice', async () => {
    const world = await createWorld(20, { fetch: { concurrency: 32 } })
    const steady = world.process()
    const feeding = feed(world, 5000, 200)
    for (let joins = 0; joins < 6; joins += 1) {
      const guest = world.process()
      await until('the guest works', () => isWorking(guest))
      await pause(between(300, 1200))
      guest.kill('SIGTERM')
      expect(await guest.ended).toBe(0)
    }
    await feeding.done
    await finish(world, [steady])
    const violations = await world.violations()
    const generations = steady.lines.filter(({ event }) => event === 'partitions-assigned').length
    console.log(
      `generations ${generations}, events ${feeding.sent()}, calls ${world.simulator.ledger.summary().calls}, seed ${seed}`,
    )
    expect(violations).toBe('')
    expect(generations).toBeGreaterThan(6)
    // Work in flight is finished before partitions go: only a drain over its limit costs calls.
    expect(world.simulator.ledger.summary().calls).toBeLessThan(feeding.sent() * 1.1)
  })
})
