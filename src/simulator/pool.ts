import { Buffer } from 'node:buffer'
import type { Draw } from './draw.js'
import { type Contents, drawStages, type Flow, fillStages, type SimulatedStage } from './handshakes.js'
import { type BodyForm, writeJson } from './json.js'
import { hash32 } from './random.js'
import type { StageChoice } from './stages/index.js'

/** Contents rendered once and used by many handshakes, each with its own mark: cheap, and still told apart. */
export interface TextPool {
  readonly stages: readonly SimulatedStage[]
  contentsFor(handshakeId: string): Contents
  /** The text of `result`; the buffer is used again by the next call. */
  textFor(handshakeId: string): Buffer
}

const TEXTS = 256
const PLACEHOLDER = '################'

/**
 * Makes the pool of a flow whose stages are all chosen with their variants.
 *
 * In:     form    how the texts are written
 * Out:    see TextPool; texts are rendered when first wanted
 */
export function createTextPool(from: {
  readonly seed: number
  readonly draw: Draw
  readonly flow: Flow
  readonly choices: readonly StageChoice[]
  readonly form: BodyForm
}): TextPool {
  const { seed, draw } = from
  const stages = drawStages(draw, from.flow, from.choices)
  const texts = new Map<string, { text: Buffer; at: number }>()

  function contentsFor(handshakeId: string): Contents {
    const first = hash32(handshakeId, seed + 2)
    const digits = (value: number): string => value.toString(16).padStart(PLACEHOLDER.length / 2, '0')
    return { name: `contents ${first % TEXTS}`, mark: digits(first) + digits(hash32(handshakeId, seed + 3)) }
  }

  function textFor(handshakeId: string): Buffer {
    const { name, mark } = contentsFor(handshakeId)
    let entry = texts.get(name)
    if (entry === undefined) {
      draw.restart(name, PLACEHOLDER)
      const text = Buffer.from(writeJson(fillStages(draw, stages), from.form))
      entry = { text, at: text.indexOf(PLACEHOLDER) }
      texts.set(name, entry)
    }
    entry.text.write(mark, entry.at, 'latin1')
    return entry.text
  }

  return { stages, contentsFor, textFor }
}
