import { createSeededRandom } from '../../src/io/memory/random.js'
import { type Instance, startInstance } from './instance.js'
import type { Action } from './plan.js'
import type { World } from './world.js'

/** The processes of a world, as an orchestrator sees them: one that ends is started anew. */
export interface Crew {
  /** What was done to the processes, and when. */
  readonly journal: readonly string[]
  /** What a process did that it must not: stop too slowly, call too much at once, leave timers behind. */
  readonly problems: readonly string[]
  note(line: string): void
  start(): void
  strike(action: Action): void
  thawAll(): void
  /** Stops all for good. */
  stopAll(): { done(): boolean }
  /** To be called when everything has stopped for a while. */
  inspect(): void
  describe(): string
}

/** `shutdown.drainMs` of the worlds is 6 s; then a commit in flight and the farewell to the group, each with time-outs. */
const STOP_MS = 20_000
const ABORT_MS = 14_000
const AFTER_SYSTEMIC_MS = 3000

export function createCrew(world: World): Crew {
  return new WorldCrew(world)
}

class WorldCrew implements Crew {
  readonly journal: string[] = []
  readonly problems: string[] = []
  private readonly world: World
  private readonly random
  private readonly all: Instance[] = []
  private alive: Instance[] = []
  private ending = false

  constructor(world: World) {
    this.world = world
    this.random = createSeededRandom(world.plan.seed + 1)
  }

  note(line: string): void {
    this.journal.push(`${this.world.clock.monotonic().toFixed(0).padStart(7)} ${line}`)
  }

  start(): void {
    if (this.ending) return
    const { around, plan } = this.world
    const count = this.all.length
    const instance = startInstance(around, `p${count}`, plan.seed * 64 + count)
    this.all.push(instance)
    this.alive.push(instance)
    this.note(`${instance.name} starts`)
    void instance.connector.start()
    void instance.connector.finished.then((finish) => {
      if (finish.kind !== 'systemic') return
      this.note(`${instance.name} ends: ${finish.reason}`)
      this.end(instance, 'abort', AFTER_SYSTEMIC_MS)
    })
  }

  strike({ kind, whom, operation, forMs }: Action): void {
    const instance = this.alive[Math.floor(whom * this.alive.length)]
    if (kind === 'join' || instance === undefined) {
      this.start()
      return
    }
    const deed = (): boolean => {
      this.note(`${instance.name} ${kind} ${operation ?? ''} ${forMs}`)
      if (kind === 'kill') this.bury(instance, forMs)
      else if (kind === 'freeze') this.freeze(instance, forMs)
      else this.end(instance, kind, forMs)
      // A process that is killed may or may not have handed the request to its machine.
      return kind !== 'kill' || this.random() < 0.5
    }
    if (operation === null) deed()
    else instance.arm(operation, deed)
  }

  private freeze({ life }: Instance, forMs: number): void {
    life.freeze()
    this.world.clock.after(forMs, () => life.thaw())
  }

  private end(instance: Instance, kind: 'stop' | 'abort', restartMs: number): void {
    void this.finish(instance, kind).then(() => this.bury(instance, restartMs))
  }

  private async finish({ name, life, connector }: Instance, kind: 'stop' | 'abort'): Promise<void> {
    const { clock } = this.world
    const { freezes } = life
    const begin = clock.monotonic()
    await connector[kind]()
    const tookMs = clock.monotonic() - begin
    const slow = tookMs > (kind === 'stop' ? STOP_MS : ABORT_MS)
    if (slow && life.freezes === freezes) this.problems.push(`${name}: ${kind} took ${tookMs} ms`)
  }

  private bury(instance: Instance, restartMs: number): void {
    if (this.ending || !this.alive.includes(instance)) return
    this.alive = this.alive.filter((one) => one !== instance)
    instance.life.kill()
    this.world.clock.after(restartMs, () => this.start())
  }

  thawAll(): void {
    for (const { life } of this.alive) life.thaw()
  }

  stopAll(): { done(): boolean } {
    this.ending = true
    this.thawAll()
    let open = this.alive.length
    for (const instance of this.alive) {
      void this.finish(instance, 'stop').then(() => {
        open -= 1
      })
    }
    return { done: () => open === 0 }
  }

  inspect(): void {
    const { concurrency } = this.world.around.config.fetch
    for (const { name, peakCalls } of this.all) {
      if (peakCalls() > concurrency) this.problems.push(`${name}: ${peakCalls()} calls at once`)
    }
    for (const { name, life } of this.alive) {
      if (life.timers > 0) this.problems.push(`${name}: ${life.timers} timers are left after the stop`)
    }
  }

  describe(): string {
    return this.alive
      .map(({ name, life, connector }) => `${name} ${life.state} ${JSON.stringify(connector.status())}`)
      .join('; ')
  }
}
