/** Where `JSON.parse` of the engine cannot be the judge. */

/**
 * V8 13.6 (Node 24), once it has seen a member named by a backslash, takes any name that is one escaped character and
 * stands in the same place for it.
 */
const isSound = ['{"a":0,"\\\\":0}', '{"a":0,"\\u0062":0}'].map((text) => JSON.parse(text)).at(-1)?.b === 0

const ESCAPED_NAME = /"[^"\\]*\\.(?:[^"\\]|\\.)*"\s*:/

/** Whether the engine may read this text wrongly: on a sound one, never. */
export const mayBeMisread = (text: string): boolean => !isSound && ESCAPED_NAME.test(text)
