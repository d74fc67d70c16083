/** `report.json`: the decision with every number that it rests on. The same corpus gives the same bytes. */
import type { Interval } from "../gate/gate.ts";
import type { Severity } from "../library/library.ts";
import type { Phase, ProfileId } from "../standard/profiles.ts";
import type { RepeatedIds } from "../tally/sketches.ts";
import type { Reason, StageCounts } from "../tally/tally.ts";

/** Every decision is one of these; what is open is never a pass. */
export type Result = "pass" | "fail" | "not-decided";

/** Counts of a source or of all. `rows = empty + records`; `records = assessed + Σ notAssessed`. */
export interface Counts {
  readonly rows: number;
  readonly empty: number;
  readonly records: number;
  readonly assessed: number;
  /** Records without a verdict by reason; reasons without records are left out. */
  readonly notAssessed: Partial<Record<Reason, number>>;
  readonly flagged: number;
  readonly unqualified: number;
  /** Assessed records per risk; risks without records are left out. */
  readonly risks: Readonly<Record<string, number>>;
  readonly stages: StageCounts;
  /** Bytes of text of the records, UTF-8. */
  readonly textBytes: number;
  /** HyperLogLog estimate of the distinct texts. */
  readonly distinctEstimate: number;
}

/** One source. */
export interface SourceReport extends Counts {
  readonly id: string;
  readonly kind: string | null;
  readonly language: string | null;
  readonly licence: string | null;
  readonly usedForTraining: boolean;
  /** flagged / assessed; null when nothing was assessed. */
  readonly share: number | null;
  readonly gate: { readonly clause: string; readonly result: Result; readonly reasons: readonly string[] };
  readonly interval: Interval | null;
  readonly duplicateIds: RepeatedIds;
  readonly warnings: readonly string[];
}

/** The technical check of 9.2 b. */
export interface TechnicalSample {
  readonly algorithm: string;
  /** Records of the sources that are used for training. */
  readonly population: number;
  /** Least number of assessed records: ⌈population / 10⌉. */
  readonly required: number;
  /** Records drawn, per source ⌈N / 10⌉. */
  readonly drawn: number;
  readonly assessed: number;
  readonly qualified: number;
  /** `all` when every drawn record and every other readable one was assessed, else `sample`. */
  readonly over: "all" | "sample";
  readonly result: Result;
  readonly reasons: readonly string[];
}

/** A file of the corpus. */
export interface FileReport {
  readonly path: string;
  readonly source: string | null;
  /** `scanned`, or why its rows are not assessed. */
  readonly status:
    | "scanned"
    | "missing"
    | "unreadable"
    | "unknown-format"
    | "file-damaged"
    | "modality"
    | "worker-died";
  readonly reason: string | null;
  readonly format: string | null;
  readonly bytes: number;
}

/** What `report.json` holds. */
export interface Report {
  readonly schema: "corpusgate.report/1";
  readonly phase: Phase;
  readonly profile: ProfileId;
  readonly planDigest: string;
  readonly seed: string;
  readonly nonce: string | null;
  readonly result: Result;
  readonly exitCode: 0 | 1 | 2;
  /** Why the result is not `pass`, in words. */
  readonly reasons: readonly string[];
  readonly stagesRun: readonly string[];
  readonly totals: Counts;
  readonly sources: readonly SourceReport[];
  readonly technicalSample: TechnicalSample;
  readonly manualSample: { readonly algorithm: string; readonly required: number; readonly drawn: number };
  readonly library: {
    readonly name: string;
    readonly version: string;
    readonly digest: string;
    readonly entries: number;
    readonly bySeverity: Readonly<Record<Severity, number>>;
  };
  readonly policy: { readonly digest: string; readonly profile: ProfileId };
  readonly models: readonly {
    readonly id: string;
    readonly digest: string;
    /** What executed the model. */
    readonly provider: string;
    /** Risks that the model was trained on. */
    readonly risks: readonly string[];
  }[];
  readonly files: readonly FileReport[];
}

/** The report as text: keys sorted, two spaces, a newline at the end. */
export function reportText(report: Report): string {
  return `${JSON.stringify(sortKeys(report), null, 2)}\n`;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sortKeys(inner)]),
  );
}
