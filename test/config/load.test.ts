import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConfig, problemReport } from '../../src/config/load.js'
import { configOf, ENV, MINIMAL, problemsIn } from './files.js'

describe('the smallest useful file', () => {
  it('is enough, and has the defaults of the contract', () => {
    const config = configOf(MINIMAL)
    expect(config.attestr.baseUrl).toBe('https://api.attestr.com/api')
    expect(config.attestr.credentials[0]?.authToken.reveal()).toBe('token-of-main')
    expect(config.attestr.credentials[0]?.clientSecret.reveal()).toBe('secret-of-main')
    expect(config.attestr.credentials[0]?.match).toEqual({ topics: [], flowIds: [] })
    expect(config.kafka).toEqual({
      brokers: ['localhost:9092'],
      clientId: 'attestr-kafka',
      groupId: 'attestr-kafka',
      ssl: false,
      sasl: null,
      sessionTimeoutMs: 15000,
      rebalanceDrainMs: 3000,
      transactionTimeoutMs: 15000,
      maxRecordBytes: 1000000,
      compression: 'none',
    })
    expect(config.topics.retry.map(({ topic, delayMs }) => `${topic} ${delayMs}`)).toEqual([
      'attestr.retry.1m 60000',
      'attestr.retry.10m 600000',
      'attestr.retry.1h 3600000',
    ])
    expect(config.fetch.concurrency).toBe(64)
    expect(config.delivery).toBe('exactly-once')
    expect(config.deadLetters.flood).toEqual({ share: 0.5, window: 500 })
    expect(config.ops).toEqual({ host: '127.0.0.1', port: 9464, token: null })
  })

  it('is read from a real file, with secrets from files beside it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'))
    try {
      writeFileSync(join(folder, 'token'), 'abc\n')
      const file = join(folder, 'c.yaml')
      writeFileSync(file, MINIMAL.replace(`\${TOKEN}`, `\${file:token}`))
      const loaded = loadConfig({ file, env: ENV })
      if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
      expect(loaded.config.attestr.credentials[0]?.authToken.reveal()).toBe('abc')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('may leave a section empty: its defaults hold', () => {
    expect(configOf(`${MINIMAL}fetch:\n  # concurrency: 5\n`).fetch.concurrency).toBe(64)
  })
})

