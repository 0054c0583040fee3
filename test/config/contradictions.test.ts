import { describe, expect, it } from 'vitest'
import { configOf, MINIMAL, problemsIn } from './files.js'

const among = (...more: string[]): readonly string[] =>
  problemsIn(MINIMAL + more.map((line) => `${line}\n`).join(''))

describe('times', () => {
  it('timeoutMs < deadlineMs < drainMs', () => {
    expect(among('fetch: { timeoutMs: 15000 }')).toEqual([
      'c.yaml:8:10 fetch.timeoutMs: must be less than fetch.deadlineMs (default 15000)',
    ])
    expect(among('fetch: { deadlineMs: 5000 }')).toEqual([
      'c.yaml:8:10 fetch.deadlineMs: must be more than fetch.timeoutMs (default 5000)',
    ])
    expect(among('shutdown: { drainMs: 15000 }')).toEqual([
      'c.yaml:8:13 shutdown.drainMs: must be more than fetch.deadlineMs (default 15000)',
    ])
    expect(among('fetch: { timeoutMs: 9, deadlineMs: 8 }', 'shutdown: { drainMs: 7 }')).toEqual([
      'c.yaml:8:10 fetch.timeoutMs: must be less than fetch.deadlineMs',
      'c.yaml:8:24 fetch.deadlineMs: must be less than shutdown.drainMs',
    ])
    expect(among('fetch: { timeoutMs: 6, deadlineMs: 7 }', 'shutdown: { drainMs: 8 }')).toEqual([])
  })

  it('rebalanceDrainMs < sessionTimeoutMs', () => {
    expect(problemsIn(MINIMAL, { sets: ['kafka.sessionTimeoutMs=3000'] })).toEqual([
      '--set:1:1 kafka.sessionTimeoutMs: must be more than kafka.rebalanceDrainMs (default 3000)',
    ])
  })

  it('delays of retry topics ascend', () => {
    expect(among('topics: { retry: [{ topic: a, delayMs: 5 }, { topic: b, delayMs: 5 }] }')).toEqual([
      'c.yaml:8:57 topics.retry[1].delayMs: must be longer than the delay of the retry topic before it',
    ])
    expect(among('topics: { retry: [] }')).toEqual([])
  })
})

describe('bounds', () => {
  it('one response fits into the bytes in flight', () => {
    expect(among('fetch: { maxInFlightBytes: 8388607 }')).toEqual([
      'c.yaml:8:10 fetch.maxInFlightBytes: must be at least fetch.maxResponseBytes (default 8388608)',
    ])
    expect(among('fetch: { maxInFlightBytes: 8388608 }')).toEqual([])
  })

  it('calls in flight fit into the events held', () => {
    expect(among('fetch: { concurrency: 100, maxHeldEvents: 99 }')).toEqual([
      'c.yaml:8:10 fetch.concurrency: must be at most fetch.maxHeldEvents',
    ])
  })
})

describe('topics', () => {
  it('have a name each, defaults included', () => {
    expect(among('topics: { verified: attestr.outcomes }')).toEqual([
      'c.yaml:8:11 topics.verified: is the same topic as topics.outcomes (its default)',
    ])
    expect(among('topics: { events: [a, a], replay: b, deadLetter: b }')).toEqual([
      'c.yaml:8:23 topics.events[1]: is the same topic as topics.events[0]',
      'c.yaml:8:27 topics.replay: is the same topic as topics.deadLetter',
    ])
    expect(among('topics: { replay: attestr.retry.1m }')).toEqual([
      'c.yaml:8:11 topics.replay: is the same topic as topics.retry[0].topic',
    ])
    expect(among('topics: { outcomes: null, verified: attestr.outcomes }')).toEqual([])
    expect(among('topics: { retry: [], verified: attestr.retry.1m }')).toEqual([])
  })
})

