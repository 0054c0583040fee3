/** Lanes with made-up events at one gate, on a virtual clock: what the gate is judged by. */

import type { Pace } from '../../src/core/pace.js'
import type { Clock } from '../../src/core/ports.js'
import { createReleaseOrder, type Slot } from '../../src/core/release.js'
import type { CallSlot } from '../../src/core/work.js'
import { createVirtualClock, type VirtualClock } from '../../src/io/memory/clock.js'
import {
  createGate,
  type Gate,
  type GateBounds,
  type GateLane,
  type GateShare,
  type Held,
} from '../../src/run/gate.js'

export interface CallPlan {
  /** Until the head of the answer is there. */
  readonly headMs: number
  readonly bodyMs: number
  readonly bodyBytes: number
  /** Whether the answer says how long it is. */
  readonly knownLength: boolean
  /** Wait before the next call, or before the end. */
  readonly waitMs: number
}

export interface EventPlan {
  readonly valueBytes: number
  readonly calls: readonly CallPlan[]
  readonly outputBytes: number
}

export interface LanePlan {
  /** True when left out. */
  readonly fresh?: boolean
  readonly joinsAtMs: number
  readonly commitMs: number
  readonly events: readonly EventPlan[]
  /** The lane is lost then, and another reads again what it had not committed. */
  readonly lostAtMs: number | null
}

export interface ScenePlan {
  readonly bounds: GateBounds
  /** No bound when left out. */
  readonly pace?: (clock: Clock) => Pace
  readonly lanes: readonly LanePlan[]
}

interface Job extends Held {
  readonly plan: EventPlan
  calling: boolean
  /** Bytes held of a body of unknown length, or of what was made of it. */
  unannounced: number
}

const COMMIT_INTERVAL_MS = 5

export class Scene {
  readonly clock: VirtualClock = createVirtualClock({ start: 0 })
  readonly gate: Gate
  readonly lanes: SceneLane[] = []
  readonly plan: ScenePlan

  constructor(plan: ScenePlan) {
    this.plan = plan
    this.gate = createGate(plan.bounds, plan.pace?.(this.clock))
    for (const lane of plan.lanes) this.clock.after(lane.joinsAtMs, () => this.join(lane, lane.events))
  }

  private join(plan: LanePlan, events: readonly EventPlan[]): void {
    const lane = new SceneLane(this.gate, this.clock, { ...plan, events })
    this.lanes.push(lane)
    if (plan.lostAtMs === null) return
    this.clock.after(plan.lostAtMs, () => {
      if (lane.isDone()) return
      const again = lane.lose()
      this.clock.after(1, () => this.join({ ...plan, lostAtMs: null }, again))
    })
  }

  ended(): number {
    return this.lanes.reduce((sum, lane) => sum + lane.committed, 0)
  }

  wanted(): number {
    return this.plan.lanes.reduce((sum, lane) => sum + lane.events.length, 0)
  }

  /** What the gate should count by now: asked between two turns of the clock. */
  counted(): { readonly calls: number; readonly events: number; readonly unannounced: number } {
    const jobs = this.lanes.flatMap((lane) => lane.jobs())
    return {
      calls: jobs.filter((job) => job.calling).length,
      events: jobs.length,
      unannounced: jobs.reduce((sum, job) => sum + job.unannounced, 0),
    }
  }
}

export class SceneLane implements GateLane {
  committed = 0
  /** Calls that began. */
  called = 0
  readonly fresh: boolean
  private readonly queue: EventPlan[]
  private readonly share: GateShare
  private readonly clock: Clock
  private readonly plan: LanePlan
  private readonly order = createReleaseOrder<Job, true>()
  private readonly held = new Set<Job>()
  private offset = 0
  private committing = false
  private open = true

  constructor(gate: Gate, clock: Clock, plan: LanePlan) {
    this.clock = clock
    this.plan = plan
    this.fresh = plan.fresh ?? true
    this.queue = [...plan.events]
    this.share = gate.join(this)
    this.share.wantEvents()
  }

  jobs(): readonly Job[] {
    return [...this.held]
  }

  isDone(): boolean {
    return this.committed === this.plan.events.length
  }

  waitingBytes(): number | null {
    return this.open ? (this.queue[0]?.valueBytes ?? null) : null
  }

  oldest(): Job | null {
    return this.order.oldest()
  }

  callEnded(): void {}

  admitNext(): void {
    const plan = this.queue.shift()
    if (plan === undefined) throw new Error('admitted without a message')
    const job: Job = { offset: this.offset, account: null, plan, calling: false, unannounced: 0 }
    this.offset += 1
    const slot = this.order.add(job)
    this.held.add(job)
    this.share.enter(job, plan.valueBytes)
    void this.work(slot)
  }

  private async work(slot: Slot<Job, true>): Promise<void> {
    const job = slot.item
    for (const call of job.plan.calls) {
      job.unannounced = 0
      const granted = await this.share.callSlot(job)
      if (granted === null) return
      await this.call(job, call, granted)
      if (call.waitMs > 0) await this.wait(call.waitMs)
      if (!this.open) return
    }
    if (job.unannounced > 0) job.unannounced = job.plan.outputBytes
    this.share.settle(job, job.plan.outputBytes)
    if (this.order.finish(slot, true)) this.commitSoon()
  }

  private async call(job: Job, plan: CallPlan, slot: CallSlot): Promise<void> {
    job.calling = true
    this.called += 1
    slot.sent()
    await this.wait(plan.headMs)
    if (plan.knownLength) {
      const granted = slot.budget.admit(plan.bodyBytes)
      if (granted !== null) await granted
      await this.wait(plan.bodyMs)
    } else {
      for (let part = 1; part <= 4; part += 1) {
        await this.wait(plan.bodyMs / 4)
        if (!this.open) break
        job.unannounced = Math.ceil((plan.bodyBytes * part) / 4)
        slot.budget.grown(job.unannounced)
      }
    }
    job.calling = false
    // What came is held on: until the event is settled, or calls again.
    slot.release(plan.bodyBytes)
  }

  private commitSoon(): void {
    if (this.committing) return
    this.committing = true
    this.clock.after(COMMIT_INTERVAL_MS, () => {
      const batch = this.order.takeReady(() => true).map((slot) => slot.item)
      this.clock.after(this.plan.commitMs, () => {
        if (!this.open) return
        this.committing = false
        for (const job of batch) this.held.delete(job)
        this.committed += batch.length
        this.share.leave(batch)
        if (this.order.ready() > 0) this.commitSoon()
      })
    })
  }

  /** Out: what has to be read again. */
  lose(): readonly EventPlan[] {
    this.open = false
    this.held.clear()
    this.share.close()
    return this.plan.events.slice(this.committed)
  }

  private wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(delayMs, resolve))
  }
}
