import { existsSync } from 'node:fs'
import { type Command, Option } from 'commander'
import type { Catalogue } from '../catalogue/index.js'
import { SIDES, type StageSpec } from '../catalogue/model.js'
import type { Config } from '../config/config.js'
import type { PrivacyDefault } from '../core/privacy-rule.js'
import type { Protect, Scope } from '../steps/protect.js'
import {
  type CommandContext,
  CommandError,
  loadCommandConfig,
  tableText,
  USUAL_CONFIG,
  withExamples,
} from './command.js'

interface ExplainOptions {
  readonly stage: string
  readonly config?: string
  readonly set: readonly string[]
  readonly json?: boolean
  readonly defaults?: boolean
}

type Settings = Pick<Config, 'privacy' | 'catalogue'>

interface FieldRow {
  readonly path: string
  readonly class: string | null
  readonly action: string
  readonly rule: string | null
}

interface Explained {
  readonly stage: string
  readonly stageType: string | null
  readonly fields: readonly FieldRow[]
  /** Of the operator, those that are for this stage. */
  readonly rules: readonly { readonly rule: string; readonly path: string; readonly action: string }[]
  readonly defaults: readonly { readonly name: string; readonly on: boolean; readonly about: string }[]
}

/** What each default does beyond the fields that a catalogue can list. */
const ABOUT: Readonly<Record<PrivacyDefault, string>> = {
  secrets:
    'members named otp, secret, password, captcha, token or auth anywhere, input.code and input.req: drop',
  'aadhaar-fields': 'fields that hold an Aadhaar number: mask to xxxxxxxx and the last four',
  'aadhaar-text': 'Aadhaar numbers and virtual ids in any text, number or name: mask to the last four',
  'tag-digits': 'the same in the tag',
  media: 'output.pht, output.photo, and base64 texts over 8,192 characters: drop',
  catalogue: 'what the type of the stage asks for, by the class of a field',
}

/** `attestr-kafka privacy`: what the privacy rules do to a stage. Source: product.md sections 9 and 11. */
export function registerPrivacy(program: Command, context: CommandContext): void {
  const privacy = program.command('privacy').description('look at the privacy rules')
  const explain = privacy
    .command('explain')
    .description('print what the privacy rules do to each known field of a stage, and which rule says so')
    .requiredOption('--stage <name>', 'a stage type such as PAN, or a stage id')
    .option(
      '--config <file>',
      `the rules of this configuration; without it those of ${USUAL_CONFIG}, or the defaults where there is none`,
    )
    .addOption(
      new Option('--set <key=value>', 'override one key of the configuration; may be repeated')
        .argParser((value: string, before: readonly string[]) => [...before, value])
        .default([], 'none'),
    )
    .addOption(
      new Option('--defaults', `the default rules, whatever ${USUAL_CONFIG} says`).conflicts('config'),
    )
    .option('--json', 'print JSON')
    .action((options: ExplainOptions) => explainStage(options, context))
  const examples = [
    'attestr-kafka privacy explain --stage PAN',
    'attestr-kafka privacy explain --stage FS02zfeuv3tcnkq2mond2 --config attestr-kafka.yaml',
  ]
  withExamples(privacy, examples)
  withExamples(explain, examples)
}

async function explainStage(options: ExplainOptions, context: CommandContext): Promise<void> {
  const settings = await settingsOf(options, context)
  const { createCatalogue } = await import('../catalogue/index.js')
  const { createConfiguredProtect } = await import('../configured-privacy.js')
  const catalogue = createCatalogue(settings.catalogue.types)
  const stage = await stageNamed(options.stage, settings, catalogue)
  const protect = createConfiguredProtect(settings, catalogue)
  const explained = await explain(stage, settings, protect)
  context.out(options.json === true ? `${JSON.stringify(explained, null, 2)}\n` : textOf(explained))
}

