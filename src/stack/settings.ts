import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The path of the Confluent API of the registry. */
export const registryPath = '/apis/ccompat/v7'

const QUICK_COMPILER = '-XX:TieredStopAtLevel=1'
/**
 * JVM flags of a short-lived server beside other work. The quick compiler alone starts a third faster and costs less in
 * the first minutes; the serial collector needs the least memory and no threads; perf data would leave a file in the
 * system's temporary folder after a kill.
 */
const smallJvm = [QUICK_COMPILER, '-XX:+UseSerialGC', '-XX:-UsePerfData'] as const

export type Places = {
  /** The folder with the jars. */
  readonly jars: string
  /** dev/stack */
  readonly settings: string
  /** The folder of this run. */
  readonly run: string
  /** The argument that marks the processes of this run. */
  readonly mark: string
}

export type Ports = { readonly broker: number; readonly controller: number; readonly registry: number }

/** A second door of the broker, for something that stands in between. */
export type Detour = {
  /** Where the broker listens. */
  readonly behind: number
  /** Where it tells clients that it is. */
  readonly advertised: number
}

/**
 * Writes down the broker's settings: those of dev/stack/server.properties and those of this run.
 *
 * Out: the text of a properties file
 */
export function brokerProperties(places: Places, ports: Ports, detour: Detour | null = null): string {
  const at = (listener: string, port: number): string => `${listener}://127.0.0.1:${port}`
  const own = [at('PLAINTEXT', ports.broker)]
  const listeners = [...own, ...(detour === null ? [] : [at('DETOUR', detour.behind)])]
  const advertised = [...own, ...(detour === null ? [] : [at('DETOUR', detour.advertised)])]
  const protocols = detour === null ? '' : ',DETOUR:PLAINTEXT'
  return [
    readFileSync(join(places.settings, 'server.properties'), 'utf8'),
    '# this run',
    `listeners=${[...listeners, at('CONTROLLER', ports.controller)].join(',')}`,
    `advertised.listeners=${advertised.join(',')}`,
    `listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${protocols}`,
    `controller.quorum.voters=1@127.0.0.1:${ports.controller}`,
    `log.dirs=${join(places.run, 'broker')}`,
    '',
  ].join('\n')
}

/** The arguments of `java` that format the broker's folder. */
export function formatArguments(places: Places): readonly string[] {
  return [
    ...smallJvm,
    '-Xmx128m',
    places.mark,
    `-Dlog4j2.configurationFile=${join(places.settings, 'log4j2.xml')}`,
    '-cp',
    join(places.jars, 'kafka', '*'),
    'kafka.tools.StorageTool',
    'format',
    '--cluster-id',
    // Any id does: no other broker ever meets this one.
    'YXR0ZXN0ci1rYWZrYS0wMQ',
    '--config',
    join(places.run, 'server.properties'),
  ]
}

/**
 * The arguments of `java` that run the broker.
 *
 * In: longLived  compile with the slow compiler too: pays after some minutes under load
 */
export function brokerArguments(places: Places, longLived: boolean): readonly string[] {
  return [
    ...(longLived ? smallJvm.filter((flag) => flag !== QUICK_COMPILER) : smallJvm),
    '-Xmx512m',
    places.mark,
    `-Djava.io.tmpdir=${join(places.run, 'tmp')}`,
    `-Dlog4j2.configurationFile=${join(places.settings, 'log4j2.xml')}`,
    '-cp',
    join(places.jars, 'kafka', '*'),
    'kafka.Kafka',
    join(places.run, 'server.properties'),
  ]
}

/**
 * The arguments of `java` that run the registry.
 *
 * In: jar  the runner jar. The database is a file, not memory: a registry that is started again still knows its schemas.
 */
export function registryArguments(places: Places, jar: string, port: number): readonly string[] {
  return [
    ...smallJvm,
    '-Xmx384m',
    places.mark,
    `-Djava.io.tmpdir=${join(places.run, 'tmp')}`,
    '-Dapicurio.storage.sql.kind=h2',
    `-Dapicurio.datasource.url=jdbc:h2:file:${join(places.run, 'registry')};WRITE_DELAY=0`,
    '-Dquarkus.http.host=127.0.0.1',
    `-Dquarkus.http.port=${port}`,
    '-Dquarkus.log.level=WARN',
    '-Dquarkus.banner.enabled=false',
    '-jar',
    jar,
  ]
}
