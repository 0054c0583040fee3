/** docs/stages.md is made from the catalogue. `npm run docs` writes it anew. */
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { columnsOf, recordNameOf, topicSuffixOf } from '../../src/catalogue/columns.js'
import { createCatalogue } from '../../src/catalogue/index.js'
import {
  CLASS_ACTIONS,
  type Field,
  KNOWLEDGE,
  KNOWLEDGE_OF,
  type Knowledge,
  type Shape,
  SIDES,
  type Side,
  type SideShape,
  type StageSpec,
} from '../../src/catalogue/model.js'
import { sensitivePathsOf } from '../../src/catalogue/sensitive.js'
import { userTypeProblems } from '../../src/catalogue/user-problems.js'
import { catalogue } from '../../src/config/schema-catalogue.js'
import { page } from '../support/pages.js'

const { types } = createCatalogue()

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``
const codes = (texts: readonly string[]): string => texts.map(code).join(', ')

/** Fields and gaps of a side by how well they are known. */
function countsOf(spec: StageSpec, side: Side): Readonly<Record<Knowledge, number>> {
  const counts = { documented: 0, guessed: 0, unknown: 0 }
  for (const { label } of Object.values<Field>(spec[side])) counts[KNOWLEDGE_OF[label]] += 1
  counts.unknown += spec.gaps.filter((gap) => gap.side === side).length
  return counts
}

function coverageTable(): string[] {
  const cells = (spec: StageSpec): string[] => {
    const counts = SIDES.map((side) => countsOf(spec, side))
    return [
      ...counts.flatMap((count) => KNOWLEDGE.map((knowledge) => String(count[knowledge]))),
      spec.pending === null ? 'no' : 'yes',
      spec.shapes.length === 0 ? 'no' : 'yes',
    ]
  }
  const sums = types
    .map(cells)
    .reduce((sum, row) => row.map((cell, i) => String(Number(sum[i]) + Number(cell))))
  return [
    '| type | input documented | guessed | unknown | output documented | guessed | unknown | may be pending | told by shape |',
    '|---|--:|--:|--:|--:|--:|--:|---|---|',
    ...types.map(
      (spec) => `| [${code(spec.name)}](#${spec.name.toLowerCase()}) | ${cells(spec).join(' | ')} |`,
    ),
    `| ${types.length} types | ${sums.slice(0, 6).join(' | ')} | ${types.filter(({ pending }) => pending !== null).length} | ${types.filter(({ shapes }) => shapes.length > 0).length} |`,
  ]
}

const INSIDE = { known: '', partly: ', more members than these', unknown: ', members unknown' } as const

function kindOf(field: Field): string {
  switch (field.type) {
    case 'date':
      return `date, ${field.form === 'unknown' ? 'form unknown' : field.form}`
    case 'list':
      return `list of ${field.items === 'text' ? 'texts' : field.items === 'nested' ? `objects${INSIDE[field.inside]}` : 'what is unknown'}`
    case 'nested':
      return `object${INSIDE[field.inside]}`
    case 'number-as-text':
      return 'number, also as text'
    case 'unknown':
      return 'unknown'
    default: {
      const or = field.or === undefined ? '' : ` or ${field.or}`
      return `${field.type}${or}${field.values === undefined ? '' : `: ${field.values.join(', ')}`}`
    }
  }
}

function fieldRows(spec: StageSpec): string[] {
  const actions = new Map(sensitivePathsOf(spec).map((one) => [one.path, `${one.class}: ${one.action}`]))
  return SIDES.flatMap((side) =>
    Object.entries<Field>(spec[side]).map(([path, field]) => {
      const example = field.example === undefined ? '' : code(String(field.example).replaceAll('\n', '\\n'))
      const cells = [
        ...[code(`${side}.${path}`), kindOf(field), field.nullable === false ? 'no' : 'yes', example],
        ...[
          `${field.label}, ${KNOWLEDGE_OF[field.label]}`,
          actions.get(`${side}.${path}`) ?? '',
          field.in?.join(', ') ?? '',
        ],
      ]
      return `| ${cells.join(' | ')} |`
    }),
  )
}

function sideWords(side: Side, shape: SideShape | undefined): string[] {
  if (shape === undefined) return []
  if (shape.none === true) return [`no ${side}`]
  const { all = [], of = [], least = 0 } = shape
  return [
    ...(all.length > 0 ? [`${side} has ${codes(all)}`] : []),
    ...(least > 0 ? [`${side} has at least ${least} of ${codes(of)}`] : []),
  ]
}

const shapeWords = (shape: Shape): string =>
  [
    ...SIDES.flatMap((side) => sideWords(side, shape[side])),
    ...(shape.closed === true ? ['the input has no foreign member'] : []),
  ].join('; ')

