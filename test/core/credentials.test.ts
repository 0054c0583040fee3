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
  for (
    let now: Credential | null = choice.first(event(flowId), topic);
    now !== null;
    now = choice.next(event(flowId), topic, now)
  ) {
    tried.push(now.id)
  }
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
  })
})
