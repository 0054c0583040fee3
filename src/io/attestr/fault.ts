import type { ApiAnswer } from '../../core/ports.js'

export type FaultDetail = Extract<ApiAnswer, { kind: 'fault' }>['detail']

/** How far a call had come when its connection failed. */
export type Phase = 'waiting' | 'sent' | 'body'

/**
 * Names the fault behind an error of the HTTP client. Its text is never kept.
 *
 * In:     phase   waiting: no connection yet; sent: no answer yet; body: the answer had begun
 * Out:    connect, reset or truncated; a connection that was reset, not closed, is `reset` in any phase after connecting
 */
export function faultOf(error: Error, phase: Phase): FaultDetail {
  if (phase === 'waiting') return 'connect'
  if (phase === 'sent') return 'reset'
  return (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? 'reset' : 'truncated'
}
