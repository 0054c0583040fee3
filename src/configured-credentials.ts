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
 * Out:    an app whose token and secret stay keeps its objects, whatever its id and rules become: no event tries it twice
 * Source: product.md section 5
 */
export function createCredentialsInForce(entries: Entries): CredentialsInForce {
  let known = entries.map((entry) => ({ entry, credential: credentialOf(entry) }))
  const choice = createCredentialChoice(known.map(({ credential }) => credential))
  const kept = (entry: Entry): Credential => {
    const { id, match } = entry
    const same = known.find((one) => isSameApp(one.entry, entry))
    return same === undefined ? credentialOf(entry) : { ...same.credential, id, match }
  }
  return {
    choice,
    replace(others) {
      known = others.map((entry) => ({ entry, credential: kept(entry) }))
      choice.replace(known.map(({ credential }) => credential))
    },
  }
}

function isSameApp(one: Entry, other: Entry): boolean {
  return (
    one.authToken.reveal() === other.authToken.reveal() &&
    one.clientSecret.reveal() === other.clientSecret.reveal()
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
