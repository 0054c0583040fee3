import { expect, it } from 'vitest'
import { sendOffset } from '../../../src/io/kafka/transactional.js'

const TOPICS = [{ topic: 'events', partitions: [{ partition: 0, offset: '7' }] }]
const refusal = (type: string): Error => Object.assign(new Error('refused'), { type })

/** Refuses so many times. */
function transaction(refusals: number, type = 'CONCURRENT_TRANSACTIONS') {
  const sent: string[] = []
  let left = refusals
  return {
    sent,
    tries: () => refusals - left,
    async sendOffsets({ topics }: { topics: { partitions: { offset: string }[] }[] }) {
      left -= 1
      if (left >= 0) throw refusal(type)
      sent.push(topics[0]?.partitions[0]?.offset ?? '')
    },
  }
}

const offset = (signal: AbortSignal) => ({ groupId: 'group', topics: TOPICS, signal })
const never = (): AbortSignal => new AbortController().signal

it('an offset is sent again while the transaction before is just ending', async () => {
  const open = transaction(3)
  await sendOffset(open, offset(never()))
  expect(open.sent).toEqual(['7'])
})

it('an offset is not sent again for ever, nor after any other refusal', async () => {
  await expect(sendOffset(transaction(1000), offset(never()))).rejects.toThrow('refused')
  const other = transaction(1, 'INVALID_PRODUCER_EPOCH')
  await expect(sendOffset(other, offset(never()))).rejects.toThrow('refused')
  expect(other.sent).toEqual([])
})

it('the wait before it is sent again hears that the delivery is closed', async () => {
  const ending = new AbortController()
  const open = transaction(1000)
  const sending = sendOffset(open, offset(ending.signal))
  ending.abort()
  await expect(sending).rejects.toMatchObject({ name: 'Closed' })
  expect(open.tries()).toBe(1)
})
