/** The keys about stage types. Source: product.md sections 7 and 10; the catalogue's own form is in src/catalogue/model.ts. */
import { z } from 'zod'
import { DATE_FORMS, FIELD_TYPES, PRIVACY_ACTIONS, SENSITIVE_CLASSES } from '../catalogue/model.js'
import { flag, oneOf, stageId, stageType, text, whole } from './values.js'

const MEMBER = '[A-Za-z0-9_-]{1,64}'
const PATH = new RegExp(`^(?:${MEMBER}(?:\\[\\])?\\.){0,7}${MEMBER}$`)

const path = (about: string) =>
  z
    .string()
    .regex(
      PATH,
      'must be a path such as address.city or filings[].arn, of letters, digits, hyphens or underscores',
    )
    .describe(about)

const field = z.strictObject({
  type: oneOf('Kind of its value.', FIELD_TYPES),
  form: oneOf('Form of a date.', DATE_FORMS).nullable().default(null),
  class: oneOf('Why it is sensitive.', SENSITIVE_CLASSES).nullable().default(null),
  action: oneOf('What is done with it; null does what its class asks.', PRIVACY_ACTIONS)
    .nullable()
    .default(null),
  aadhaar: flag('Whether it holds an Aadhaar number.').default(false),
})

const fields = (about: string) => z.record(path('Path'), field).describe(about).default({})

const sideShape = z
  .strictObject({
    all: z.array(path('')).default([]).describe('Fields that are all there.'),
    of: z.array(path('')).default([]).describe('Fields of which some are there.'),
    least: whole('How many of these at least.', 0, 1_000).default(0),
    none: flag('There is no field at all.').default(false),
  })
  .nullable()
  .default(null)

const userType = z.strictObject({
  about: text('What it is.').nullable().default(null),
  input: fields('Fields of the input by path.'),
  output: fields('Fields of the output by path.'),
  shapes: z
    .array(
      z.strictObject({
        input: sideShape,
        output: sideShape,
        closed: flag('Whether the input has no other fields.').default(false),
      }),
    )
    .default([])
    .describe('What it is told by; each is enough.'),
})

const stagesOf = (about: string) => z.record(stageId('Stage id'), stageType('Stage type')).describe(about)

export const catalogue = z.strictObject({
  stages: stagesOf('Stage id to stage type, for all flows.').default({}),
  flows: z
    .record(stageId('Flow id'), stagesOf('Stage id to stage type.'))
    .default({})
    .describe('Flow id to stages, for events that tell their flow; goes before `stages`.'),
  types: z
    .record(stageType('Stage type'), userType)
    .default({})
    .describe('Own stage types by name; under the name of a built-in one, fields to add to it.'),
})