describe('addresses', () => {
  const base = (url: string, ...more: string[]) =>
    problemsIn(MINIMAL, { sets: [`attestr.baseUrl=${url}`, ...more] })
  it('are https, or http on loopback, or allowed on purpose', () => {
    expect(base('https://api.example.com/api')).toEqual([])
    for (const host of ['localhost', '127.0.0.1', '127.8.9.1', '[::1]'])
      expect(base(`http://${host}:8080/api`)).toEqual([])
    expect(base('http://api.example.com')[0]).toContain('attestr.baseUrl: must be https')
    expect(base('http://localhost.example.com')[0]).toContain('must be https')
    expect(base('http://127.0.0.1.example.com')[0]).toContain('must be https')
    expect(base('http://api.example.com', 'attestr.allowHttp=true')).toEqual([])
  })

  it('hold no user info, query or fragment', () => {
    for (const url of ['https://u@x.io', 'https://u:p@x.io', 'https://@x.io']) {
      expect(base(url)).toEqual(['--set:1:1 attestr.baseUrl: must not hold a user name or password'])
    }
    expect(problemsIn(MINIMAL, { sets: ['schemaRegistry.url=http://u:p@localhost:8081'] })).toEqual([
      '--set:1:1 schemaRegistry.url: must not hold a user name or password',
    ])
    expect(problemsIn(MINIMAL, { sets: ['attestr.proxyUrl=http://u:p@localhost:8081'] })).toEqual([
      '--set:1:1 attestr.proxyUrl: must not hold a user name or password',
    ])
    expect(base('https://x.io?a=b')).toEqual([
      '--set:1:1 attestr.baseUrl: must not have a query or a fragment',
    ])
    expect(base('ftp://x.io')).toEqual([
      '--set:1:1 attestr.baseUrl: must be an address that starts with https:// or http://',
    ])
  })

  it('lose the slash at their end', () => {
    expect(configOf(MINIMAL, { sets: ['attestr.baseUrl=https://x.io/api/'] }).attestr.baseUrl).toBe(
      'https://x.io/api',
    )
    expect(configOf(MINIMAL, { sets: ['attestr.proxyUrl=env'] }).attestr.proxyUrl).toBe('env')
  })
})

describe('credentials', () => {
  it('have an id each', () => {
    const text = MINIMAL.replace('kafka:', '    - { id: main, authToken: a, clientSecret: b }\nkafka:')
    expect(problemsIn(text)).toEqual([
      'c.yaml:4:9 attestr.credentials[1].id: is the same id as attestr.credentials[0].id',
    ])
  })

  it('give the token alone', () => {
    expect(problemsIn(MINIMAL, { env: { TOKEN: 'Basic abc', SECRET: 's' } })).toEqual([
      'c.yaml:3:19 attestr.credentials[0].authToken: must be the token alone, without the word Basic or Bearer before it',
    ])
    expect(problemsIn(MINIMAL, { env: { TOKEN: 'a\nb', SECRET: 's' } })).toEqual([
      'c.yaml:3:19 attestr.credentials[0].authToken: has a line break or another control character in it',
    ])
    expect(problemsIn(MINIMAL, { env: { TOKEN: '', SECRET: '' } })).toEqual([
      'c.yaml:3:19 attestr.credentials[0].authToken: must not be empty',
      'c.yaml:3:42 attestr.credentials[0].clientSecret: must not be empty',
    ])
  })
})

describe('pairs', () => {
  it('of the registry belong together', () => {
    const registry = (...sets: string[]) =>
      problemsIn(MINIMAL, { sets: sets.map((one) => `schemaRegistry.${one}`) })
    expect(registry('username=u')).toEqual([
      '--set:1:1 schemaRegistry.username: needs schemaRegistry.password beside it',
    ])
    expect(registry('username=u', 'password=p', 'token=t')).toEqual([
      '--set:3:1 schemaRegistry.token: cannot stand beside schemaRegistry.username and password; give one of them',
    ])
    expect(registry('username=u', 'password=p')).toEqual([])
    expect(registry('token=t')).toEqual([])
  })

  it('an event is fetched or ignored', () => {
    expect(configOf(MINIMAL, { sets: ['events.ignore=[flowx.skipped]'] }).events.fetch).toEqual([
      'flowx.completed',
      'flowx.errored',
    ])
    expect(among('events: { fetch: [flowx.skipped], ignore: [flowx.skipped] }')).toEqual([
      'c.yaml:8:44 events.ignore[0]: is in events.fetch too; name an event in one of them',
    ])
  })
})

