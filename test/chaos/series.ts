/** Arithmetic over series of readings. */

export interface Point {
  readonly x: number
  readonly y: number
}

/** Slope of the least-squares line. NaN of fewer than two points. */
export function slopeOf(points: readonly Point[]): number {
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const meanX = mean(({ x }) => x)
  const meanY = mean(({ y }) => y)
  let above = 0
  let below = 0
  for (const { x, y } of points) {
    above += (x - meanX) * (y - meanY)
    below += (x - meanX) ** 2
  }
  return below === 0 ? Number.NaN : above / below
}

/** Most of these moments that lie within any window of this length. In: in order. */
export function mostWithin(moments: readonly number[], windowMs: number): number {
  let most = 0
  let first = 0
  moments.forEach((moment, index) => {
    while ((moments[first] ?? moment) <= moment - windowMs) first += 1
    most = Math.max(most, index - first + 1)
  })
  return most
}
