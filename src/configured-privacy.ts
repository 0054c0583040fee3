import { Buffer } from 'node:buffer'
import { createSecretKey } from 'node:crypto'
import { type Catalogue, createCatalogue } from './catalogue/index.js'
import type { StageSpec } from './catalogue/model.js'
import { sensitivePathsOf } from './catalogue/sensitive.js'
import type { Config } from './config/config.js'
import type { SecretText } from './core/model.js'
import { privacyRules, type TypeRule } from './core/privacy-rule.js'
import { createMedia, type TakeMedia } from './steps/media.js'
import { createProtect, type Protect } from './steps/protect.js'
import { createSealer, type Sealer } from './steps/seal.js'

/** The privacy rules as a configuration says. */
export function createConfiguredProtect(
  config: Pick<Config, 'privacy' | 'catalogue'>,
  catalogue: Catalogue = createCatalogue(config.catalogue.types),
): Protect {
  const { defaults, rules, hashKey, hashKeyId, allowAadhaarHash } = config.privacy
  const sealer = sealerOf(config)
  return createProtect({
    ...{ defaults, allowAadhaarHash },
    rules: privacyRules(rules),
    types: typeRulesOf(catalogue.types),
    ...(hashKey === null ? {} : { hashKey: { id: hashKeyId, key: createSecretKey(bytesOf(hashKey)) } }),
    ...(sealer === null ? {} : { sealer }),
  })
}

/** What seals and opens with the keys of a configuration. Out: null without keys. */
export function sealerOf({ privacy }: Pick<Config, 'privacy'>): Sealer | null {
  const keys = privacy.encryptionKeys.map(({ id, key }) => ({ id, key: bytesOf(key) }))
  return keys.length === 0 ? null : createSealer(keys)
}

/** What becomes of media. */
export function createConfiguredMedia({ privacy }: Pick<Config, 'privacy'>): TakeMedia {
  const { hashKey, hashKeyId: id, media } = privacy
  if (hashKey === null) return createMedia()
  const key = createSecretKey(bytesOf(hashKey))
  return createMedia({ hashKey: { id, key }, stores: media.directory !== null })
}

const bytesOf = (hex: SecretText): Buffer => Buffer.from(hex.reveal(), 'hex')

/** What each stage type asks of the privacy rules. */
export function typeRulesOf(types: readonly StageSpec[]): ReadonlyMap<string, readonly TypeRule[]> {
  return new Map(
    types.map((spec) => [
      spec.name,
      sensitivePathsOf(spec).map(({ path, action, class: kind, aadhaar }) => ({
        ...{ path, action },
        isSecret: kind === 'secret' && action === 'drop',
        isAadhaar: aadhaar,
      })),
    ]),
  )
}
