/** The closed lists of metrics and of log events, each with its meaning. Names may be added, never renamed. */

export interface MetricKind {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** Values are codes and reasons of closed lists, HTTP status codes, topics, or types and paths of the catalogue: never ids or names out of data. */
  readonly labels: readonly string[]
  /** Upper bounds in the metric's unit: histograms only. */
  readonly buckets?: readonly number[]
}

const counter = (help: string, ...labels: string[]): MetricKind => ({ kind: 'counter', help, labels })
const gauge = (help: string, ...labels: string[]): MetricKind => ({ kind: 'gauge', help, labels })
const seconds = (help: string, buckets: readonly number[]): MetricKind => ({
  kind: 'histogram',
  help,
  labels: [],
  buckets,
})

export const METRICS = {
  attestr_events_total: counter('Messages taken from events, retry and replay topics.'),
  attestr_outcomes_total: counter(
    'Outcomes committed, by outcome and failure or skip code.',
    'outcome',
    'code',
  ),
  attestr_api_calls_total: counter('Calls of the API, by HTTP status or kind of fault.', 'status'),
  attestr_api_call_seconds: seconds(
    'Time of one call, from the request to the end of its body.',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  ),
  attestr_in_flight: gauge('Calls of the API in flight.'),
  attestr_rate_bound: gauge('Calls a second that this process may send; +Inf without a bound.'),
  attestr_rate_lowered_total: counter('Times that answers 429 lowered the rate of calls.'),
  attestr_held_events: gauge('Events held between reading and commit.'),
  attestr_held_bytes: gauge('Bytes held between reading and commit.'),
  attestr_paused: gauge('1 while consumption is paused for the reason, else 0.', 'reason'),
  attestr_state_since_timestamp_seconds: gauge(
    'Unix time since when the connector is in its state, or paused for its reason.',
  ),
  attestr_next_probe_timestamp_seconds: gauge('Unix time of the next probe of a pause, 0 without one.'),
  attestr_probes_total: counter('Permits for a probe while paused, by reason of the pause.', 'reason'),
  attestr_lag_events: gauge(
    'Messages not yet committed, over the partitions of this process; without those that are not due.',
  ),
  attestr_delayed_events: gauge(
    'Messages on retry topics that are not due yet, over the partitions of this process.',
  ),
  attestr_lag_seconds: gauge(
    'Age of the oldest message not yet committed, over the partitions of this process; on a retry topic since it was due.',
  ),
  attestr_retention_headroom_seconds: gauge(
    'How long a pause may last before retention takes events that were not read: what the events topics keep, less the age of the oldest such event on the partitions of this process. NaN where retention cannot be asked.',
  ),
  attestr_commits_total: counter('Transactions committed.'),
  attestr_commit_seconds: seconds(
    'Time of one commit, from its first send to its end.',
    [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
  ),
  attestr_batches_refused_total: counter(
    'Transactions that the broker refused as too large; their events were written in smaller ones.',
  ),
  attestr_lane_failures_total: counter(
    'Lanes closed by an error; each is opened again and its work read again.',
  ),
  attestr_rebalances_total: counter('Assignments of partitions to this process.'),
  attestr_consumer_restarts_total: counter(
    'Times the group member was begun anew, by reason: unreachable, crash, stuck-join, stuck-fetch, no-heartbeat.',
    'reason',
  ),
  attestr_events_lost_total: counter('Offsets that were gone before they were read.', 'topic'),
  attestr_verification_method_changes_total: counter(
    'Changes of the verification method that matched, by credential.',
    'credential',
  ),
  attestr_drift_total: counter(
    'Values of typed stages that differ from the catalogue, by stage type, path of the catalogue and kind of drift: unknown-field, other-kind, unparsed-date.',
    'stage_type',
    'path',
    'drift',
  ),
  attestr_config_reloads_total: counter(
    'Times the configuration was read again, by result: applied, unchanged, restart-needed, refused.',
    'result',
  ),
  attestr_build_info: gauge('Always 1; the version is the label.', 'version'),
  process_cpu_seconds_total: counter('User and system CPU time of this process.'),
  process_resident_memory_bytes: gauge('Resident memory of this process.'),
  process_start_time_seconds: gauge('Start of this process, Unix time.'),
  nodejs_heap_used_bytes: gauge('JavaScript heap in use.'),
  nodejs_event_loop_utilization_ratio: gauge(
    'Share of the time since the last scrape in which the event loop was busy.',
  ),
} as const satisfies Readonly<Record<string, MetricKind>>

export type MetricName = keyof typeof METRICS

/** Log events: the `event` member of a line. Fields name ids, codes and places, never values. */
export const LOG_EVENTS = {
  started: 'The connector was started.',
  stopped: 'The connector has stopped.',
  signal: 'SIGTERM or SIGINT arrived; `drops` when it is the second one.',
  'state-changed': 'Running, paused or draining, and why.',
  'http-allowed': 'attestr.allowHttp is set: tokens and results may travel readable.',
  'waiting-for': 'The broker or the registry does not answer at start; it is asked again.',
  'schema-ids-kept': 'The registry does not answer at start; the ids of an earlier start are used.',
  'schema-ids-not-kept': 'The file of schema ids could not be written.',
  'schema-ids-differ':
    'The registry is back and has other ids than those kept; records go on under its own. Those written before cannot be read by the id they carry.',
  'schema-ids-refused':
    'The registry is back and refuses a schema that is written under a kept id. Run `attestr-kafka schemas check` and register what is missing; until then records go on under the kept ids, and the registry is asked again.',
  'schema-ids-confirmed':
    'After `schema-ids-refused`: the registry takes what it refused, under the kept ids.',
  'topic-created': 'A missing topic was created.',
  'broker-unreachable': 'No broker answers; the group is joined as soon as one does.',
  'consumer-restarts':
    'The group member is begun anew after a fault; the same fault again is told at level debug. It comes back by itself.',
  'consumer-steady': 'The group member has worked for a minute after having been begun anew more than once.',
  'patches-skipped': 'The Kafka client looks different in places: patches for speed were left out.',
  'batch-dropped':
    'A batch was fetched for a former assignment; the partition is read from its own position.',
  'kafka-client': 'A line of the Kafka client: its part and level alone.',
  'partitions-assigned': 'The group gave partitions to this process.',
  'late-commit-failed':
    'A commit that was under way when its partition went away was refused or lost; whoever has the partition reads again.',
  'lane-failed': 'A partition was closed by an error and is opened again; its work is read again.',
  'rate-lowered': 'Answers 429 lowered the rate of calls; it rises again by itself.',
  'commit-mended':
    'A broker came back without a part of the last commit of a partition; what hung is ended as the coordinator had decided.',
  'hanging-unchecked':
    'The cluster cannot be asked for commits that a killed broker left half done: such a commit would be shown later, or twice.',
  'position-out-of-range': 'The broker says that the position of a partition lies outside its log.',
  'events-lost': 'A committed offset lies outside the log; the partition waits for POST /resume.',
  'typed-records':
    'Stage types with typed records, and those of the configuration that have none: the catalogue does not know them, and they stay in the long form.',
  'unknown-stage-types':
    'Stage types of the configuration that the catalogue does not know: records are named so, and the privacy rules are those of the type that the shape tells.',
  'stage-drift':
    'A stage differs from the catalogue at a place where none did since the start; attestr_drift_total counts on.',
  'credentials-changed':
    'The configuration was read again; these credentials are new, gone or other than before.',
  'restart-needed': 'The configuration was read again; keys beside the credentials wait for a restart.',
  'reload-refused': 'The configuration was read again and has problems: everything stays as it was.',
  'reload-unchanged': 'The configuration was read again and says what is in force.',
  'media-store-down': 'Media cannot be stored; it is tried again, and their events wait. One line a cause.',
  'verification-method-changed': 'Another verification method matched than before.',
} as const satisfies Readonly<Record<string, string>>

export type LogEvent = keyof typeof LOG_EVENTS