describe('a problem says where and what', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'an unknown key',
      'fetch:\n  timeoutMS: 5\n',
      'c.yaml:9:3 fetch.timeoutMS: is not a known key (did you mean timeoutMs?)',
    ],
    ['an unknown section', 'fecth: {}\n', 'c.yaml:8:1 fecth: is not a known key (did you mean fetch?)'],
    [
      'a key in the wrong section',
      'brokers: [a:1]\n',
      'c.yaml:8:1 brokers: is not a known key (did you mean kafka.brokers?)',
    ],
    ['a key like no other', 'zebra: 1\n', 'c.yaml:8:1 zebra: is not a known key'],
    [
      'text for a number',
      'fetch: { attempts: many }\n',
      'c.yaml:8:10 fetch.attempts: must be a whole number, is text',
    ],
    [
      'a fraction',
      'fetch: { attempts: 1.5 }\n',
      'c.yaml:8:10 fetch.attempts: must be a whole number, has a fraction or is too large',
    ],
    [
      'a number for text',
      'log: { level: 3 }\n',
      'c.yaml:8:8 log.level: must be text, is a number: put it in quotes',
    ],
    ['a map for a list', 'topics: { events: {} }\n', 'c.yaml:8:11 topics.events: must be a list, is a map'],
    ['a list for a map', 'ops: []\n', 'c.yaml:8:1 ops: must be a map, is a list'],
    ['null for a number', 'ops: { port: null }\n', 'c.yaml:8:8 ops.port: must be a whole number, is null'],
    [
      'text for a truth value',
      'log: { pretty: yes }\n',
      'c.yaml:8:8 log.pretty: must be true or false, is text',
    ],
    [
      'a word out of a list',
      'delivery: exactly_once\n',
      'c.yaml:8:1 delivery: must be one of exactly-once, at-least-once (did you mean exactly-once?)',
    ],
    ['too small', 'fetch: { concurrency: 0 }\n', 'c.yaml:8:10 fetch.concurrency: must be at least 1'],
    [
      'a commit without bound',
      'commit: { maxEvents: 0 }\n',
      'c.yaml:8:11 commit.maxEvents: must be at least 1',
    ],
    [
      'too large for a timer',
      'commit: { intervalMs: 3000000000 }\n',
      'c.yaml:8:11 commit.intervalMs: must be at most 2147483647',
    ],
    ['an empty list', 'topics: { events: [] }\n', 'c.yaml:8:11 topics.events: must have at least one item'],
    [
      'an item of a list',
      'topics:\n  events:\n    - fine\n    - not/fine\n',
      'c.yaml:11:7 topics.events[1]: must be a topic name: up to 249 letters, digits, dots, hyphens or underscores',
    ],
    ['a duplicate key', 'log: {}\nlog: {}\n', 'c.yaml:9:1 log: is given twice, first at 8:1'],
    [
      'an unset variable',
      `ops: { token: "\${NOPE}" }\n`,
      'c.yaml:8:8 ops.token: the environment variable NOPE is not set',
    ],
    [
      'a file that is not there',
      `ops: { token: "\${file:nope}" }\n`,
      'c.yaml:8:8 ops.token: the file nope cannot be read (no such file)',
    ],
    [
      'a half substitution',
      `ops: { token: "x\${" }\n`,
      `c.yaml:8:8 ops.token: has \${ without NAME} or file:PATH}; write $\${ for a literal \${`,
    ],
    [
      'a flag of a privacy rule',
      'privacy: { defaults: { media: drop } }\n',
      'c.yaml:8:24 privacy.defaults.media: must be keep',
    ],
    [
      'an unknown privacy rule',
      'privacy: { defaults: { tag-digit: keep } }\n',
      'c.yaml:8:24 privacy.defaults.tag-digit: is not a known key (did you mean tag-digits?)',
    ],
    [
      'a hash key of another length',
      'privacy: { hashKey: abcd }\n',
      'c.yaml:8:12 privacy.hashKey: must be 32 bytes as 64 hex digits or as base64',
    ],
    ['a map inside a union', 'x: 1\n', 'c.yaml:8:1 x: is not a known key'],
    [
      'a stage type in small letters',
      'catalogue: { stages: { FS01: pan } }\n',
      'c.yaml:8:24 catalogue.stages.FS01: must be a stage type in capital letters, such as PAN or BANK_ACC',
    ],
    [
      'a replication factor of none',
      'topics: { replicationFactor: 0 }\n',
      'c.yaml:8:11 topics.replicationFactor: must be -1 or at least 1',
    ],
  ]
  it.each(cases)('%s', (_, more, line) => {
    expect(problemsIn(MINIMAL + more)).toEqual([line])
  })

  it('names a missing key at its parent', () => {
    expect(
      problemsIn('attestr:\n  credentials:\n    - { id: main, authToken: t }\nkafka:\n  groupId: g\n'),
    ).toEqual([
      'c.yaml:1:1 schemaRegistry.url: is missing',
      'c.yaml:3:7 attestr.credentials[0].clientSecret: is missing',
      'c.yaml:4:1 kafka.brokers: is missing',
    ])
  })

  it('an empty file misses its three sections', () => {
    expect(problemsIn('')).toEqual([
      'c.yaml:1:1 attestr.credentials: is missing',
      'c.yaml:1:1 kafka.brokers: is missing',
      'c.yaml:1:1 schemaRegistry.url: is missing',
    ])
  })

  it('SASL without a user name and TLS with half a certificate', () => {
    const text = MINIMAL.replace(
      'kafka:',
      'kafka:\n  sasl: { mechanism: plain }\n  ssl: { certFile: c.pem, caFil: x }',
    )
    expect(problemsIn(text, { files: { '/etc/app/c.pem': '' } })).toEqual([
      'c.yaml:5:3 kafka.sasl.username: is missing',
      'c.yaml:5:3 kafka.sasl.password: is missing',
      'c.yaml:6:10 kafka.ssl.certFile: needs kafka.ssl.keyFile beside it',
      'c.yaml:6:27 kafka.ssl.caFil: is not a known key (did you mean caFile?)',
    ])
  })

  it('of one section hides none of another', () => {
    const problems = problemsIn(
      `${MINIMAL}fetch: { nope: 1 }\nprivacy: { rules: [{ stage: PAN, path: input.pan, action: hash }] }\n`,
    )
    expect(problems).toHaveLength(2)
    expect(problems[0]).toContain('fetch.nope')
    expect(problems[1]).toContain('privacy.')
  })

  it('that is a variable which is not set makes no other problem', () => {
    const rule = 'rules: [{ stage: PAN, path: input.pan, action: hash }]'
    const text = `${MINIMAL}privacy: { hashKey: "\${NOT_SET}", ${rule} }\n`
    expect(problemsIn(text)).toHaveLength(1)
  })

  it('that is a variable which is not set hides no other', () => {
    const pan = '{ stage: PANX, path: input.pan, action: hash }'
    const secret = '{ stage: PAN, path: input.name, action: encrypt }'
    const text = `${MINIMAL}privacy: { hashKey: "\${NOT_SET}", rules: [${pan}, ${secret}] }\n`
    const problems = problemsIn(`${text}catalogue: { stages: { FS0abcdef12: "\${NOT_SET}" } }\n`)
    expect(problems).toHaveLength(4)
    expect(problems.filter((problem) => problem.includes('NOT_SET'))).toHaveLength(2)
    expect(problems.filter((problem) => problem.includes('privacy.rules'))).toHaveLength(2)
  })

  it('SASL mechanisms are taken as Kafka Connect writes them', () => {
    const kafka = (mechanism: string): string =>
      MINIMAL.replace('kafka:', `kafka:\n  sasl: { mechanism: ${mechanism}, username: u, password: p }`)
    expect(configOf(kafka('SCRAM-SHA-512')).kafka.sasl?.mechanism).toBe('SCRAM-SHA-512')
    expect(problemsIn(kafka('Scram'))).toHaveLength(1)
  })

  it('counts the problems on a last line of its own', () => {
    expect(problemReport(['a', 'b'])).toBe('a\nb\n2 problems\n')
    expect(problemReport(['a'])).toBe('a\n1 problem\n')
  })

  it('reports everything at once, in the order of the file, then of --set', () => {
    const text = `${MINIMAL}fetch:\n  timeoutMs: 20000\n  attempts: x\nonSystemic: stop\n`
    expect(problemsIn(text, { sets: ['a.b=1', 'log.level=loud'], env: {} })).toEqual([
      'c.yaml:3:19 attestr.credentials[0].authToken: the environment variable TOKEN is not set',
      'c.yaml:3:42 attestr.credentials[0].clientSecret: the environment variable SECRET is not set',
      'c.yaml:9:3 fetch.timeoutMs: must be less than fetch.deadlineMs (default 15000)',
      'c.yaml:10:3 fetch.attempts: must be a whole number, is text',
      'c.yaml:11:1 onSystemic: must be one of pause, exit',
      '--set:1:1 a: is not a known key',
      '--set:2:1 log.level: must be one of debug, info, warn, error, silent',
    ])
  })
})

