/** The instances of a run: started, hurt, replaced, stopped. */
import { type Instance, type InstanceOptions, startInstance } from '../support/instance.js'
import { type Endpoint, endpointOf } from '../support/site.js'
import { until } from '../support/until.js'
import { pause } from './proof.js'

export interface Crew {
  /** Those that are meant to run, by place. */
  readonly members: readonly Instance[]
  /** All that were ever started. */
  readonly all: readonly Instance[]
  add(...sets: string[]): Instance
  /** Puts a new one in the place of one that has ended. */
  replace(place: number): Instance
  remove(instance: Instance): void
  endpoint(instance: Instance): Promise<Endpoint>
  /** SIGTERM to all, and SIGKILL to those that stay. Out: how each ended that did not end with 0. */
  stop(): Promise<readonly string[]>
  /** Whatever state they are in. */
  kill(): Promise<void>
}

export const isWorking = (instance: Instance): boolean =>
  instance.lines.some(({ event }) => event === 'partitions-assigned')

/** Waits until it has partitions; throws when it ends first. */
export async function untilWorking(instance: Instance, limitMs = 120_000): Promise<void> {
  await until(
    'the instance has partitions',
    () => {
      if (!instance.isAlive()) throw new Error(`the instance ended:\n${instance.text().slice(-2000)}`)
      return isWorking(instance)
    },
    limitMs,
  )
}

export const linesOf = (instance: Instance, event: string): readonly Instance['lines'][number][] =>
  instance.lines.filter((line) => line.event === event)

const STOP_MS = 30_000

/** Out: how it ended; a stop that never ends is seen as one, not waited for. */
async function endOf(instance: Instance): Promise<number | string> {
  const end = await Promise.race([instance.ended, pause(STOP_MS).then(() => 'no end')])
  if (end === 'no end') instance.kill('SIGKILL')
  return end
}

export function createCrew(options: InstanceOptions): Crew {
  const members: Instance[] = []
  const all: Instance[] = []
  const start = (sets: readonly string[]): Instance => {
    const instance = startInstance({ ...options, sets: [...(options.sets ?? []), ...sets] })
    all.push(instance)
    return instance
  }
  return {
    members,
    all,
    add(...sets) {
      const instance = start(sets)
      members.push(instance)
      return instance
    },
    replace(place) {
      const instance = start([])
      members[place] = instance
      return instance
    },
    remove(instance) {
      members.splice(members.indexOf(instance), 1)
    },
    endpoint: endpointOf,
    async stop() {
      for (const instance of members) instance.kill('SIGTERM')
      const ends = await Promise.all(members.map(endOf))
      return ends.filter((end) => end !== 0).map((end) => `an instance ended with ${end}`)
    },
    async kill() {
      for (const instance of all) if (instance.isAlive()) instance.kill('SIGKILL')
      await Promise.all(all.map((instance) => instance.ended))
    },
  }
}
