import { Buffer } from 'node:buffer'
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { composeBody } from './body.js'
import { type Canary, createDraw } from './draw.js'
import {
  createFlow,
  drawHandshake,
  drawIdentity,
  type FlowCatalogue,
  type Handshake,
  type Identity,
  type SimulatedStage,
} from './handshakes.js'
import { type BodyForm, type CanonicalForm, type Tree, writeCanonical, writeJson } from './json.js'
import { createTextPool } from './pool.js'
import { hash32 } from './random.js'
import { parseStageChoice } from './stages/index.js'
import type { StageType } from './stages/model.js'

/** What is stored at Attestr for each handshake, made from the seed and the id alone. */

export type Profile = 'mixed' | 'small' | 'large'
export const PROFILES: readonly Profile[] = ['mixed', 'small', 'large']

export interface ResultSourceOptions {
  readonly seed: number
  readonly clientSecret: string
  /** `mixed`: 1 to 5 stages of all types; `small`: three stages, about 2 KB; `large`: about 1.5 MB */
  readonly profile?: Profile
  /** `TYPE` or `TYPE:variant`, all of them in every result, in this order; wins over `profile` */
  readonly stages?: readonly string[]
  /** flows the handshakes are spread over; each has its own stage ids */
  readonly flows?: number
  readonly body?: BodyForm
  /** `raw`: the bytes of `result` as sent; otherwise a re-written form of it */
  readonly sign?: 'raw' | CanonicalForm
  readonly canary?: Canary | null
  /** bound of the answers kept ready for a second call */
  readonly cacheBytes?: number
}

export interface SimulatedResult {
  readonly handshakeId: string
  readonly stages: readonly SimulatedStage[]
  /** the bytes of `result`, a part of `body` */
  readonly resultBytes: Buffer
  /** 64 lower-case hex digits */
  readonly signature: string
  readonly body: Buffer
}

export interface ResultSource {
  readonly seed: number
  readonly clientSecret: string
  readonly bodyForm: BodyForm
  readonly signForm: 'raw' | CanonicalForm
  /** `run` is another run of the same handshake: same id and stages, other content. */
  handshake(handshakeId: string, run?: number): Handshake
  resultFor(
    handshakeId: string,
    options?: { readonly clientSecret?: string; readonly run?: number },
  ): SimulatedResult
  /** Signs `result` as this source does. */
  signatureOf(result: Tree, resultBytes: Buffer | string, clientSecret?: string): string
  readonly flows: readonly FlowCatalogue[]
}

const PROFILE_STAGES: Readonly<Record<Profile, readonly string[]>> = {
  mixed: [],
  small: ['PAN:done', 'BANK_ACC:marked', 'EPIC:done'],
  large: ['UIDAI:xml', 'EPAN:large-pdf', 'EMPLOYMENT:pending'],
}
const DEFAULT_CACHE_BYTES = 16 * 1024 * 1024

/**
 * Makes the results of all handshakes of a seed. No I/O: a server and an in-memory twin use the same.
 *
 * In:     see ResultSourceOptions
 * Out:    the same answer for the same seed, options and handshake id, always
 * Throws: an Error for a stage type or variant that does not exist
 * Source: the seed page; attestr.md sections 2, 3 and 4
 */
export function createResultSource(options: ResultSourceOptions): ResultSource {
  const { seed, clientSecret, body: bodyForm = 'compact', sign: signForm = 'raw' } = options
  const choices = (options.stages ?? PROFILE_STAGES[options.profile ?? 'mixed']).map(parseStageChoice)
  const flowCount = options.flows ?? (choices.length === 0 ? 3 : 1)
  const flows = Array.from({ length: flowCount }, (_, flow) => createFlow(seed, flow, choices))
  const canary = options.canary ?? null
  const draw = createDraw(seed, canary)
  const [firstFlow] = flows
  const pooled =
    options.profile === 'small' && options.stages === undefined && firstFlow !== undefined && flowCount === 1
      ? createTextPool({ seed, draw, flow: firstFlow, choices, form: bodyForm })
      : null
  const cache = createAnswerCache(options.cacheBytes ?? DEFAULT_CACHE_BYTES)
  const keys = new Map<string, KeyObject>()

  function handshake(handshakeId: string, run = 0): Handshake {
    const flow = flows[hash32(handshakeId, seed) % flowCount] ?? flows[0]
    if (flow === undefined) throw new Error('a result source needs at least one flow')
    const contents =
      run > 0 ? { name: `${handshakeId} run ${run}`, mark: '' } : pooled?.contentsFor(handshakeId)
    return drawHandshake({ handshakeId, flow, choices, canary, draw, contents: contents ?? null })
  }

  function signatureOf(result: Tree, resultBytes: Buffer | string, secret = clientSecret): string {
    let key = keys.get(secret)
    if (key === undefined) {
      key = createSecretKey(Buffer.from(secret, 'utf8'))
      keys.set(secret, key)
    }
    const signed = signForm === 'raw' ? resultBytes : writeCanonical(result, signForm)
    return createHmac('sha256', key).update(signed).digest('hex')
  }

  function answer(identity: Identity & { handshakeId: string }, text: Buffer, signature: string) {
    const { handshakeId } = identity
    const parts = { ...identity, id: handshakeId, consumed: true, archived: undefined, resultText: text }
    const { body, resultBytes } = composeBody({ ...parts, signatureText: `"${signature}"` }, bodyForm)
    return { handshakeId, resultBytes, signature, body }
  }

  function make(handshakeId: string, run: number, secret: string): SimulatedResult {
    const known = handshake(handshakeId, run)
    const text = Buffer.from(writeJson(known.result, bodyForm))
    return { stages: known.stages, ...answer(known, text, signatureOf(known.result, text, secret)) }
  }

  function resultFor(
    handshakeId: string,
    { clientSecret: secret = clientSecret, run = 0 } = {},
  ): SimulatedResult {
    if (pooled !== null && signForm === 'raw' && run === 0) {
      const identity = { handshakeId, ...drawIdentity(draw, handshakeId, canary) }
      const text = pooled.textFor(handshakeId)
      return { stages: pooled.stages, ...answer(identity, text, signatureOf(null, text, secret)) }
    }
    const name = `${handshakeId} ${run} ${secret}`
    const cached = cache.get(name)
    if (cached !== undefined) return cached
    const made = make(handshakeId, run, secret)
    cache.put(name, made)
    return made
  }

  return { seed, clientSecret, bodyForm, signForm, handshake, resultFor, signatureOf, flows }
}

/**
 * The stage ids of all flows with their types, as `catalogue.stages` of a configuration wants them.
 */
export function catalogueOf(source: ResultSource): { readonly stages: Readonly<Record<string, StageType>> } {
  return {
    stages: Object.assign({}, ...source.flows.map((flow) => flow.stages)) as Record<string, StageType>,
  }
}

function createAnswerCache(maxBytes: number) {
  const kept = new Map<string, SimulatedResult>()
  let bytes = 0
  return {
    get: (name: string) => kept.get(name),
    put(name: string, result: SimulatedResult): void {
      kept.set(name, result)
      bytes += result.body.length
      for (const [oldest, old] of kept) {
        if (bytes <= maxBytes) break
        kept.delete(oldest)
        bytes -= old.body.length
      }
    },
  }
}
