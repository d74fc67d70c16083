/** Counts per source. Tallies add, and the sum does not depend on how a corpus was cut into shards. Reads no files. */
import { DistinctSketch, IdSketch } from "./sketches.ts";

/** Why a record has no verdict: a closed list. */
export const reasons = [
  "invalid-utf8",
  "invalid-json",
  "missing-text",
  "too-long",
  "too-deep",
  "file-damaged",
  "unreadable",
  "unknown-format",
  "modality",
  "stage-missing",
  "worker-died",
  "timeout",
] as const;
export type Reason = (typeof reasons)[number];

/** Assessed records by which stage found something. */
export interface StageCounts {
  keywordOnly: number;
  classifierOnly: number;
  both: number;
  neither: number;
}

/** Counts of one source, or of all. `rows = empty + records`; `records = assessed + Σ notAssessed`. */
export interface Tally {
  rows: number;
  empty: number;
  records: number;
  assessed: number;
  notAssessed: Partial<Record<Reason, number>>;
  flagged: number;
  unqualified: number;
  /** Assessed records per risk id. */
  risks: Record<string, number>;
  stages: StageCounts;
  textBytes: number;
  distinct: DistinctSketch;
  ids: IdSketch;
}

/** A tally of nothing. */
export function emptyTally(): Tally {
  return {
    rows: 0,
    empty: 0,
    records: 0,
    assessed: 0,
    notAssessed: {},
    flagged: 0,
    unqualified: 0,
    risks: {},
    stages: { keywordOnly: 0, classifierOnly: 0, both: 0, neither: 0 },
    textBytes: 0,
    distinct: new DistinctSketch(),
    ids: new IdSketch(),
  };
}

/** Adds the counts of `more` to `tally`. */
export function addTally(tally: Tally, more: Tally): void {
  for (const field of ["rows", "empty", "records", "assessed", "flagged", "unqualified", "textBytes"] as const) {
    tally[field] += more[field];
  }
  addCounts(tally.notAssessed, more.notAssessed);
  addCounts(tally.risks, more.risks);
  for (const stage of Object.keys(tally.stages) as (keyof StageCounts)[]) tally.stages[stage] += more.stages[stage];
  tally.distinct.add(more.distinct);
  tally.ids.add(more.ids);
}

/** Adds `count` records that were not read for `reason`. */
export function addUnread(tally: Tally, reason: Reason, count: number): void {
  tally.rows += count;
  tally.records += count;
  if (count > 0) tally.notAssessed[reason] = (tally.notAssessed[reason] ?? 0) + count;
}

/**
 * The first identity that the counts break, in words; null when they add up. Counts that do not are a fault of
 * corpusgate, never of the corpus.
 */
export function brokenIdentity(tally: Tally): string | null {
  const { rows, empty, records, assessed, flagged, unqualified, stages } = tally;
  const notAssessed = sum(tally.notAssessed);
  const outcomes = stages.keywordOnly + stages.classifierOnly + stages.both + stages.neither;
  const identities: [string, boolean][] = [
    [`rows = empty + records: ${rows} is not ${empty} + ${records}`, rows === empty + records],
    [
      `records = assessed + not assessed: ${records} is not ${assessed} + ${notAssessed}`,
      records === assessed + notAssessed,
    ],
    [`assessed = stage outcomes: ${assessed} is not ${outcomes}`, assessed === outcomes],
    [
      `flagged ≤ unqualified ≤ assessed: ${flagged}, ${unqualified}, ${assessed}`,
      flagged <= unqualified && unqualified <= assessed,
    ],
  ];
  return identities.find(([, holds]) => !holds)?.[0] ?? null;
}

function addCounts(counts: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) counts[name] = (counts[name] ?? 0) + count;
}

/** Sum of all counts. */
export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