describe('files', () => {
  it('that are named must be readable, and come out as absolute paths', () => {
    expect(among('attestrx: 1', 'ops: {}')).toHaveLength(1)
    expect(
      problemsIn(MINIMAL, { sets: ['attestr.caFile=ca.pem', 'schemaRegistry.caFile=/etc/ca.pem'] }),
    ).toEqual([
      '--set:1:1 attestr.caFile: names a file that cannot be read (no such file)',
      '--set:2:1 schemaRegistry.caFile: names a file that cannot be read (no such file)',
    ])
    const config = configOf(MINIMAL, { sets: ['attestr.caFile=ca.pem'], files: { '/etc/app/ca.pem': 'x' } })
    expect(config.attestr.caFile).toBe('/etc/app/ca.pem')
  })
})

describe('policy', () => {
  const action = (text: string) =>
    problemsIn(MINIMAL, { sets: [`policy=[{status: 404, action: "${text}"}]`] })
  const rows = (...list: string[]) =>
    problemsIn(`${MINIMAL}policy:\n${list.map((row) => `  - ${row}\n`).join('')}`)

  it.each([
    'dead:request-rejected',
    'dead:result-archived',
    'delay:handshake-not-found',
    'retry',
    'wait',
    'pause:credentials',
    'pause:daily-quota',
  ])('%s is an action', (text) => {
    expect(action(text)).toEqual([])
  })

  it.each([
    ['kill', 'must be dead:CODE, delay:CODE, retry, wait or pause:REASON'],
    ['rety', 'must be dead:CODE, delay:CODE, retry, wait or pause:REASON (did you mean retry?)'],
    ['paus:credit', 'must be dead:CODE, delay:CODE, retry, wait or pause:REASON (did you mean pause?)'],
    ['retry:', 'must be dead:CODE, delay:CODE, retry, wait or pause:REASON'],
    ['read', 'must be dead:CODE, delay:CODE, retry, wait or pause:REASON (did you mean dead?)'],
    ['dead', 'must be dead:CODE, delay:CODE, retry, wait or pause:REASON'],
    ['dead:', 'names a failure code that does not exist; see `attestr-kafka codes`'],
    ['dead:request-rejectd', 'names a failure code that does not exist (did you mean request-rejected?)'],
    ['dead:request-rejected:x', 'names a failure code that does not exist (did you mean request-rejected?)'],
    ['dead:signature-mismatch', 'names a failure code that no answer of the API leads to'],
    ['delay:event-bad-id', 'names a failure code that no answer of the API leads to'],
    ['pause:credential', 'names a pause reason that does not exist (did you mean credentials?)'],
    [
      'pause:tea',
      'names a pause reason that does not exist; there are credentials, service, ip, version, credit, daily-quota, rate-limited, redirect',
    ],
    [
      'pause:api-down',
      'names a pause reason that does not exist; there are credentials, service, ip, version, credit, daily-quota, rate-limited, redirect',
    ],
  ])('%s is not', (text, problem) => {
    expect(action(text)).toEqual([`--set:1:1 policy[0].action: ${problem}`])
  })

  it('is taken as it is written, with every code where none is named', () => {
    const config = configOf(
      `${MINIMAL}policy:\n  - { status: 404, action: retry }\n  - { status: 403, code: 4031, action: wait }\n`,
    )
    expect(config.policy).toEqual([
      { status: 404, code: null, action: 'retry' },
      { status: 403, code: 4031, action: 'wait' },
    ])
  })

  it('has statuses of HTTP, and leaves 200 alone', () => {
    expect(rows('{ status: 99, action: retry }', '{ status: 600, action: retry }')).toEqual([
      'c.yaml:9:7 policy[0].status: must be at least 100',
      'c.yaml:10:7 policy[1].status: must be at most 599',
    ])
    expect(rows('{ status: 200, action: retry }', '{ status: 200, code: 4001, action: retry }')).toEqual([
      'c.yaml:9:7 policy[0].status: cannot be 200: a result is always read, and its signature checked',
      'c.yaml:10:7 policy[1].status: cannot be 200: a result is always read, and its signature checked',
    ])
  })

  it('names a status and code once', () => {
    expect(
      rows(
        '{ status: 403, code: 4031, action: retry }',
        '{ status: 403, action: wait }',
        '{ status: 403, code: 4031, action: wait }',
        '{ status: 403, code: null, action: wait }',
      ),
    ).toEqual([
      'c.yaml:11:5 policy[2]: is for the same status and code as policy[0]',
      'c.yaml:12:5 policy[3]: is for the same status and code as policy[1]',
    ])
  })

  it('has no other keys', () => {
    expect(rows('{ status: 403, coed: 4031, action: retry }')).toEqual([
      'c.yaml:9:20 policy[0].coed: is not a known key (did you mean code?)',
    ])
    expect(rows('{ code: 4031, action: retry }')).toEqual(['c.yaml:9:5 policy[0].status: is missing'])
  })
})

