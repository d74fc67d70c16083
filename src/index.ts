/** The public API of corpusgate. */
export type { OffsetUnit } from "./addon/addon.ts";
export { checkLibrary, type Finding, type LibraryCheck, type LibraryStats, statsOfLibrary } from "./api/check.ts";
export { type EntryInput, Library, type MatchOptionsInput } from "./api/library.ts";
export { type Hit, type HitTable, Matcher } from "./api/matcher.ts";
export {
  Scanner,
  type ScannerOptions,
  type StreamOptions,
  type StreamSummary,
  type VerdictStream,
  type VerdictTable,
} from "./api/scanner.ts";
export type { MatchStream, StreamHit } from "./api/stream.ts";
export type { Part } from "./corpus/order.ts";
export { type ErrorCode, ScanError } from "./errors.ts";
export { gateSource, type Interval } from "./gate/gate.ts";
export type {
  ExplainedChange,
  ExplainedEntry,
  ExplainedHit,
  ExplainedStep,
  Explanation,
  Miss,
  Obstacle,
  ShownChar,
  Would,
} from "./library/explanation.ts";
export type { Level } from "./library/level.ts";
export type { Entry, MatchOptions, Severity } from "./library/library.ts";
export { type MergeOptions, merge, type PartResult, scanPart, writePlan } from "./parts.ts";
export type { Counts, FileReport, Report, Result, SourceReport, TechnicalSample } from "./report/report.ts";
export { type ScanEvent, type ScanOptions, type ScanResult, scan } from "./scan.ts";
export type { Fraction, Phase, ProfileId } from "./standard/profiles.ts";
export type { Reason, StageCounts } from "./tally/tally.ts";
