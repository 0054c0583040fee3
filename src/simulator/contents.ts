import { Buffer } from 'node:buffer'
import type { Asked } from './answers.js'
import type { BodyParts } from './body.js'
import type { Fault, ResultFault, SignatureFault } from './faults.js'
import type { Handshake } from './handshakes.js'
import { orderedObject, type Tree, type TreeObject, writeJson } from './json.js'
import type { ResultSource } from './results.js'

/** Answers whose content is wrong, each in one way; what is not meant to be wrong is signed right. */

const ARCHIVED_AT = 1_640_995_200_000
const PLACEHOLDER = 'not-utf8-here'

const RESULTS: Readonly<
  Record<Exclude<ResultFault, 'null' | 'missing' | 'stage-not-object' | 'bad-stage-id'>, Tree>
> = {
  empty: {},
  array: [{ input: {}, output: {} }],
  text: 'done',
  number: 7,
}

/**
 * Makes wrong contents for the handshakes of a source.
 *
 * Out:    `partsOf`: the right parts of an answer; `changed`: the parts that a fault changes
 */
export function createContents(source: ResultSource) {
  function partsOf(asked: Asked): BodyParts {
    const known = source.handshake(asked.handshakeId)
    return {
      ...known,
      id: asked.handshakeId,
      consumed: true,
      archived: undefined,
      ...signed(known.result, asked),
    }
  }

  function signed(result: Tree, asked: Asked): { resultText: string; signatureText: string } {
    const resultText = writeJson(result, source.bodyForm)
    return { resultText, signatureText: `"${source.signatureOf(result, resultText, asked.clientSecret)}"` }
  }

  function wrongResult(value: ResultFault, known: Handshake, asked: Asked): Partial<BodyParts> {
    switch (value) {
      case 'null':
        return { resultText: 'null', signatureText: 'null' }
      case 'missing':
        return { resultText: undefined, signatureText: 'null' }
      case 'stage-not-object':
        return signed({ ...(known.result as TreeObject), FS0notAnObject: 'done' }, asked)
      case 'bad-stage-id':
        return signed({ ...(known.result as TreeObject), 'FS0 not/an.id': { input: {}, output: {} } }, asked)
      default:
        return signed(RESULTS[value], asked)
    }
  }

  function changed(fault: Fault, asked: Asked): Partial<BodyParts> {
    const known = source.handshake(asked.handshakeId)
    const { handshakeId } = known
    switch (fault.kind) {
      case 'archived':
        return { archived: ARCHIVED_AT, resultText: 'null', signatureText: 'null' }
      case 'not-consumed':
        return { consumed: false, resultText: 'null', signatureText: 'null' }
      case 'result':
        return wrongResult(fault.value, known, asked)
      case 'signature':
        return { signatureText: wrongSignature(fault.value, signed(known.result, asked).signatureText) }
      case 'tampered':
        return { resultText: tampered(known, signed(known.result, asked).resultText) }
      case 'id':
        return { id: fault.value === 'missing' ? undefined : otherId(handshakeId) }
      case 'bytes':
        if (fault.value === 'invalid-utf8') return notUtf8(source, known, asked)
        return signed(inFirstOutput(known, { note: '\ud83d alone' }), asked)
      case 'duplicate-keys':
        if ((fault.at ?? 'result') === 'top') return { extra: [['number', '"0000-000000-0000"']] }
        return signed(doubled(known, fault.at ?? 'result'), asked)
      case 'extra-members':
        return { ...signed(withExtra(known), asked), extra: [['simulatedMember', '{"a":[1,null]}']] }
      default:
        return signed(shaped(fault, known), asked)
    }
  }

  return { partsOf, changed }
}

/** Bytes that are no UTF-8, signed as they are sent. */
function notUtf8(source: ResultSource, known: Handshake, asked: Asked): Partial<BodyParts> {
  const text = writeJson(inFirstOutput(known, { note: PLACEHOLDER }), source.bodyForm)
  const [before = '', after = ''] = text.split(PLACEHOLDER)
  const resultText = Buffer.concat([Buffer.from(before), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from(after)])
  return {
    resultText,
    signatureText: `"${source.signatureOf(known.result, resultText, asked.clientSecret)}"`,
  }
}

/** Results of a right kind but of an unusual size or depth, or without their end. */
function shaped(fault: Fault, known: Handshake): Tree {
  const result = known.result as TreeObject
  switch (fault.kind) {
    case 'deep': {
      let nested: Tree = 'bottom'
      for (let i = 0; i < (fault.depth ?? 300); i += 1) nested = i % 2 === 0 ? [nested] : { inner: nested }
      return inFirstOutput(known, { nested })
    }
    case 'many-leaves':
      return inFirstOutput(known, { list: Array.from({ length: fault.leaves ?? 3000 }, (_, i) => i) })
    case 'many-stages': {
      const names = Array.from(
        { length: fault.stages ?? 201 },
        (_, i) => `FS0many${String(i).padStart(4, '0')}`,
      )
      return Object.fromEntries(names.map((name) => [name, { input: {}, output: { valid: true } }]))
    }
    case 'partial': {
      const last = known.stages.at(-1)?.stageId ?? ''
      return { ...result, [last]: { input: (result[last] as TreeObject)['input'] } }
    }
    default:
      return result
  }
}

function inFirstOutput(known: Handshake, more: TreeObject): Tree {
  const result = known.result as TreeObject
  const first = known.stages[0]?.stageId ?? ''
  const stage = result[first] as TreeObject
  return { ...result, [first]: { ...stage, output: { ...(stage['output'] as TreeObject), ...more } } }
}

function withExtra(known: Handshake): Tree {
  const stages = Object.entries(known.result as TreeObject)
  return Object.fromEntries(
    stages.map(([id, stage]) => [
      id,
      { ...(stage as TreeObject), state: 'DONE', error: null, attempts: [1, { n: 2 }] },
    ]),
  )
}

function doubled(known: Handshake, at: 'top' | 'result' | 'deep'): Tree {
  const members = Object.entries(known.result as TreeObject) as [string, Tree][]
  if (at === 'result') return orderedObject([...members, ...members.slice(0, 1)])
  const twice = orderedObject([
    ['a', 1],
    ['b', null],
    ['a', 2],
  ])
  return inFirstOutput(known, { list: [{ twice }] })
}

/** Changes the last character of the first stage id: still JSON, no longer what was signed. */
function tampered(known: Handshake, resultText: string): string {
  const id = known.stages[0]?.stageId ?? ''
  return resultText.replace(id, otherId(id))
}

function otherId(id: string): string {
  return id.slice(0, -1) + (id.endsWith('0') ? '1' : '0')
}

function wrongSignature(value: SignatureFault, right: string): string | undefined {
  const digits = right.slice(1, -1)
  const table: Readonly<Record<SignatureFault, string | undefined>> = {
    wrong: `"${otherId(digits)}"`,
    null: 'null',
    missing: undefined,
    empty: '""',
    'not-hex': `"${digits.slice(0, -1)}g"`,
    short: `"${digits.slice(0, -2)}"`,
    number: '12345',
    'upper-case': `"${digits.toUpperCase()}"`,
  }
  return table[value]
}
