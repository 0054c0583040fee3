import { acceptsText, bareOf, memberSchema, type Schema } from './shape.js'
import type { ConfigNode, Scalar, ScalarNode } from './tree.js'

/**
 * Makes the tree fit the schema where that needs no guess: text out of `${...}` and `--set` becomes the number, truth
 * value or list that its key takes, and a section left empty (`fetch:` and nothing below) means its defaults.
 *
 * Out:  the same tree, or null when the node says nothing
 */
export function fitToSchema(node: ConfigNode, schema: Schema | undefined): ConfigNode | null {
  if (schema === undefined) return node
  if (node.kind === 'map') {
    const entries = new Map<string, ConfigNode>()
    for (const [name, child] of node.entries) {
      const fitted = fitToSchema(child, memberSchema(schema, name))
      if (fitted !== null) entries.set(name, fitted)
    }
    return { ...node, entries }
  }
  if (node.kind === 'list') {
    return { ...node, items: node.items.map((item, i) => fitToSchema(item, memberSchema(schema, i)) ?? item) }
  }
  return node.kind === 'scalar' ? fitScalar(node, schema) : node
}

function fitScalar(node: ScalarNode, schema: Schema): ConfigNode | null {
  const { schema: bare, nullable } = bareOf(schema)
  const { type } = bare._zod.def
  if (node.value === null && !node.loose && type === 'object' && !nullable) return null
  if (!node.loose) return node
  if (type === 'array') return splitList(node)
  if (acceptsText(schema)) return node
  return typeof node.value === 'string' ? { ...node, value: plainScalar(node.value) } : node
}

/** `a:9092,b:9092` */
function splitList(node: ScalarNode): ConfigNode {
  if (typeof node.value !== 'string') return node
  const parts = node.value.split(',').map((part) => part.trim())
  return {
    kind: 'list',
    at: node.at,
    items: parts.filter((part) => part !== '').map((value) => ({ ...node, value })),
  }
}

function plainScalar(text: string): Scalar {
  const trimmed = text.trim()
  if (/^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(trimmed)) return Number(trimmed)
  if (/^(true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === 'true'
  return /^(null|~)$/i.test(trimmed) ? null : text
}
