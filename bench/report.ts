import { CELLS, grouped, nameOf, SUBJECT_TEXTS, spreadBy } from './cells.js'
import { figuresTable, judgedBound } from './judge.js'
import type { Results } from './session.js'
import { moreThan, SETTINGS } from './settings.js'
import { type Spread, spreadOf } from './statistics.js'
import { table } from './table.js'

/** The results as markdown: a pure function of what was measured. */
export function reportText(results: Results): string {
  return [
    '# Benchmark results\n',
    'Written by `npm run bench`; do not edit.\n',
    aboutRun(results),
    aboutMachine(results),
    figuresTable(results),
    throughputTables(results),
    results.profile ?? '',
    settingsTable(results),
    latencyTable(results),
    memoryText(results),
    idleText(results),
    HOW_TEXT,
    runsTable(results),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function aboutRun({ options, startedAt }: Results): string {
  const cells = options.cells.map(nameOf).join(', ')
  const extent = options.whole
    ? 'The whole benchmark.'
    : `**A part of the benchmark** (cells ${cells}; ${options.pairs} pairs; about ${options.seconds} s a run): no figures to quote.`
  return `${startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC. ${extent} Events: \`${options.form}\`.\n`
}

function aboutMachine({ machine }: Results): string {
  const { cores, model, memoryBytes, kernel, versions } = machine
  const memory = `${(memoryBytes / 1024 ** 3).toFixed(0)} GiB`
  return [
    `Machine: ${cores} cores (${model}), ${memory}, ${kernel}. Broker, registry, simulator, connector and benchmark share it, and others may: see load and others' cores of each run.\n`,
    `Versions: ${versions.map(([name, version]) => `${name} ${version}`).join(', ')}.\n`,
  ].join('\n')
}

const whole = (value: number): string => (Number.isFinite(value) ? value.toFixed(0) : '-')
const megabytes = (bytes: number): string => whole(bytes / 1e6)
const percent = (share: number, digits = 1): string =>
  Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : '-'
const range = ({ median, min, max }: Spread): string => `${whole(median)} (${whole(min)} to ${whole(max)})`

function throughputTables(results: Results): string {
  if (results.throughput.length === 0) return ''
  const rows = grouped(results.throughput).map(({ cell, subject, runs }) => {
    const rate = spreadBy(runs, (run) => run.eventsPerSecond)
    const { share, nominalShare, text } = judgedBound(results, cell, subject, runs)
    const median = (of: (run: (typeof runs)[number]) => number): number => spreadBy(runs, of).median
    return [
      `${nameOf(cell)} ${SUBJECT_TEXTS[subject]}`,
      String(runs.length),
      range(rate),
      percent(share),
      text,
      percent(nominalShare),
      range(spreadBy(runs, (run) => run.cpuMicros.subject)),
      megabytes(spreadBy(runs, (run) => run.peakRss).max),
      median((run) => run.callsPerEvent).toFixed(3),
      median((run) => run.apiMeanMs).toFixed(1),
      whole(spreadBy(runs, (run) => run.apiMaxInFlight).max),
    ]
  })
  const header = [
    'cell and subject',
    'runs',
    'events/s',
    'share',
    'of bound',
    'nominal',
    'CPU us/event',
    'RSS MB',
    'calls',
    'API ms',
    'most calls',
  ]
  return [
    '## Throughput\n',
    'Median (least to most). A cell is concurrency x API latency in ms. `share` is of the bound: concurrency over the mean latency that the simulator measured, or the median of the 0 ms cell, whichever is lower; `nominal` is the share of concurrency over the nominal latency alone. CPU is user and system time of the subject. RSS is the peak of all runs. `calls` is API calls an event.\n',
    table(header, rows),
    'The baselines write verified records only: no outcomes, no dead letters, no privacy rules, no retries, and kill -9 doubles events.\n',
  ].join('\n')
}

function settingsTable({ settings }: Results): string {
  if (settings === null) return ''
  const rows = SETTINGS.map((setting) => {
    const { median, min, max } = moreThan(settings, setting, 'long form')
    const more = setting === 'long form' ? '-' : `${percent(median)} (${percent(min)} to ${percent(max)})`
    return [setting, range(spreadOf(settings.get(setting) ?? [])), more]
  })
  return [
    '## What settings cost\n',
    'CPU of the connector in microseconds an event, exactly-once, concurrency 64 without latency; each setting once a round, compared with the long form of the same round: median (least to most). All name the types of the stages; all but `no privacy rules` have the default rules; `evidence` keeps what was signed, encrypted.\n',
    table(['setting', 'CPU us/event', 'more than long form'], rows),
  ].join('\n')
}

function latencyTable({ latency }: Results): string {
  if (latency.length === 0) return ''
  const rows = latency.map((run) => [
    `${nameOf(run.cell)} ${SUBJECT_TEXTS[run.subject]}`,
    whole(run.wantedRate),
    whole(run.rate),
    String(run.events),
    whole(run.p50Ms),
    whole(run.p99Ms),
    whole(run.maxMs),
    String(run.missing),
    run.load.toFixed(1),
  ])
  return [
    '## Latency\n',
    "From the event's append (time of the broker's log) to the delivery of its outcome to a `read_committed` reader in another process; of a baseline, of its first verified record. Fed at a fixed pace, half of the cell's bound (of a baseline: half of what it was measured to do). Milliseconds; `commit.intervalMs` is 100.\n",
    table(['cell and subject', 'wanted/s', 'fed/s', 'events', 'p50', 'p99', 'most', 'missing', 'load'], rows),
  ].join('\n')
}

function memoryText({ memory }: Results): string {
  if (memory === null) return ''
  const { rss, seconds } = memory
  const quarter = (n: number): number =>
    Math.max(...rss.slice(Math.floor((n * rss.length) / 4), Math.floor(((n + 1) * rss.length) / 4)))
  const rows = [
    ['P7 bound: 250 MB + 2 x maxInFlightBytes + maxResponseBytes', megabytes(memory.bound)],
    ['peak, sampled once a second', megabytes(memory.sampledPeak)],
    ['peak at any moment (VmHWM)', megabytes(memory.peak)],
    ...[0, 1, 2, 3].map((n) => [`peak in quarter ${n + 1} of the run`, megabytes(quarter(n))]),
  ]
  return [
    '## Memory\n',
    `1.5 MB responses, concurrency ${memory.concurrency}, exactly-once, ${seconds} s from the start of the process with an endless backlog: ${memory.events} events, ${whole(memory.eventsPerSecond)} events/s, ${memory.notVerified} not verified, at most ${memory.apiMaxInFlight} calls at once, ${memory.callsPerEvent.toFixed(3)} calls an event, load ${memory.load.toFixed(1)} before.\n`,
    table(['resident memory', 'MB'], rows),
  ].join('\n')
}

function idleText({ idle }: Results): string {
  if (idle === null) return ''
  const rows = idle.minutes.map((share, minute) => [String(minute + 1), percent(share, 2)])
  return [
    '## Idle\n',
    `CPU of the connector after the last event, 12 partitions, as a share of one core. Idle producers are closed after the first minute. RSS ${megabytes(idle.rss)} MB at the end; load ${idle.load.toFixed(1)} before.\n`,
    table(['minute', 'of a core'], rows),
  ].join('\n')
}

const HOW_TEXT = `## How it is measured

\`npm run bench\` repeats all of it (about an hour); \`npm run bench -- --help\` lists the options to run a part.

One broker, one registry, one simulator and one subject, each a process of its own. Events lie ready in a topic of 12 partitions, keyed by handshake id; each result has three stages and about 2 KB. Every run has a
group and topics of its own. Figures are from samples of \`/metrics\` every 250 ms and of the process table, between 45 % and 95 % of the outcomes (code that is not compiled yet is left out); events/s is the slope of the least-squares line. Exactly-once and at-least-once take turns, and who begins takes turns too. Before the first run of a latency
one more run warms broker and simulator up. The cells are ${CELLS.map(nameOf).join(', ')}.

`

function runsTable({ throughput }: Results): string {
  if (throughput.length === 0) return ''
  const rows = throughput.map((run) => [
    `${nameOf(run.cell)} ${SUBJECT_TEXTS[run.subject]}`,
    String(run.events),
    run.seconds.toFixed(1),
    whole(run.eventsPerSecond),
    whole(run.cpuMicros.subject),
    whole(run.cpuMicros.simulator),
    whole(run.cpuMicros.broker),
    run.eventsPerCommit.toFixed(1).replace('Infinity', '-'),
    run.apiMeanMs.toFixed(1),
    whole((run.cell.concurrency * 1000) / run.eventsPerSecond - run.apiMeanMs),
    megabytes(run.peakRss),
    String(run.notVerified),
    run.load.toFixed(1),
    run.othersCores.toFixed(2),
  ])
  const header = [
    'run',
    'events',
    'seconds',
    'events/s',
    'CPU us',
    'simulator us',
    'broker us',
    'events/commit',
    'API ms',
    'gap ms',
    'RSS MB',
    'not verified',
    'load',
    "others' cores",
  ]
  return [
    '## All runs\n',
    "In the order they were made. `seconds` is the window that was measured; microseconds are an event; `gap` is how long a call slot stood empty between two calls, on average (with an API latency a lost share of the bound is this gap); `load` is the machine's load average before the run, and `others' cores` what processes outside of the benchmark used meanwhile, or the host took away.\n",
    table(header, rows),
  ].join('\n')
}
