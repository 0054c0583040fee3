import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ENV, load, MINIMAL } from './files.js'

/** Long enough not to be part of a message by chance. */
const secretText = fc.stringMatching(/^[A-Za-z0-9!#$%&'()*+,./:;<=>?@[\]^_`{|}~ -]{12,40}$/)

const SECRET_KEYS = [
  'attestr.credentials.0.authToken',
  'attestr.credentials.0.clientSecret',
  'kafka.sasl.password',
  'schemaRegistry.password',
  'schemaRegistry.token',
  'privacy.hashKey',
  'ops.token',
]

const ANY_KEYS = [
  'attestr.baseUrl',
  'attestr.version',
  'fetch.concurrency',
  'topics.events',
  'topics.verified',
  'delivery',
  'kafka.ssl',
  'policy',
  'nonsense',
  'catalogue.stages',
  'log',
]

const everywhere = (loaded: ReturnType<typeof load>): string =>
  [JSON.stringify(loaded), inspect(loaded, { depth: 20, showHidden: true }), String(loaded)].join('\n')

describe('a secret is in no problem line, no JSON and no inspection', () => {
  it('when it comes from a variable, wherever it is put', () => {
    fc.assert(
      fc.property(secretText, fc.constantFrom(...SECRET_KEYS, ...ANY_KEYS), (text, key) => {
        const loaded = load(MINIMAL, { sets: [`${key}="\${S}"`], env: { ...ENV, S: text } })
        if ('problems' in loaded || SECRET_KEYS.includes(key)) expect(everywhere(loaded)).not.toContain(text)
      }),
      { numRuns: 300 },
    )
  })

  it('when it is written into the file, quoted or as text that YAML reads otherwise', () => {
    const forms: readonly ((text: string) => string)[] = [
      (text) => JSON.stringify(text),
      (text) => text,
      (text) => `[${JSON.stringify(text)}]`,
      (text) => `{ a: ${JSON.stringify(text)} }`,
      (text) => `"${text}`,
      (text) => `!!${text}`,
      (text) => `*${text}`,
      (text) => `%${text}`,
      (text) => `"\\q${text}"`,
    ]
    const hiding = /^[^\s]{12,}$/
    fc.assert(
      fc.property(
        secretText,
        fc.constantFrom(...forms),
        fc.constantFrom('authToken', 'clientSecret'),
        (text, form, key) => {
          fc.pre(hiding.test(text))
          const lines = MINIMAL.replace(/\{ id.*\}/, `id: main\n      ${key}: ${form(text)}`)
          expect(everywhere(load(lines))).not.toContain(text)
          const flow = MINIMAL.replace(/\{ id.*\}/, `{ id: main, ${key}: ${form(text)} }`)
          expect(everywhere(load(flow))).not.toContain(text)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('when a blank or a quote is forgotten', () => {
    for (const text of ['hunter2hunter2', 'aZ09-_hunter', 'dG9rZW4=']) {
      for (const entry of [
        `{ id: main, authToken:${text}, clientSecret: x }`,
        `{ id: main, authToken: , ${text}, clientSecret: x }`,
        `{ id: main, authToken: "${text}, clientSecret: x }`,
        `{ id: main, authToken: ${text} x: y }`,
        `{ id: main, ${text} }`,
        `{ id: main, authToken:"${text}" }`,
        `{ id: main, authToken:${text} : x }`,
        `{ id: main, "authToken ${text}": x }`,
      ]) {
        expect(everywhere(load(MINIMAL.replace(/\{ id.*\}/, entry)))).not.toContain(text)
      }
      expect(everywhere(load(MINIMAL, { sets: [`attestr.credentials.0.authToken:${text}`] }))).not.toContain(
        text,
      )
      expect(
        everywhere(load(MINIMAL, { sets: [`attestr.credentials.0.authToken==${text}\n`] })),
      ).not.toContain(text)
    }
  })
})
