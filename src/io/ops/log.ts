import { createRequire } from 'node:module'
import { type DestinationStream, destination, pino } from 'pino'
import type { Log, LogFields } from '../../core/ports.js'

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** For people instead of JSON. */
  readonly pretty: boolean
  /** Where the lines go instead of stdout. */
  readonly stream?: DestinationStream
}

export interface OpsLog extends Log {
  /** Writes what is waiting: before the process ends. */
  flush(): void
}

/** A reader that stops reading costs log lines beyond this, never memory or progress. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

/**
 * The log: one JSON object a line on stdout, `{"level","time","event", fields}`. Flat fields only; nothing is written but
 * what the caller names, so no error object of a library can get in.
 */
export function createLog(settings: LogSettings): OpsLog {
  const target = settings.stream ?? (settings.pretty ? prettyStream() : jsonStream())
  const logger = pino(
    {
      level: settings.level,
      base: null,
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    target,
  )
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields?: LogFields): void => {
      if (logger.isLevelEnabled(level))
        logger[level](fields === undefined ? { event } : { event, ...flat(fields) })
    }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    flush: () => {
      if ('flushSync' in target && typeof target.flushSync === 'function') target.flushSync()
    },
  }
}

const OWN: ReadonlySet<string> = new Set(['event', 'level', 'time'])

/** Drops what the types forbid: a field that is an object could carry anything. */
function flat(fields: LogFields): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries<unknown>(fields)) {
    if (OWN.has(name)) continue
    if (Array.isArray(value)) kept[name] = value.filter((item) => typeof item === 'string')
    else if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) kept[name] = value
  }
  return kept
}

function jsonStream(): DestinationStream {
  const stream = destination({ dest: 1, sync: false, minLength: 0, maxLength: MAX_WAITING_BYTES })
  process.once('exit', () => {
    try {
      stream.flushSync()
    } catch {
      // Nothing was written yet, or the pipe is gone: there is nowhere to say so.
    }
  })
  return stream
}

function prettyStream(): DestinationStream {
  // Loaded on demand: the JSON log needs none of it.
  const load = createRequire(import.meta.url)
  const { PinoPretty } = load('pino-pretty') as typeof import('pino-pretty')
  return PinoPretty({
    destination: 1,
    sync: true,
    colorize: process.stdout.isTTY === true,
    messageKey: 'event',
    translateTime: 'HH:MM:ss.l',
  })
}
