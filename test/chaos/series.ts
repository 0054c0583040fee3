/** Arithmetic over series of readings. */

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Line {
  /** NaN of fewer than two points */
  readonly slope: number
  /** standard error of the slope, as if the points were independent; NaN of fewer than three */
  readonly error: number
}

/** The least-squares line. */
export function fitLine(points: readonly Point[]): Line {
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const meanX = mean(({ x }) => x)
  const meanY = mean(({ y }) => y)
  const sum = (of: (x: number, y: number) => number): number =>
    points.reduce((total, { x, y }) => total + of(x - meanX, y - meanY), 0)
  const spread = sum((x) => x * x)
  const slope = spread === 0 ? Number.NaN : sum((x, y) => x * y) / spread
  const unexplained = sum((x, y) => (y - slope * x) ** 2)
  const freedom = points.length - 2
  return { slope, error: freedom > 0 ? Math.sqrt(unexplained / freedom / spread) : Number.NaN }
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
