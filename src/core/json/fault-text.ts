import type { JsonFault } from './scan.js'

/** What is wrong with a text that is not taken as JSON, in words that hold no part of it. */
export const FAULT_TEXT: Readonly<Record<JsonFault['fault'], string>> = {
  truncated: 'JSON is cut off',
  syntax: 'not JSON',
  'duplicate-key': 'a member name appears twice',
  'too-deep': 'nested too deep',
  'lone-surrogate': 'half a surrogate pair is escaped',
  bom: 'starts with a byte order mark',
}
