import type { Coordinates } from '../../core/model.js'

/** A message as people write it. */
export const placeOf = ({ topic, partition, offset }: Coordinates): string =>
  `${topic}/${partition}@${offset}`

const SHOWN = 5

/** Some of the places, on one line. */
export function placesOf(places: readonly Coordinates[]): string {
  const shown = places.slice(0, SHOWN).map(placeOf).join(', ')
  return places.length > SHOWN ? `${shown} and ${places.length - SHOWN} more` : shown
}

export function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return groups
}
