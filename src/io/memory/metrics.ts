import type { Metrics } from '../../core/ports.js'

type Labels = Readonly<Record<string, string>>

export interface MemoryMetrics extends Metrics {
  /** What was added or last set under these labels; 0 when nothing was. */
  value(name: string, labels?: Labels): number
  /** Sum over all labels. */
  total(name: string): number
  observations(name: string): readonly number[]
  /** Names and labels seen, as `name{label="value"}`. */
  series(): readonly string[]
}

/** Metrics that keep their values. */
export function createMemoryMetrics(): MemoryMetrics {
  const values = new Map<string, number>()
  const observed = new Map<string, number[]>()
  return {
    add(name, amount, labels) {
      const series = seriesOf(name, labels)
      values.set(series, (values.get(series) ?? 0) + amount)
    },
    set(name, value, labels) {
      values.set(seriesOf(name, labels), value)
    },
    observe(name, value, labels) {
      const series = seriesOf(name, labels)
      const list = observed.get(series) ?? []
      observed.set(series, list)
      list.push(value)
    },
    value: (name, labels) => values.get(seriesOf(name, labels)) ?? 0,
    total(name) {
      let sum = 0
      for (const [series, value] of values) if (nameOf(series) === name) sum += value
      return sum
    },
    observations: (name) =>
      [...observed].filter(([series]) => nameOf(series) === name).flatMap(([, list]) => list),
    series: () => [...new Set([...values.keys(), ...observed.keys()])].sort(),
  }
}

const nameOf = (series: string): string => series.slice(0, series.indexOf('{'))

function seriesOf(name: string, labels: Labels = {}): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((key) => `${key}=${JSON.stringify(labels[key])}`)
  return `${name}{${pairs.join(',')}}`
}
