import { createSecretKey } from 'node:crypto'
import type { EvidenceCounts, Mismatch } from '../tools/verify-topic/check-evidence.js'
import {
  type CommandContext,
  CommandError,
  type ConfigOptions,
  loadCommandConfig,
  tableText,
} from './command.js'
import { listenForEnd, remedied } from './reading.js'

export interface VerifyTopicCommandOptions extends ConfigOptions {
  readonly topic: string
  /** Epoch ms. */
  readonly since?: number
  readonly json?: boolean
}

/** `attestr-kafka verify --topic`: checks an evidence topic against its own signatures. Source: product.md section 11. */
export async function verifyTopicOf(
  options: VerifyTopicCommandOptions,
  context: CommandContext,
): Promise<void> {
  const config = await loadCommandConfig(options, context)
  const { sealerOf } = await import('../configured-privacy.js')
  const { connectionOf, registryOf } = await import('../edges.js')
  const { verifyTopic } = await import('../tools/verify-topic/verify-topic.js')
  const sealer = sealerOf(config)
  if (sealer === null) {
    throw new CommandError(
      2,
      'privacy.encryptionKeys is empty: what was signed is kept encrypted',
      'Give it the keys of the time of writing.',
    )
  }
  const secrets = new Map(
    config.attestr.credentials.map(({ id, clientSecret }) => [
      id,
      createSecretKey(Buffer.from(clientSecret.reveal())),
    ]),
  )
  const ending = listenForEnd()
  const registry = registryOf(config)
  try {
    const counts = await verifyTopic({
      ...{ connection: connectionOf(config), registry, groupId: config.kafka.groupId, signal: ending.signal },
      ...{ topic: options.topic, since: options.since ?? null },
      secretOf: (credentialId) => secrets.get(credentialId) ?? null,
      open: (sealed, place) => sealer.openBytes(sealed, place),
      onMismatch: (mismatch) => context.out(options.json === true ? jsonLine(mismatch) : textLine(mismatch)),
    })
    context.out(options.json === true ? jsonLine(counts) : countsTable(counts))
    if (counts.mismatches > 0) throw notVerified(counts)
  } catch (error) {
    throw await remedied(error, ending.signal)
  } finally {
    ending.stop()
    await registry.close()
  }
}

/** A line a mismatch, then one with the counts. */
const jsonLine = (value: Mismatch | EvidenceCounts): string => `${JSON.stringify(value)}\n`

const textLine = ({ reason, topic, partition, offset, resultId }: Mismatch): string =>
  `${reason} ${topic}/${partition}@${offset}${resultId === null ? '' : ` ${resultId}`}\n`

const countsTable = ({ messages, verified, mismatches, cutOff }: EvidenceCounts): string =>
  tableText(
    ['READ', 'COUNT'],
    [
      ['messages', String(messages)],
      ['verified', String(verified)],
      ['mismatches', String(mismatches)],
      ['cut off', String(cutOff)],
    ],
  )

function notVerified({ mismatches }: EvidenceCounts): CommandError {
  return new CommandError(
    3,
    `not verified: ${mismatches} ${mismatches === 1 ? 'mismatch' : 'mismatches'}`,
    'Each line names where to look; docs/evidence.md says what each word means.',
  )
}
