import { describe, expect, it } from 'vitest'
import { createCredentialChoice } from '../../src/core/credentials.js'
import { type Credential, type HandshakeEvent, SecretText } from '../../src/core/model.js'

function credential(id: string, match: { topics?: string[]; flowIds?: string[] } = {}): Credential {
  return {
    id,
    authorization: new SecretText(`Basic ${id}`),
    clientSecret: {},
    match: { topics: match.topics ?? [], flowIds: match.flowIds ?? [] },
  }
}

function event(flowId: string | null): HandshakeEvent {
  return {
    handshakeId: 'DS0abcdef',
    eventType: null,
    tag: null,
    flowId,
    snapshot: null,
    updated: null,
    reduced: '{}',
    traceparent: null,
  }
}

/** Ids in the order in which they are tried. */
function tries(list: readonly Credential[], topic: string, flowId: string | null = null): string[] {
  const choice = createCredentialChoice(list)
  const tried: string[] = []
  const first = choice.choose(event(flowId), topic, null)
  tried.push(first.credential.id)
  const second = choice.choose(event(flowId), topic, first.credential)
  expect(second.hasNext).toBe(false)
  expect(second.credential !== first.credential).toBe(first.hasNext)
  if (second.credential !== first.credential) tried.push(second.credential.id)
  return tried
}

const main = credential('main')
const other = credential('other')
const loans = credential('loans', { topics: ['loans'] })
const loansToo = credential('loans-too', { topics: ['loans'] })
const cards = credential('cards', { flowIds: ['FX0cards'] })

describe('the credential of a handshake', () => {
  it.each([
    ['the only one', [main], 'events', null, ['main']],
    ['the first when none matches', [loans, cards], 'events', null, ['loans']],
    ['the one of its topic', [main, loans, cards], 'loans', null, ['loans', 'main']],
    ['the one of its flow', [main, loans, cards], 'events', 'FX0cards', ['cards', 'main']],
    [
      'the first that matches, then the next that does',
      [main, loans, loansToo],
      'loans',
      null,
      ['loans', 'loans-too'],
    ],
    [
      'the first, then the next without rules, as after a rotation',
      [main, other],
      'events',
      null,
      ['main', 'other'],
    ],
    ['never one whose rules say otherwise', [main, loans], 'events', 'FX0x', ['main']],
    ['tried once more at most', [main, other, credential('third')], 'events', null, ['main', 'other']],
  ])('is %s', (_, list, topic, flowId, expected) => {
    expect(tries(list, topic, flowId)).toEqual(expected)
  })

  it('needs at least one', () => {
    expect(() => createCredentialChoice([])).toThrow(RangeError)
    expect(() => createCredentialChoice([main]).replace([])).toThrow(RangeError)
  })

  it('is one of those in force at that moment, and never again one that was tried', () => {
    const choice = createCredentialChoice([main])
    const ids = (tried: Credential | null, flowId: string | null = null) => {
      const { credential: chosen, hasNext } = choice.choose(event(flowId), 'events', tried)
      return [chosen.id, hasNext]
    }
    expect(ids(null)).toEqual(['main', false])
    choice.replace([other, main])
    expect(ids(null)).toEqual(['other', true])
    expect(ids(main)).toEqual(['other', false])
    expect(ids(other)).toEqual(['main', false])
    choice.replace([main, cards])
    expect(ids(null, 'FX0cards')).toEqual(['cards', true])
    expect(ids(other)).toEqual(['main', false])
  })
})
