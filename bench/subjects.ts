import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Cell, type Delivery, isBaseline, PARTITIONS, type Subject } from './cells.js'
import { type Child, startNode } from './children.js'
import { DEVELOPMENT_CREDENTIAL } from './product.js'
import type { Rig } from './rig.js'
import { BIN, type SimulatorProcess } from './simulator.js'

/** Sections of a configuration beside those of every run. In: beginning of the names of the run's topics. */
export type Overlay = (name: string) => Readonly<Record<string, object>>

export interface SubjectOptions {
  readonly subject: Subject
  readonly cell: Cell
  readonly eventsTopic: string
  readonly simulator: SimulatorProcess
  /** Beginning of the names of its topics and its group. */
  readonly name: string
  readonly overlay?: Overlay
  /** Options of node, before the script. */
  readonly nodeOptions?: readonly string[]
}

/** The connector or a baseline, as a process of its own. */
export interface RunningSubject {
  readonly child: Child
  readonly opsUrl: string
  /** Where an event's end can be seen by its key: outcomes, or the verified records of a baseline. */
  readonly endsTopic: string
  /** Resolves when it reads events. */
  ready(): Promise<void>
  /** Throws when it does not end with 0. */
  stop(): Promise<void>
}

/** Starts the subject on topics of its own and waits until its operations port answers. */
export async function startSubject(rig: Rig, options: SubjectOptions): Promise<RunningSubject> {
  const { subject, name } = options
  const topics = { verified: `${name}.v`, deadLetter: `${name}.d`, outcomes: `${name}.o` }
  await rig.createTopics(isBaseline(subject) ? [topics.verified] : Object.values(topics))
  const file = join(rig.folder, `${name}.json`)
  const child = isBaseline(subject)
    ? startBaseline(rig, { ...options, file, verified: topics.verified })
    : startConnector(rig, { ...options, file, topics, delivery: subject })
  const { ops } = await child.line('ops')
  const opsUrl = `http://127.0.0.1:${String(ops)}`
  return {
    child,
    opsUrl,
    async ready() {
      while (child.ended() === null && !(await fetch(`${opsUrl}/readyz`)).ok) await delay(50)
    },
    endsTopic: isBaseline(subject) ? topics.verified : topics.outcomes,
    stop: () => child.stop(),
  }
}

interface ConnectorParts extends SubjectOptions {
  readonly file: string
  readonly delivery: Delivery
  readonly topics: Readonly<Record<'verified' | 'deadLetter' | 'outcomes', string>>
}

function startConnector(rig: Rig, parts: ConnectorParts): Child {
  const { name, file, topics, delivery, cell, nodeOptions = [] } = parts
  const { authToken, clientSecret } = DEVELOPMENT_CREDENTIAL
  const overlay = parts.overlay?.(name) ?? {}
  const config = {
    ...overlay,
    attestr: { baseUrl: parts.simulator.baseUrl, credentials: [{ id: 'main', authToken, clientSecret }] },
    kafka: { brokers: rig.stack.brokers, groupId: `${name}-group` },
    schemaRegistry: { url: rig.stack.registryUrl },
    topics: {
      ...topics,
      events: [parts.eventsTopic],
      retry: [
        { topic: `${name}.retry.1m`, delayMs: 60_000 },
        { topic: `${name}.retry.10m`, delayMs: 600_000 },
        { topic: `${name}.retry.1h`, delayMs: 3_600_000 },
      ],
      replay: `${name}.replay`,
      partitions: PARTITIONS,
      ...overlay['topics'],
    },
    delivery,
    fetch: { concurrency: cell.concurrency },
    ops: { port: 0 },
  }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  return startNode('connector', [...nodeOptions, BIN, 'run', '--config', file])
}

/** What a baseline is told: the content of its file. */
export interface BaselineConfig {
  readonly loop: 'each-batch' | 'each-message'
  readonly concurrency: number
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly baseUrl: string
  readonly authToken: string
  readonly clientSecret: string
  readonly groupId: string
  readonly eventsTopic: string
  readonly verifiedTopic: string
}

function startBaseline(rig: Rig, parts: SubjectOptions & { file: string; verified: string }): Child {
  const config: BaselineConfig = {
    loop: parts.subject === 'each-batch' ? 'each-batch' : 'each-message',
    concurrency: parts.cell.concurrency,
    brokers: rig.stack.brokers,
    registryUrl: rig.stack.registryUrl,
    baseUrl: parts.simulator.baseUrl,
    ...DEVELOPMENT_CREDENTIAL,
    groupId: `${parts.name}-group`,
    eventsTopic: parts.eventsTopic,
    verifiedTopic: parts.verified,
  }
  writeFileSync(parts.file, JSON.stringify(config))
  const script = fileURLToPath(new URL('baselines/main.js', import.meta.url))
  return startNode('baseline', [...(parts.nodeOptions ?? []), script, parts.file])
}