describe('a file that cannot be parsed', () => {
  it('is told with line and column, in our own words', () => {
    expect(problemsIn('a: [b\nc: "d')).toEqual([
      'c.yaml:2:1 (yaml): the indentation does not fit the lines above',
    ])
    expect(problemsIn('a: 1\n---\nb: 2\n')).toEqual([
      'c.yaml:2:1 (yaml): a second document (---); one is allowed',
    ])
    expect(problemsIn('- a\n')).toEqual([
      'c.yaml:1:1 (file): must be a map of keys, such as `attestr:` and `kafka:`',
    ])
  })

  it('says what to do about a bare substitution within braces', () => {
    const [line] = problemsIn(`attestr:\n  credentials: [{ id: a, authToken: \${X} }]\n`)
    expect(line).toContain('c.yaml:2:')
    expect(line).toContain(`put \${...} in quotes`)
  })

  it('is told when it is not there', () => {
    const loaded = loadConfig({ file: '/nowhere/c.yaml', env: {} })
    expect(loaded).toEqual({ problems: ['/nowhere/c.yaml:1:1 (file): cannot be read (no such file)'] })
  })

  it('is bounded: aliases cannot make it grow without end', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`,
    )
    const problems = problemsIn(`a0: &a0 [x]\n${levels.join('\n')}\n`)
    expect(problems.some((line) => line.includes('too large or nested too deeply'))).toBe(true)
    expect(problemsIn('a: &a [*a]\n').length).toBeGreaterThan(0)
  })
})

describe('values from outside', () => {
  it('become what their key takes', () => {
    const config = configOf(
      `${MINIMAL}fetch: { concurrency: "\${C}" }\nlog: { pretty: "\${P}" }\ntopics: { outcomes: "\${O}", events: "\${E}" }\n`,
      { env: { ...ENV, C: '16', P: 'true', O: '123', E: 'one, two' } },
    )
    expect(config.fetch.concurrency).toBe(16)
    expect(config.log.pretty).toBe(true)
    expect(config.topics.outcomes).toBe('123')
    expect(config.topics.events).toEqual(['one', 'two'])
  })

  it('can never change the structure of the file', () => {
    const config = configOf(MINIMAL.replace(`\${SECRET}`, `\${S}`), { env: { ...ENV, S: 'a", id: "other' } })
    expect(config.attestr.credentials[0]?.clientSecret.reveal()).toBe('a", id: "other')
    expect(config.attestr.credentials[0]?.id).toBe('main')
  })

  it(`keep a literal \${ written as $\${, and texts with several parts`, () => {
    const text = `${MINIMAL}ops: { token: "a-$\${X}-\${N}-b" }\n`
    expect(configOf(text, { env: { ...ENV, N: '7' } }).ops.token?.reveal()).toBe(`a-\${X}-7-b`)
  })

  it('lose one newline at the end of a file, not two', () => {
    const text = MINIMAL.replace(`\${SECRET}`, `\${file:s}`)
    expect(
      configOf(text, { files: { '/etc/app/s': 'x\r\n' } }).attestr.credentials[0]?.clientSecret.reveal(),
    ).toBe('x')
    expect(problemsIn(text, { files: { '/etc/app/s': 'x\n\n' } })).toEqual([
      'c.yaml:3:42 attestr.credentials[0].clientSecret: has a blank or a line break at its start or end',
    ])
  })
})

describe('--set', () => {
  const set = (...sets: string[]) => configOf(MINIMAL, { sets })
  it('takes numbers, truth values, lists, maps, null and list items', () => {
    expect(set('fetch.concurrency=16').fetch.concurrency).toBe(16)
    expect(set('log.pretty=true').log.pretty).toBe(true)
    expect(set('topics.events=[a, b]').topics.events).toEqual(['a', 'b'])
    expect(set('topics.events=a,b').topics.events).toEqual(['a', 'b'])
    expect(set('topics.outcomes=null').topics.outcomes).toBeNull()
    expect(set('kafka.groupId=1.0').kafka.groupId).toBe('1.0')
    expect(set('attestr.credentials.0.id=other').attestr.credentials[0]?.id).toBe('other')
    expect(set('attestr.credentials[0].id=other').attestr.credentials[0]?.id).toBe('other')
    expect(set('kafka.sasl={mechanism: plain, username: u, password: p}').kafka.sasl?.username).toBe('u')
    expect(set('deadLetters.flood=null').deadLetters.flood).toBeNull()
    expect(set('kafka.ssl=true').kafka.ssl).toBe(true)
  })

  it('the last one wins', () => {
    expect(set('fetch.attempts=2', 'fetch.attempts=3').fetch.attempts).toBe(3)
  })

  it('mends what the file gets wrong', () => {
    expect(
      configOf(`${MINIMAL}fetch: { attempts: x }\n`, { sets: ['fetch.attempts=3'] }).fetch.attempts,
    ).toBe(3)
  })

  it.each([
    ['fetch', '--set:1:1 (option): must be KEY=VALUE, such as fetch.concurrency=16'],
    ['fetch.conc=3', '--set:1:1 fetch.conc: is not a known key'],
    ['fetch.concurency=3', '--set:1:1 fetch.concurency: is not a known key (did you mean concurrency?)'],
    ['fetch.attempts=x', '--set:1:1 fetch.attempts: must be a whole number, is text'],
    ['attestr.credentials.5.id=x', '--set:1:1 attestr.credentials[5].id: is beyond the end of the list'],
    [
      'topics.events=[a',
      '--set:1:1 topics.events: a character is missing: a colon and blank after a key, a comma, or a closing quote or bracket',
    ],
  ])('%s', (option, line) => {
    expect(problemsIn(MINIMAL, { sets: [option] })).toEqual([line])
  })
})

describe('the environment', () => {
  afterEach(() => {
    delete process.env['CONFIG_TEST_TOKEN']
  })
  it('is that of the caller, not of the process', () => {
    process.env['CONFIG_TEST_TOKEN'] = 'x'
    expect(problemsIn(MINIMAL.replace(`\${TOKEN}`, `\${CONFIG_TEST_TOKEN}`))).toEqual([
      'c.yaml:3:19 attestr.credentials[0].authToken: the environment variable CONFIG_TEST_TOKEN is not set',
    ])
  })
})
