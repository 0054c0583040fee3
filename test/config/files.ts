import { type LoadedConfig, loadConfig } from '../../src/config/load.js'

export const MINIMAL = `attestr:
  credentials:
    - { id: main, authToken: "\${TOKEN}", clientSecret: "\${SECRET}" }
kafka:
  brokers: [localhost:9092]
schemaRegistry:
  url: http://localhost:8081
`

export const ENV = { TOKEN: 'token-of-main', SECRET: 'secret-of-main' }

export interface Given {
  readonly sets?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** By absolute path, beside the configuration itself. */
  readonly files?: Readonly<Record<string, string>>
}

/** Loads a text as /etc/app/c.yaml, named `c.yaml` in problems. */
export function load(text: string, given: Given = {}): LoadedConfig {
  const file = '/etc/app/c.yaml'
  const files: Readonly<Record<string, string>> = { [file]: text, ...given.files }
  return loadConfig({
    file,
    sets: given.sets ?? [],
    env: given.env ?? ENV,
    readText: (path) => {
      const content = files[path]
      if (content === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' })
      return content
    },
  })
}

export function problemsIn(text: string, given: Given = {}): readonly string[] {
  const loaded = load(text, given)
  if (!('problems' in loaded)) return []
  return loaded.problems.map((line) => line.replace('/etc/app/', ''))
}

export function configOf(text: string, given: Given = {}) {
  const loaded = load(text, given)
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
  return loaded.config
}
