import { describe, expect, it } from 'vitest'
import { METRICS, type MetricKind } from '../../../src/core/names.js'
import { createMetrics } from '../../../src/io/ops/metrics.js'

const linesOf = async (metrics: { text(): Promise<string> }): Promise<readonly string[]> =>
  (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))

describe('metrics', () => {
  it('add up, by label', async () => {
    const metrics = createMetrics('1.0.0')
    metrics.add('attestr_events_total', 2)
    metrics.add('attestr_events_total', 3)
    metrics.add('attestr_outcomes_total', 1, { outcome: 'DEAD', code: 'event-no-id' })
    metrics.add('attestr_outcomes_total', 1, { outcome: 'VERIFIED', code: '' })
    metrics.add('attestr_outcomes_total', 1, { outcome: 'VERIFIED', code: '' })
    const lines = await linesOf(metrics)
    expect(lines).toContain('attestr_events_total 5')
    expect(lines).toContain('attestr_outcomes_total{outcome="DEAD",code="event-no-id"} 1')
    expect(lines).toContain('attestr_outcomes_total{outcome="VERIFIED",code=""} 2')
    metrics.add('attestr_events_total', 1)
    expect(await linesOf(metrics)).toContain('attestr_events_total 6')
    expect(await linesOf(metrics)).toContain('attestr_events_total 6')
  })

  it('never go back: a counter takes no negative amount and no NaN', async () => {
    const metrics = createMetrics('1.0.0')
    metrics.add('attestr_events_total', 5)
    metrics.add('attestr_events_total', -1)
    metrics.add('attestr_events_total', Number.NaN)
    expect(await linesOf(metrics)).toContain('attestr_events_total 5')
  })

  it('gauges show the last value, by reason', async () => {
    const metrics = createMetrics('1.0.0')
    metrics.set('attestr_paused', 1, { reason: 'credentials' })
    metrics.set('attestr_paused', 0, { reason: 'credentials' })
    metrics.set('attestr_in_flight', 7)
    const lines = await linesOf(metrics)
    expect(lines).toContain('attestr_paused{reason="credentials"} 0')
    expect(lines).toContain('attestr_in_flight 7')
  })

  it('histograms count into buckets of seconds', async () => {
    const metrics = createMetrics('1.0.0')
    metrics.observe('attestr_api_call_seconds', 0.05)
    metrics.observe('attestr_api_call_seconds', 20)
    const lines = await linesOf(metrics)
    expect(lines).toContain('attestr_api_call_seconds_bucket{le="0.025"} 0')
    expect(lines).toContain('attestr_api_call_seconds_bucket{le="0.05"} 1')
    expect(lines).toContain('attestr_api_call_seconds_bucket{le="+Inf"} 2')
    expect(lines).toContain('attestr_api_call_seconds_count 2')
  })

  it('refuse a name that is not in the closed list, or of another kind', () => {
    const metrics = createMetrics('1.0.0')
    expect(() => metrics.add('attestr_other_total', 1)).toThrow(TypeError)
    expect(() => metrics.set('attestr_events_total', 1)).toThrow(TypeError)
    expect(() => metrics.observe('attestr_in_flight', 1)).toThrow(TypeError)
  })

  it('stay bounded when a label does not keep to its list', async () => {
    const metrics = createMetrics('1.0.0')
    for (let i = 0; i < 5_000; i++) metrics.add('attestr_api_calls_total', 1, { status: `x${i}` })
    const lines = (await linesOf(metrics)).filter((line) => line.startsWith('attestr_api_calls_total{'))
    expect(lines.length).toBeLessThanOrEqual(1_001)
    expect(lines).toContain('attestr_api_calls_total{status="other"} 4000')
  })

  it('belong to their registry: two sets do not meet', async () => {
    const one = createMetrics('1.0.0')
    one.add('attestr_events_total', 1)
    expect(await linesOf(createMetrics('1.0.0'))).toContain('attestr_events_total 0')
  })

  it('all have a meaning, a name in their unit, and are in the text from the start', async () => {
    const text = await createMetrics('1.0.0').text()
    for (const [name, { help, kind }] of Object.entries<MetricKind>(METRICS)) {
      expect(help).not.toBe('')
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${kind}`)
      expect(name.endsWith('_total')).toBe(kind === 'counter')
    }
    expect(text).toMatch(/^process_resident_memory_bytes \d{6,}$/m)
    expect(text).toContain('attestr_build_info{version="1.0.0"} 1')
  })
})
