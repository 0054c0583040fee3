import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export type Method = (this: unknown, ...args: unknown[]) => unknown

export interface Place {
  readonly prototype: Record<string, unknown>
  readonly method: Method
}

/** The method of a class of kafkajs that is about to be replaced. Throws when it is not there: the library has another shape. */
export function methodOf(module: string, name: string): Place {
  const { prototype } = require(module) as { prototype?: Record<string, unknown> }
  const method = prototype?.[name]
  if (prototype === undefined || typeof method !== 'function') throw new Error(`${module} has no ${name}`)
  return { prototype, method: method as Method }
}

/** A module of kafkajs whose exports are about to be replaced. Throws when it is not there. */
export function moduleOf(name: string): { exports: unknown } {
  const path = require.resolve(name)
  require(path)
  const loaded = require.cache[path]
  if (loaded === undefined) throw new Error(`${name} could not be loaded`)
  return loaded
}
