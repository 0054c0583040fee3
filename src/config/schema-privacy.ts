/** The keys about privacy. Source: product.md section 9. */
import { z } from 'zod'
import { pathGlob } from '../core/glob.js'
import { ACTION_FORM, ruleAction } from '../core/privacy-rule.js'
import { flag, identifier, key32, oneOf, text } from './values.js'

const keep = (about: string) => oneOf(`${about} \`keep\` turns the rule off.`, ['keep']).exactOptional()

const rulePath = z
  .string()
  .min(1)
  .max(1024)
  .superRefine((value, context) => {
    const glob = pathGlob(value)
    if (typeof glob === 'string') context.addIssue({ code: 'custom', message: glob })
    else if (!glob.startsAtStage)
      context.addIssue({ code: 'custom', message: 'must begin with input, output, extra, * or **' })
  })
  .describe('Path in the record and all below it, such as `input.pan`; `*` is any name, `**` any path.')

const rule = z.strictObject({
  stage: text('Stage type or stage id; `*` is any text in it, `?` one character.').refine(
    (value) => /^[A-Za-z0-9_*?-]{1,128}$/.test(value),
    'must be a stage type, a stage id, or a pattern of them with * and ?',
  ),
  path: rulePath,
  action: z
    .string()
    .refine((value) => ruleAction(value) !== null, ACTION_FORM)
    .describe('`keep`, `drop`, `mask`, `mask:N`, `hash` or `encrypt`.'),
})

export const privacy = z.strictObject({
  defaults: z
    .strictObject({
      secrets: keep('Secrets in inputs and outputs.'),
      'aadhaar-fields': keep('Aadhaar numbers in known fields.'),
      'aadhaar-text': keep('Aadhaar numbers elsewhere.'),
      'tag-digits': keep('Aadhaar numbers in the tag.'),
      media: keep('Photographs and other media.'),
      catalogue: keep('What each stage type asks for.'),
    })
    .prefault({})
    .describe('Default rules to turn off, by name.'),
  rules: z
    .array(rule)
    .max(200)
    .default([])
    .describe('Own privacy rules; the first that covers a place wins.'),
  hashKey: key32('Key of hashed fields and of digests: 32 bytes as hex or base64.').nullable().default(null),
  hashKeyId: identifier('Id of this key, readable in each hashed field; a new key needs a new one.').default(
    'main',
  ),
  allowAadhaarHash: flag('Allows `hash` where Aadhaar numbers are.').default(false),
  encryptionKeys: z
    .array(
      z.strictObject({
        id: identifier('Id of the key, readable in each encrypted field.'),
        key: key32('The key: 32 bytes as hex or base64.'),
      }),
    )
    .max(100)
    .default([])
    .describe('Keys of encrypted fields: the first one encrypts, all of them decrypt.'),
  media: z
    .strictObject({
      directory: text('Folder where media are kept, encrypted; null drops them.').nullable().default(null),
    })
    .prefault({}),
})
