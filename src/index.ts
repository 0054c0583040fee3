/** The public surface: everything else may change without notice. Source: product.md section 12. */
export type { Config } from './config/config.js'
export { type ConfigSource, type LoadedConfig, loadConfig, problemReport } from './config/load.js'
export type { Connector, ConnectorStatus, Finish } from './connector.js'
export {
  FAILURES,
  type Failure,
  type FailureCategory,
  type FailureCode,
  type FailureKind,
  type SkipCode,
} from './core/failure.js'
export type { Ending, Step } from './core/outcome.js'
export type { Log, LogFields, Metrics } from './core/ports.js'
export type { FlatStage, StageStatus, TextMap, Verification } from './core/records.js'
export type { SystemicReason } from './core/work.js'
export { type ConnectorSettings, createConnector } from './library/connector.js'
export { type FlattenSettings, flattenResult } from './library/flatten-result.js'
export {
  createResultClient,
  type FetchedResult,
  type ResultClient,
  type ResultClientOptions,
} from './library/result-client.js'
export type { PrivacyDefault } from './steps/protect.js'
export type { FlattenLimits } from './steps/stage-walk.js'
export { type Method, type TrustedResult, verifyResult } from './steps/verify.js'
