import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config/load.js'
import { DEVELOPMENT_CREDENTIAL } from '../../src/simulator/credentials.js'
import {
  brokerArguments,
  brokerProperties,
  type Places,
  registryArguments,
  registryPath,
} from '../../src/stack/settings.js'

type Service = {
  readonly image?: string
  readonly build?: string
  readonly ports: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly command?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const text = (path: string): string => readFileSync(join(root, path), 'utf8')
const compose = parse(text('docker-compose.yml')) as { services: Readonly<Record<string, Service>> }
const pom = text('dev/stack/pom.xml')
const places: Places = { jars: '/jars', settings: join(root, 'dev/stack'), run: '/run', mark: '-Dmark' }

/** The smallest useful file of the documentation. */
const smallestConfig = [
  'attestr:',
  '  credentials:',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own syntax
  '    - { id: main, authToken: "${ATTESTR_AUTH_TOKEN}", clientSecret: "${ATTESTR_CLIENT_SECRET}" }',
  'kafka:',
  '  brokers: [localhost:9092]',
  'schemaRegistry:',
  '  url: http://localhost:8081',
  '',
].join('\n')

/** Settings that must differ: in a container the addresses and folders are its own. */
const perRun = new Set([
  'listeners',
  'advertised.listeners',
  'listener.security.protocol.map',
  'controller.quorum.voters',
  'log.dirs',
])

function service(name: string): Service {
  const found = compose.services[name]
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`)
  return found
}

function pomProperty(name: string): string | undefined {
  return new RegExp(`<${name}>([^<]+)</${name}>`).exec(pom)?.[1]
}

function properties(source: string): Record<string, string> {
  const lines = source.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

/** KAFKA_NUM_IO_THREADS is num.io.threads to the image of the broker. */
function settingsOf(environment: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(environment).filter(([name]) => name !== 'KAFKA_HEAP_OPTS')
  return Object.fromEntries(
    entries.map(([name, value]) => [name.slice('KAFKA_'.length).toLowerCase().replaceAll('_', '.'), value]),
  )
}

function withoutPerRun(settings: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !perRun.has(name)))
}

/** `host:published:container`, where published may be `${NAME:-9092}`. */
function portsOf(name: string): { host: string; published: number; container: number }[] {
  return service(name).ports.map((port) => {
    const match = /^([\d.]+):\$\{[A-Z_]+:-(\d+)\}:(\d+)$/.exec(port)
    if (match === null) throw new Error(`${name} publishes ${port}: not address:\${NAME:-port}:port`)
    return { host: match[1] ?? '', published: Number(match[2]), container: Number(match[3]) }
  })
}

test('docker-compose.yml has broker, registry, simulator and connector, and nothing else', () => {
  expect(Object.keys(compose.services).sort()).toEqual(['broker', 'connector', 'registry', 'simulator'])
})

test('the images are pinned to the versions that pom.xml names', () => {
  expect(service('broker').image).toBe(`apache/kafka:${pomProperty('kafka.version')}`)
  expect(service('registry').image).toBe(
    `quay.io/apicurio/apicurio-registry:${pomProperty('apicurio.version')}`,
  )
  expect(pomProperty('kafka.version')).toMatch(/^\d+\.\d+\.\d+$/)
  expect(pomProperty('apicurio.version')).toMatch(/^\d+\.\d+\.\d+$/)
})

test('the broker in a container has each setting of the broker started with Java, and no other', () => {
  const java = properties(brokerProperties(places, { broker: 1, controller: 2, registry: 3 }))
  const container = settingsOf(service('broker').environment ?? {})
  expect(withoutPerRun(container)).toEqual(withoutPerRun(java))
  expect(Object.keys(java).filter((name) => perRun.has(name) && !(name in container))).toEqual([])
})

test('the broker in a container has the memory of the broker started with Java', () => {
  expect(brokerArguments(places, false)).toContain(service('broker').environment?.['KAFKA_HEAP_OPTS'])
})

test('the registry in a container has each setting of the registry started with Java', () => {
  const java = registryArguments(places, 'runner.jar', 1)
    .filter((argument) => /^-D(apicurio|quarkus)\./.test(argument))
    .map((argument) => argument.slice(2))
    .filter((setting) => !setting.startsWith('quarkus.http.'))
    .map((setting) => setting.replace('h2:file:/run/', 'h2:file:/tmp/'))
  const container = Object.entries(service('registry').environment ?? {}).map(
    ([name, value]) => `${name.toLowerCase().replaceAll('_', '.')}=${value}`,
  )
  expect(container.sort()).toEqual(java.sort())
})

test('every port is published on loopback only, at the number the documentation names', () => {
  expect(portsOf('broker')).toEqual([{ host: '127.0.0.1', published: 9092, container: 9092 }])
  expect(portsOf('registry')).toEqual([{ host: '127.0.0.1', published: 8081, container: 8080 }])
  expect(portsOf('simulator')).toEqual([{ host: '127.0.0.1', published: 4010, container: 4010 }])
  expect(portsOf('connector')).toEqual([{ host: '127.0.0.1', published: 9464, container: 9464 }])
})

test('the addresses the broker advertises are the ones it listens on and publishes', () => {
  const { KAFKA_LISTENERS: listeners = '', KAFKA_ADVERTISED_LISTENERS: advertised = '' } =
    service('broker').environment ?? {}
  expect(listeners.split(',')).toContain('HOST://:9092')
  expect(advertised.split(',')).toContain(['HOST://127.0.0.1:', '{BROKER_PORT:-9092}'].join('$'))
  expect(listeners.split(',')).toContain('PLAINTEXT://:19092')
  expect(advertised.split(',')).toContain('PLAINTEXT://broker:19092')
})

test('the connector is pointed at the broker, the registry and the simulator of the same file', () => {
  const { command = [], environment = {} } = service('connector')
  const sets = command.filter((_, index) => command[index - 1] === '--set')
  const file = join(mkdtempSync(join(tmpdir(), 'compose-')), 'attestr-kafka.yaml')
  writeFileSync(file, smallestConfig)
  const loaded = loadConfig({ file, sets, env: environment })
  rmSync(dirname(file), { recursive: true })
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
  const { kafka, schemaRegistry, attestr, ops } = loaded.config
  const simulatorPort = portsOf('simulator')[0]?.container
  expect(kafka.brokers).toEqual(['broker:19092'])
  expect(schemaRegistry.url).toBe(`http://registry:${portsOf('registry')[0]?.container}${registryPath}`)
  expect(attestr.baseUrl).toBe(`http://simulator:${simulatorPort}/api`)
  expect(ops).toMatchObject({ host: '0.0.0.0', port: portsOf('connector')[0]?.container })
  expect(environment).toEqual({
    ATTESTR_AUTH_TOKEN: DEVELOPMENT_CREDENTIAL.authToken,
    ATTESTR_CLIENT_SECRET: DEVELOPMENT_CREDENTIAL.clientSecret,
  })
})

test('the simulator listens for the other containers on the port that is published', () => {
  const port = String(portsOf('simulator')[0]?.container)
  expect(service('simulator').command).toEqual(['simulate', '--host', '0.0.0.0', '--port', port])
})

test('simulator and connector are built from the Dockerfile, which does not run as root', () => {
  expect(service('simulator').build).toBe('.')
  expect(service('connector').build).toBe('.')
  const dockerfile = text('Dockerfile')
  expect(dockerfile).toMatch(/^USER node$/m)
  const bases = dockerfile.match(/^FROM \S+/gm) ?? []
  expect(new Set(bases)).toEqual(new Set([expect.stringMatching(/^FROM node:20\.\d+\.\d+-slim$/)]))
})

test('everything the Dockerfile copies from the tree passes .dockerignore', () => {
  const allowed = text('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1))
  const copied = text('Dockerfile')
    .split('\n')
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(' ').slice(1, -1))
  expect(copied.filter((path) => !allowed.includes(path))).toEqual([])
})
