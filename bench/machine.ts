import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { ROOT } from './root.js'

export interface Machine {
  readonly cores: number
  readonly model: string
  readonly memoryBytes: number
  readonly kernel: string
  /** What to version. */
  readonly versions: readonly (readonly [string, string])[]
}

/** In: kind of the stack; a broker that was given has versions of its own. */
export function readMachine(stackKind: 'given' | 'docker' | 'java'): Machine {
  const { kafka, registry } = stackVersions()
  const ours = stackKind === 'given' ? ' (unless the given one differs)' : ''
  return {
    cores: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    versions: [
      ['Node', process.versions.node],
      ['Apache Kafka', `${kafka}${ours}`],
      ['Apicurio Registry', `${registry}${ours}`],
      ...['kafkajs', 'undici', 'avsc', '@kafkajs/confluent-schema-registry', 'p-limit'].map(
        (name) => [name, packageVersion(name)] as const,
      ),
      ['attestr-kafka', versionIn(new URL('package.json', ROOT))],
    ],
  }
}

function stackVersions(): { readonly kafka: string; readonly registry: string } {
  const pom = readFileSync(new URL('dev/stack/pom.xml', ROOT), 'utf8')
  const property = (name: string): string =>
    new RegExp(`<${name}>([^<]+)</${name}>`).exec(pom)?.[1] ?? 'unknown'
  return { kafka: property('kafka.version'), registry: property('apicurio.version') }
}

function packageVersion(name: string): string {
  return versionIn(new URL(`node_modules/${name}/package.json`, ROOT))
}

function versionIn(file: URL): string {
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const known = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return known ? String(manifest.version) : 'unknown'
}
