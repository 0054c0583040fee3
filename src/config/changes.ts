import { SecretText } from '../core/model.js'
import type { Config } from './config.js'

type Entries = Config['attestr']['credentials']

export interface CredentialChanges {
  /** Ids, in the order of the configuration. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
}

/** Out: null when both say the same, in the same order. */
export function credentialChanges(before: Entries, after: Entries): CredentialChanges | null {
  if (isSame(before, after)) return null
  const old = new Map(before.map((entry) => [entry.id, entry]))
  const ids = new Set(after.map(({ id }) => id))
  return {
    added: after.filter(({ id }) => !old.has(id)).map(({ id }) => id),
    removed: before.filter(({ id }) => !ids.has(id)).map(({ id }) => id),
    changed: after
      .filter((entry) => old.has(entry.id) && !isSame(old.get(entry.id), entry))
      .map(({ id }) => id),
  }
}

/**
 * The keys, other than the credentials, that two configurations set differently.
 *
 * Out:    `section.key`, sorted; never what is below, whose names may be data
 */
export function otherChanges(before: Config, after: Config): readonly string[] {
  const keys: string[] = []
  for (const section of namesOf(before, after)) {
    const [one, other] = [memberOf(before, section), memberOf(after, section)]
    if (!isSection(one) || !isSection(other)) {
      if (!isSame(one, other)) keys.push(section)
      continue
    }
    for (const name of namesOf(one, other)) {
      const key = `${section}.${name}`
      if (key !== 'attestr.credentials' && !isSame(memberOf(one, name), memberOf(other, name))) keys.push(key)
    }
  }
  return keys.sort()
}

const isSection = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof SecretText)

const namesOf = (one: object, other: object): Set<string> =>
  new Set([...Object.keys(one), ...Object.keys(other)])

const memberOf = (value: object, name: string): unknown => Reflect.get(value, name)

/** Equal in value; secrets are compared by their text. */
function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof SecretText || other instanceof SecretText) {
    return one instanceof SecretText && other instanceof SecretText && one.reveal() === other.reveal()
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return one === other
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(memberOf(one, name), memberOf(other, name)))
  )
}
