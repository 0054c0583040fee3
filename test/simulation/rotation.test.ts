import { describe, expect, it } from 'vitest'
import { type RotationReport, runRotation } from './rotation.js'

/** Of each kind. 20,000 are the figure to reach; fewer show that nothing has broken. */
const EVENTS = Number(process.env['ROTATION_EVENTS'] ?? 1000)

const told = ({ verified, dead, rotations }: RotationReport): string =>
  `${verified} verified, ${dead} dead, ${rotations} rotations`

describe('credentials that change under load', () => {
  it.each(['forbidden', 'served'] as const)(
    'give no false verdict, be a handshake of another app %s',
    async (foreign) => {
      const report = await runRotation({ events: EVENTS, seed: 5, foreign })
      expect(report.falseVerdicts.slice(0, 10), told(report)).toEqual([])
      expect(report.verified + report.dead).toBe(EVENTS)
      expect(report.dead).toBeGreaterThan(EVENTS / 80)
      expect(report.rotations).toBeGreaterThan(EVENTS / 100)
      // Those that came before their credential.
      if (foreign === 'forbidden') expect(report.delayed).toBeGreaterThan(0)
      if (EVENTS > 2000) process.stdout.write(`${foreign}: ${told(report)}, 0 false verdicts\n`)
    },
    600_000,
  )

  it('mend a pause for a wrong token: what was held is done with the right one', async () => {
    const report = await runRotation({ events: 300, seed: 6, foreign: 'forbidden', firstToken: 'wrong' })
    expect(report.pauses).toEqual(['credentials'])
    expect(report.falseVerdicts).toEqual([])
  })

  it('would be found to give them: a list that loses an app', async () => {
    const spoil = (text: string): string => text.replace('secret-of-new', 'secret-of-another')
    const report = await runRotation({ events: 300, seed: 5, foreign: 'served', spoil })
    expect(report.falseVerdicts.length).toBeGreaterThan(0)
  })
})