async function settingsOf(options: ExplainOptions, context: CommandContext): Promise<Settings> {
  const { set } = options
  const usual = options.defaults !== true && existsSync(USUAL_CONFIG) ? USUAL_CONFIG : null
  const config = options.config ?? usual
  if (config !== null) return loadCommandConfig({ config, set }, context)
  if (set.length > 0) throw new CommandError(2, '--set needs --config', 'Add --config FILE.')
  return (await import('../config/load.js')).DEFAULTS
}

interface Named {
  readonly id: string
  readonly spec: StageSpec | null
}

const STAGE_ID = /^FS0[0-9A-Za-z_-]{1,61}$/

/** A type by its name, or a stage by its id with the type that the configuration gives it. */
async function stageNamed(name: string, settings: Settings, catalogue: Catalogue): Promise<Named> {
  const spec = catalogue.find(name)
  if (spec !== null) return { id: name, spec }
  const maps = [settings.catalogue.stages, ...Object.values(settings.catalogue.flows)]
  const known = maps.find((stages) => Object.hasOwn(stages, name))
  if (known !== undefined) return { id: name, spec: catalogue.find(known[name] ?? '') }
  if (STAGE_ID.test(name)) return { id: name, spec: null }
  const { suggest } = await import('../config/suggest.js')
  const nearest = suggest(
    name,
    catalogue.types.map((type) => type.name),
  )
  const hint = nearest === null ? 'docs/stages.md lists them' : `did you mean ${nearest}?`
  throw new CommandError(
    2,
    'the stage is neither a type of the catalogue nor a stage id',
    `Check --stage: ${hint}`,
  )
}

async function explain({ id, spec }: Named, settings: Settings, protect: Protect): Promise<Explained> {
  const { nameGlob, nameMatches } = await import('../core/glob.js')
  const stageType = spec?.name ?? null
  const root = protect.stageOf(stageType, id)
  const isFor = (stage: string): boolean =>
    nameMatches(nameGlob(stage), id) || (stageType !== null && nameMatches(nameGlob(stage), stageType))
  const { rules, defaults } = settings.privacy
  return {
    ...{ stage: id, stageType },
    fields: spec === null ? [] : fieldsOf(spec, root, protect),
    rules: rules.flatMap(({ stage, path, action }, index) =>
      isFor(stage) ? [{ rule: `privacy.rules[${index}]`, path, action }] : [],
    ),
    defaults: Object.entries(ABOUT).map(([name, about]) => ({
      ...{ name, about },
      on: defaults[name as PrivacyDefault] !== 'keep',
    })),
  }
}

function fieldsOf(spec: StageSpec, root: Scope, protect: Protect): FieldRow[] {
  return SIDES.flatMap((side) =>
    Object.entries(spec[side]).map(([path, field]) => {
      const full = `${side}.${path}`
      const scope = full
        .split(/\.|(?=\[\])/)
        .reduce((above, name) => (name === '[]' ? protect.item(above) : protect.member(above, name)), root)
      return { path: full, class: field.class ?? null, action: actionText(scope), rule: scope.rule }
    }),
  )
}

function actionText({ action, shown, isAadhaar }: Scope): string {
  if (action === 'mask') return `mask:${shown}`
  if (action !== 'none') return action
  return isAadhaar ? 'mask (Aadhaar)' : 'keep'
}

function textOf({ stage, stageType, fields, rules, defaults }: Explained): string {
  const head = stageType === null ? `${stage}, of no known type` : `${stage}, type ${stageType}`
  const parts = [`${head}\n`]
  if (fields.length > 0) {
    const rows = fields.map((row) => [row.path, row.class ?? '-', row.action, row.rule ?? '-'])
    parts.push(tableText(['FIELD', 'CLASS', 'ACTION', 'BY'], rows))
  }
  if (rules.length > 0) {
    const rows = rules.map(({ rule, path, action }) => [rule, action, path])
    parts.push(tableText(['RULE', 'ACTION', 'PATH'], rows))
  }
  const rows = defaults.map(({ name, on, about }) => [name, on ? 'on' : 'off', about])
  parts.push(tableText(['DEFAULT', 'IS', 'WHAT IT COVERS'], rows))
  return parts.join('\n')
}
