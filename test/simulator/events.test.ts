import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createEvents } from '../../src/simulator/events.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { createResultSource } from '../../src/simulator/results.js'

const source = createResultSource({ seed: 5, clientSecret: 's', stages: ['UIDAI:otp'] })
const events = createEvents(source)
const ID = handshakeIdFor(5, 3)

describe('events', () => {
  it('of completed handshakes carry the whole result, its secrets and its signature', () => {
    const text = events.completed(ID)
    const { event, payload } = JSON.parse(text)
    const answer = JSON.parse(source.resultFor(ID).body.toString())
    expect(event).toBe('flowx.completed')
    expect(payload).toEqual({
      _id: ID,
      tag: answer.tag,
      number: answer.number,
      requestId: answer.requestId,
      result: answer.result,
      resultSignature: answer.resultSignature,
      flowId: expect.stringMatching(/^FX0/),
      snapshot: expect.any(String),
      updated: expect.any(Number),
    })
    expect(payload.resultSignature).toBe(
      createHmac('sha256', 's').update(JSON.stringify(payload.result)).digest('hex'),
    )
    expect(JSON.parse(events.completed(ID, { flowId: 'FX0other' })).payload.flowId).toBe('FX0other')
  })

  it('have all the forms a topic may hold', () => {
    expect(events.idText(ID)).toBe(ID)
    expect(JSON.parse(events.idJson(ID))).toBe(ID)
    expect(JSON.parse(events.bare(ID))).toEqual(JSON.parse(events.reduced(ID)).payload)
    expect(JSON.parse(events.bare(ID))).not.toHaveProperty('result')
    expect(JSON.parse(events.handshakeIdMember(ID)).handshakeId).toBe(ID)
    expect(JSON.parse(events.withoutName(ID))).not.toHaveProperty('event')
    expect(JSON.parse(events.skipped(ID))).toMatchObject({ event: 'flowx.skipped', payload: { _id: ID } })
    expect(JSON.parse(events.errored(ID))).toMatchObject({ event: 'flowx.errored', payload: { _id: ID } })
    expect(JSON.parse(events.unsupported(ID)).event).toBe('factx.query')
    expect(Object.keys(events.avroFields(ID))).toEqual([
      'event',
      'handshakeId',
      'flowId',
      'snapshot',
      'tag',
      'updated',
    ])
  })
})
