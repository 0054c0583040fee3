import { readFileSync } from 'node:fs'
import { loadavg } from 'node:os'

/** Readings of the Linux process table. Elsewhere they are NaN, and the tables say so. */

/** Ticks of /proc: USER_HZ, 100 on every Linux that Node supports. */
const TICKS_A_SECOND = 100

/** User and system CPU seconds of a process, its threads included, children not. */
export function processCpu(pid: number): number {
  const stat = textOf(`/proc/${pid}/stat`)
  if (stat === null) return Number.NaN
  // The name in parentheses may hold blanks: the fields are counted from behind it. Fields 14 and 15 are user and system.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

export interface Memory {
  /** Bytes now, and the most so far. */
  readonly rss: number
  readonly peak: number
}

export function processMemory(pid: number): Memory {
  const status = textOf(`/proc/${pid}/status`) ?? ''
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * 1024
  return { rss: bytes('VmRSS'), peak: bytes('VmHWM') }
}

/** CPU seconds that all processes of the machine used, time stolen by its host included. */
export function machineCpu(): number {
  const line = textOf('/proc/stat')?.split('\n')[0] ?? ''
  const [user, nice, system, , , irq, softirq, steal] = line.split(/\s+/).slice(1).map(Number)
  return (
    [user, nice, system, irq, softirq, steal].reduce<number>((sum, value) => sum + (value ?? Number.NaN), 0) /
    TICKS_A_SECOND
  )
}

/** Load average of the last minute. */
export function load(): number {
  return loadavg()[0] ?? Number.NaN
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
