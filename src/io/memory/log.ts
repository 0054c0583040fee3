import type { Log, LogFields } from '../../core/ports.js'

export interface LogLine {
  readonly level: keyof Log
  readonly event: string
  readonly fields: LogFields
}

export interface MemoryLog extends Log {
  readonly lines: readonly LogLine[]
  /** Lines of one event, in order. */
  of(event: string): readonly LogLine[]
}

/** A log that keeps its lines. */
export function createMemoryLog(): MemoryLog {
  const lines: LogLine[] = []
  const writer =
    (level: keyof Log) =>
    (event: string, fields: LogFields = {}): void => {
      lines.push({ level, event, fields })
    }
  return {
    lines,
    of: (event) => lines.filter((line) => line.event === event),
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
  }
}
