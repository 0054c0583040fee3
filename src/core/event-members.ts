/** The members of an event that are read, its name aside: a replay needs no others. Source: product.md section 3 */
export const EVENT_MEMBERS = [
  '_id',
  'handshakeId',
  'tag',
  'number',
  'requestId',
  'flowId',
  'snapshot',
  'updated',
] as const

export type EventMember = (typeof EVENT_MEMBERS)[number]
