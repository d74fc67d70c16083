/** The public API of corpusgate. */
export type { OffsetUnit } from "./addon/addon.ts";
export { type EntryInput, Library, type MatchOptionsInput } from "./api/library.ts";
export { type Hit, type HitTable, type Level, Matcher } from "./api/matcher.ts";
export type { MatchStream } from "./api/stream.ts";
export { type ErrorCode, ScanError } from "./errors.ts";
export { gateSource, type Interval } from "./gate/gate.ts";
export type { Entry, MatchOptions, Severity } from "./library/library.ts";
export type { Counts, FileReport, Report, Result, SourceReport, TechnicalSample } from "./report/report.ts";
export { type ScanEvent, type ScanOptions, type ScanResult, scan } from "./scan.ts";
export type { Fraction, Phase, ProfileId } from "./standard/profiles.ts";
export type { Reason, StageCounts } from "./tally/tally.ts";