describe('rates', () => {
  it('may have a fraction a second, and are whole a day', () => {
    const config = configOf(MINIMAL, { sets: ['fetch.ratePerSecond=0.5', 'fetch.ratePerDay=100'] })
    expect([config.fetch.ratePerSecond, config.fetch.ratePerDay]).toEqual([0.5, 100])
    expect(configOf(MINIMAL).fetch).toMatchObject({ ratePerSecond: null, ratePerDay: null })
  })

  it.each([
    ['fetch.ratePerSecond=0', 'must be more than 0'],
    ['fetch.ratePerSecond=-1', 'must be more than 0'],
    ['fetch.ratePerSecond=100001', 'must be at most 100000'],
    ['fetch.ratePerSecond=fast', 'must be a number or null, is text'],
    ['fetch.ratePerDay=0', 'must be at least 1'],
    ['fetch.ratePerDay=1.5', 'must be a whole number or null, has a fraction or is too large'],
  ])('%s is refused', (option, problem) => {
    expect(problemsIn(MINIMAL, { sets: [option] })).toEqual([`--set:1:1 ${option.split('=')[0]}: ${problem}`])
  })
})

describe('evidence and media', () => {
  const KEY = 'ab'.repeat(32)
  const keys = `encryptionKeys: [{ id: k1, key: ${KEY} }]`

  it('are kept only where they can be encrypted, and media only where they can be named', () => {
    expect(among('topics: { evidence: e }')).toEqual([
      'c.yaml:8:11 topics.evidence: needs a key in privacy.encryptionKeys: what was signed is kept encrypted',
    ])
    expect(among('privacy: { media: { directory: m } }')).toEqual([
      'c.yaml:8:21 privacy.media.directory: needs a key in privacy.encryptionKeys: media are kept encrypted',
      'c.yaml:8:21 privacy.media.directory: needs privacy.hashKey: media are kept by keyed digest',
    ])
    expect(
      among(`privacy: { ${keys}, hashKey: ${KEY}, media: { directory: m } }`, 'topics: { evidence: e }'),
    ).toEqual([])
  })

  it('are not kept in a topic of other records', () => {
    expect(among(`privacy: { ${keys} }`, 'topics: { evidence: attestr.verified }')).toEqual([
      'c.yaml:9:11 topics.evidence: is the same topic as topics.verified',
    ])
  })

  it('are not stored by a rule that leaves media where they are', () => {
    const media = 'defaults: { media: keep }, media: { directory: m }'
    expect(among(`privacy: { ${keys}, hashKey: ${KEY}, ${media} }`)).toEqual([
      expect.stringContaining('privacy.media.directory: has no effect with privacy.defaults.media: keep'),
    ])
  })
})
