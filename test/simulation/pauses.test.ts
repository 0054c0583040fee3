import { afterEach, describe, expect, test, vi } from 'vitest'
import { isPlain, OUTAGE_KINDS } from './outage.js'
import { type PauseReport, runPause } from './pauses.js'

const SEEDS = 63

const describePause = ({ seed, outage, problems }: PauseReport): string =>
  [`seed ${seed}, ${outage.kind} from ${outage.fromMs} to ${outage.toMs}`, ...problems].join('\n')

test('minutes of systemic trouble leave no dead letter, few calls, and end by themselves', async () => {
  const failed: string[] = []
  const shown = new Map<string, Set<string>>()
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const report = await runPause(seed)
    if (report.problems.length > 0) failed.push(describePause(report))
    const { kind } = report.outage
    shown.set(kind, new Set([...(shown.get(kind) ?? []), ...report.reasons]))
  }
  expect(failed.slice(0, 3).join('\n\n')).toBe('')
  for (const kind of OUTAGE_KINDS)
    expect([...(shown.get(kind) ?? [])]).toContain(isPlain(kind) ? kind : 'api-down')
})

describe('the worlds with an outage turn red for', () => {
  afterEach(() => {
    vi.doUnmock('../../src/run/troubles.js')
    vi.doUnmock('../../src/run/permits.js')
    vi.doUnmock('../../src/run/blame.js')
    vi.resetModules()
  })

  /** Problems of the first seeds of plain trouble. */
  async function problemsOf(): Promise<string> {
    vi.resetModules()
    const patched = await import('./pauses.js')
    const found: string[] = []
    for (let seed = 0; seed < 10; seed += 1) {
      const { outage, problems } = await patched.runPause(seed)
      if (isPlain(outage.kind)) found.push(...problems)
    }
    return found.join('\n')
  }

  test('probes that do not wait', async () => {
    vi.doMock('../../src/run/troubles.js', async (original) => ({
      ...(await original<object>()),
      probeIntervalMs: () => 50,
    }))
    expect(await problemsOf()).toMatch(/calls in the outage/)
  })

  test('a pause that no success ends', async () => {
    vi.doMock('../../src/run/permits.js', async (original) => {
      const right = await original<typeof import('../../src/run/permits.js')>()
      const createPermits: typeof right.createPermits = (deps) =>
        Object.assign(right.createPermits(deps), { hasProbed: () => false })
      return { ...right, createPermits }
    })
    expect(await problemsOf()).toMatch(/not resumed in time/)
  })

  test('trouble that is taken for the fault of an event', async () => {
    vi.doMock('../../src/run/blame.js', async (original) => ({
      ...(await original<object>()),
      createBlame: () => ({ accuse: () => undefined, ended: () => undefined, isGuilty: () => true }),
    }))
    expect(await problemsOf()).toMatch(/request-rejected/)
  })
})
