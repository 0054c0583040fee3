import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { reasonOf } from '../config/substitute.js'
import { mediaPlace, referenceParts } from '../core/media.js'
import {
  type CommandContext,
  CommandError,
  type ConfigOptions,
  loadCommandConfig,
  withConfigOptions,
  withExamples,
} from './command.js'

interface MediaCommandOptions extends ConfigOptions {
  readonly out: string
}

/** `attestr-kafka media`: writes stored media to a file, decrypted, for those who have the keys. */
export function registerMedia(program: Command, context: CommandContext): void {
  const command = program
    .command('media <reference>')
    .description('write media that a record points to (m1:...) to a file, decrypted')
    .requiredOption('--out <file>', 'the file to write; it must not exist yet')
    .action((reference: string, options: MediaCommandOptions) => writeMedia(reference, options, context))
  const example = `m1:main:${'0123456789abcdef'.repeat(4)}`
  withExamples(withConfigOptions(command), [
    `attestr-kafka media ${example} --out photo.jpg --config attestr-kafka.yaml`,
  ])
}

async function writeMedia(
  reference: string,
  options: MediaCommandOptions,
  context: CommandContext,
): Promise<void> {
  if (referenceParts(reference) === null)
    throw new CommandError(
      2,
      'this is no reference of stored media',
      'Take it from the record: m1:<keyId>:<hex>.',
    )
  const config = await loadCommandConfig(options, context)
  const { sealerOf } = await import('../configured-privacy.js')
  const { mediaStoreOf } = await import('../edges.js')
  const [sealer, store] = [sealerOf(config), mediaStoreOf(config)]
  if (sealer === null || store === null)
    throw new CommandError(
      2,
      'privacy.media.directory is not set',
      'Name the folder that the connector writes to.',
    )
  const sealed = await store.get(reference).catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== 'MediaStoreDown') throw error
    throw new CommandError(1, error.message, 'Check privacy.media.directory and its rights.')
  })
  if (sealed === null)
    throw new CommandError(
      3,
      'nothing is stored under this reference',
      'Check the folder; the file may be erased.',
    )
  const opened = sealer.openBytes(sealed, mediaPlace(reference))
  if (opened.kind !== 'open')
    throw new CommandError(
      3,
      opened.kind === 'unknown-key'
        ? 'its key is not in privacy.encryptionKeys'
        : 'the file was changed or moved',
      'Give the configuration the keys of the time of writing.',
    )
  await writeFile(options.out, opened.plain, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    throw new CommandError(
      1,
      `the file cannot be written (${reasonOf(error)})`,
      'Name another one with --out.',
    )
  })
  context.out(`${opened.plain.length} bytes\n`)
}
