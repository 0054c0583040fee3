import type { z } from 'zod'
import type { SecretText } from '../core/model.js'
import type { configSchema } from './schema.js'

type DeepReadonly<T> = T extends SecretText
  ? T
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : T extends object
      ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
      : T

/**
 * The checked configuration with every default filled in. Durations in ms, sizes in bytes; secrets are `SecretText`;
 * file keys are absolute paths; `events.fetch` is without the ignored ones; `privacy.hashKey` is hex.
 */
export type Config = DeepReadonly<z.output<typeof configSchema>>