function section(spec: StageSpec): string[] {
  const { name, about, variants, gaps, shapes, pending } = spec
  const columns = columnsOf(spec).length
  return [
    `### ${name}`,
    '',
    `${about}. Record ${code(recordNameOf(name))} with ${columns} columns for fields, topic suffix ${code(topicSuffixOf(name))}.`,
    ...(pending === null
      ? []
      : [
          `The output may be pending: ${pending.form === 'items' ? '`items` of async references' : 'an async reference'} (${pending.label}).`,
        ]),
    '',
    ...variants.map((variant) => `- Variant **${variant.name}** (${variant.label}): ${variant.about}.`),
    ...gaps.map((gap) => `- Unknown in the ${gap.side}: ${gap.about}.`),
    ...(shapes.length === 0 ? ['- No shape: it is told by the configuration alone.'] : []),
    ...shapes.map((shape) => `- Shape: ${shapeWords(shape)}.`),
    '',
    '| field | kind | nullable | example | known | sensitive | variants |',
    '|---|---|---|---|---|---|---|',
    ...fieldRows(spec),
    '',
  ]
}

/** Shown on the page, and checked below. */
const OWN_TYPES = [
  'catalogue:',
  '  types:',
  '    PASSPORT:',
  '      about: Passport',
  '      input:',
  '        fileNumber: { type: text, class: government-id }',
  '        dob: { type: date, form: DD-MM-YYYY, class: personal }',
  '      output:',
  '        valid: { type: boolean }',
  '        holder.given: { type: text, class: personal }',
  '        visas[].country: { type: text }',
  '        visas[].sponsor: { type: text, class: third-person, action: mask }',
  '      shapes:',
  '        - { input: { all: [fileNumber, dob] } }',
  '    BANK_ACC:',
  '      output:',
  '        utr: { type: text }',
]

function stagesPage(): string {
  return [
    '# Stage types',
    '',
    'What the catalogue knows of each type of stage, made from `src/catalogue`. Attestr publishes no schema of stages:',
    'names come from its pages and SDKs, from code of callers, and from inference, and each says from which.',
    '',
    '- **documented**: D, stated by Attestr, or S, read from an SDK of theirs. (O: said by your own configuration.)',
    '- **guessed**: C, seen in the code of a caller, or I, inferred.',
    '- **unknown**: known to exist, but not by name. No name was invented for it; it is kept all the same, outside of columns.',
    '',
    '**Only the output of `UIDAI` was seen in a result.** All other outputs are those of the API of the same name: that a',
    'stage has them is inferred. Labels are about names; a kind that nobody stated is unknown. Every field may be missing or',
    'null, which mean the same, unless its row says no. Examples are invented.',
    '',
    'The API does not say which type a stage has. Your configuration does (`catalogue.stages`, `catalogue.flows`); where it',
    'does not, the shape may tell. [Typed records](records.md#typed-records) have a column for each field. `QUERY`, a',
    'follow-up question, is no stage.',
    '',
    '## Coverage',
    '',
    'Fields, and in the columns of the unknown what is known to exist without its name.',
    '',
    ...coverageTable(),
    '',
    '## Sensitive fields',
    '',
    'Each class has an action by default; a field may have another one, which its row says. An action covers the field and',
    'all below it. What a person says of himself is what the records are for, and is kept; media ids are references, and are',
    'kept too.',
    '',
    '| class | action by default |',
    '|---|---|',
    ...Object.entries(CLASS_ACTIONS).map(([name, action]) => `| ${name} | ${action} |`),
    '',
    '## Shapes',
    '',
    'Where the configuration does not name the type of a stage, the names of its members may tell it: one of the shapes of a',
    'type must fit, none of another type may, and most names must be its own. Values are not looked at.',
    'It is a guess: a type that is not in the catalogue may look alike. In doubt there is no answer.',
    '',
    '## Types of your own',
    '',
    '`catalogue.types` describes stage types that are not here, and adds fields to those that are. Keep a type there as long',
    'as outcomes tell of its typed records: `reconcile` reads the topics of the types that it knows.',
    '',
    '```yaml',
    ...OWN_TYPES,
    '```',
    '',
    'A path names a field below its side: `holder.given` lies in an object, `visas[].country` in a list of objects; what is',
    'around a field needs no entry. `class` and `action` are those above. Fields that a built-in type has cannot be changed,',
    'nor can its shapes. No two fields of a type may have the same column name, letter case aside: `input_` or `output_` and',
    'the path, with `_` for what Avro names cannot have. A shape that cannot be told from that of another type is refused.',
    '',
    '## Types',
    '',
    ...types.flatMap(section),
  ].join('\n')
}

it('the types of your own that are shown can be used', () => {
  const parsed: unknown = parse(OWN_TYPES.join('\n'))
  const own = z.object({ catalogue }).parse(parsed).catalogue.types
  expect(userTypeProblems(own)).toEqual([])
  const names = createCatalogue(own).types.map(({ name }) => name)
  expect(names).toEqual([...types.map(({ name }) => name), 'PASSPORT'])
})

it('docs/stages.md has every type of the catalogue', async () => {
  await expect(stagesPage()).toMatchFileSnapshot(page('docs/stages.md'))
})
