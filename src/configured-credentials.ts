import { createSecretKey } from 'node:crypto'
import type { Config } from './config/config.js'
import { type CredentialChoice, createCredentialChoice } from './core/credentials.js'
import { type Credential, SecretText } from './core/model.js'

type Entries = Config['attestr']['credentials']
type Entry = Entries[number]

export interface CredentialsInForce {
  readonly choice: CredentialChoice
  /** From now on these are in force; calls on their way are judged by what they were made with. */
  replace(entries: Entries): void
}

/**
 * Makes the credentials of a configuration, and changes them while events are under way.
 *
 * Out:    an entry that stays as it is keeps its object, so that no event tries one credential twice
 * Source: product.md section 5
 */
export function createCredentialsInForce(entries: Entries): CredentialsInForce {
  let known = entries.map((entry) => ({ entry, credential: credentialOf(entry) }))
  const choice = createCredentialChoice(known.map(({ credential }) => credential))
  return {
    choice,
    replace(others) {
      known = others.map(
        (entry) =>
          known.find((one) => isSameCredential(one.entry, entry)) ?? {
            entry,
            credential: credentialOf(entry),
          },
      )
      choice.replace(known.map(({ credential }) => credential))
    },
  }
}

/** Whether two entries say the same, secrets included. */
export function isSameCredential(one: Entry, other: Entry): boolean {
  return (
    one.id === other.id &&
    one.authToken.reveal() === other.authToken.reveal() &&
    one.clientSecret.reveal() === other.clientSecret.reveal() &&
    JSON.stringify(one.match) === JSON.stringify(other.match)
  )
}

function credentialOf({ id, authToken, clientSecret, match }: Entry): Credential {
  return {
    id,
    authorization: new SecretText(`Basic ${authToken.reveal()}`),
    clientSecret: createSecretKey(Buffer.from(clientSecret.reveal(), 'utf8')),
    match,
  }
}
