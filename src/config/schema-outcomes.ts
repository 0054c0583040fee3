/** The keys about records, dead letters, pauses and operations. Source: product.md sections 9 and 10. */
import { z } from 'zod'
import { catalogue } from './schema-catalogue.js'
import { durationMs, flag, headerToken, oneOf, text, whole } from './values.js'

const FORMS = ['long', 'typed', 'both'] as const

export const records = {
  records: z
    .strictObject({
      form: oneOf('Form of verified records.', FORMS).default('long'),
      json: flag('Adds input and output as JSON text.').default(false),
    })
    .prefault({}),
  catalogue: catalogue.prefault({}),
}

export const deadLetters = z.strictObject({
  undecodable: oneOf('What a dead letter keeps of an undecodable value.', ['reference', 'keep']).default(
    'reference',
  ),
  headers: z
    .array(text(''))
    .default(['traceparent'])
    .describe('Headers of the event that a dead letter keeps.'),
  flood: z
    .strictObject({
      share: z.number().gt(0).max(1).default(0.5).describe('Share of dead letters that pauses.'),
      window: whole('Events over which the share is taken.', 1, 1_000_000).default(500),
    })
    .nullable()
    .prefault({})
    .describe('Pause when dead letters flood; null turns it off.'),
})

export const systemic = {
  onSystemic: oneOf('What systemic trouble does.', ['pause', 'exit']).default('pause'),
  systemic: z
    .strictObject({
      probeMs: durationMs('Shortest time between probes.').default(1_000),
      maxProbeMs: durationMs('Longest time between probes.').default(60_000),
      breakerFailures: whole('Failed calls in a row that open the breaker.').default(10),
    })
    .prefault({}),
}

export const ops = {
  ops: z
    .strictObject({
      host: text('Address the operations port listens on.').default('127.0.0.1'),
      port: whole('Operations port; 0 takes a free one.', 0, 65_535).default(9_464),
      token: headerToken('Token for POST requests; without it they are answered on loopback only.')
        .nullable()
        .default(null),
    })
    .prefault({}),
  shutdown: z
    .strictObject({ drainMs: durationMs('Time for work in flight after SIGTERM or SIGINT.').default(20_000) })
    .prefault({}),
  log: z
    .strictObject({
      level: oneOf('Lowest level logged.', ['debug', 'info', 'warn', 'error', 'silent']).default('info'),
      pretty: flag('Log for people instead of JSON.').default(false),
    })
    .prefault({}),
}
