import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

/** Answers of the API, signed with this secret, for steps that read them. */
export const SECRET = 'a client secret'
export const KEY: KeyObject = createSecretKey(Buffer.from(SECRET, 'utf8'))
export const CREDENTIAL = { id: 'main', clientSecret: KEY } as const
export const HANDSHAKE_ID = 'DS02zfeuv6n4gkq51hvw6'
export const REQUEST_ID = 'c500f555-0dd3-4368-b5e3-c039ddb144ee'

export function signatureOf(text: string | Buffer, key: KeyObject = KEY): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

/**
 * The text of a whole answer.
 *
 * In:     result    text of the `result` value, put in as it is
 *         members   JSON texts by name in place of the usual ones; null leaves a member out
 */
export function answerText(result: string, members: Readonly<Record<string, string | null>> = {}): string {
  const all: Record<string, string | null> = {
    _id: JSON.stringify(HANDSHAKE_ID),
    number: '"3804-324489-8469"',
    tag: '"290846"',
    requestId: JSON.stringify(REQUEST_ID),
    consumed: 'true',
    result,
    resultSignature: JSON.stringify(signatureOf(result)),
    ...members,
  }
  const present = Object.entries(all).filter(([, text]) => text !== null)
  return `{${present.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`
}

export function answerBytes(result: string, members: Readonly<Record<string, string | null>> = {}): Buffer {
  return Buffer.from(answerText(result, members), 'utf8')
}
