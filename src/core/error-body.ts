/** What is kept of an error body; everything else in it is forgotten. */
export interface ErrorBody {
  readonly code: number | null
  readonly requestId: string | null
}

/** An error body is a line of JSON; a longer one is a page of something in between. */
export const ERROR_BODY_MAX_BYTES = 65_536

const NOTHING: ErrorBody = { code: null, requestId: null }
const NUMERIC_CODE = /^\d{1,9}$/
const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/

/**
 * Reads the Attestr code and the request id from the body of an answer that is not a 200.
 *
 * In:     body   bytes as UTF-8; may be empty, HTML or anything else
 * Out:    nulls where there is nothing of the right form; never throws
 * Source: attestr.md section 6.1; product.md section 4: codes come as numbers or as numeric text
 */
export function readErrorBody(body: Uint8Array): ErrorBody {
  if (body.length === 0 || body.length > ERROR_BODY_MAX_BYTES) return NOTHING
  const parsed = parse(body)
  if (typeof parsed !== 'object' || parsed === null) return NOTHING
  const { code, requestId } = parsed as { readonly code?: unknown; readonly requestId?: unknown }
  return {
    code: readCode(code),
    requestId: typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : null,
  }
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return null
  }
}

function readCode(code: unknown): number | null {
  if (typeof code === 'string' && NUMERIC_CODE.test(code.trim())) return Number(code)
  return typeof code === 'number' && Number.isSafeInteger(code) && code >= 0 ? code : null
}
