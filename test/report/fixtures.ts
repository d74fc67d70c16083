/** Reports for the tests of `src/report`, built so that their counts add up. */
import type { Counts, Report, SourceReport } from "../../src/report/report.ts";

/** What a test says of a source; the rest follows. */
export interface SourceSpec {
  readonly id: string;
  readonly assessed: number;
  readonly flagged: number;
  readonly notAssessed?: Counts["notAssessed"];
  readonly empty?: number;
  readonly risks?: Record<string, number>;
  readonly more?: Partial<SourceReport>;
}

/** A source whose gate follows 5.1 a literally. */
export function source({ id, assessed, flagged, notAssessed = {}, empty = 0, risks, more }: SourceSpec): SourceReport {
  const open = Object.values(notAssessed).reduce((total, count) => total + count, 0);
  const records = assessed + open;
  const share = assessed === 0 ? null : flagged / assessed;
  const result = share === null ? "not-decided" : flagged * 20 > assessed ? "fail" : "pass";
  const verdict = share === null || share <= 0.05 ? "shown" : "exceeded";
  const sampled = share !== null && open > 0;
  return {
    id,
    kind: "web",
    language: "zh",
    licence: "CC-BY-4.0",
    usedForTraining: true,
    rows: records + empty,
    empty,
    records,
    assessed,
    notAssessed,
    flagged,
    unqualified: flagged,
    risks: risks ?? (flagged > 0 ? { A1f: flagged } : {}),
    stages: { keywordOnly: 0, classifierOnly: 0, both: flagged, neither: assessed - flagged },
    textBytes: records * 600,
    distinctEstimate: records,
    share,
    gate: {
      clause: "5.1a-2",
      result,
      reasons: result === "pass" ? [] : [result === "fail" ? "over-limit" : "nothing-assessed"],
    },
    interval:
      share === null
        ? null
        : sampled
          ? {
              method: "clopper-pearson",
              conf: 0.95,
              lower: share * 0.9,
              upper: Math.min(1, share * 1.1 + 0.001),
              verdict: "not-shown",
            }
          : { method: "census", conf: 0.95, lower: share, upper: share, verdict },
    duplicateIds: { count: 0, exact: true },
    warnings: [],
    ...more,
  } as SourceReport;
}

function totalsOf(sources: readonly SourceReport[]): Counts {
  const total = (
    field: "rows" | "empty" | "records" | "assessed" | "flagged" | "unqualified" | "textBytes" | "distinctEstimate",
  ) => sources.reduce((sum, source) => sum + source[field], 0);
  const merge = (maps: readonly Partial<Record<string, number>>[]) => {
    const merged: Record<string, number> = {};
    for (const [name, count] of maps.flatMap((map) => Object.entries(map)))
      merged[name] = (merged[name] ?? 0) + (count ?? 0);
    return merged;
  };
  return {
    rows: total("rows"),
    empty: total("empty"),
    records: total("records"),
    assessed: total("assessed"),
    notAssessed: merge(sources.map((source) => source.notAssessed)),
    flagged: total("flagged"),
    unqualified: total("unqualified"),
    risks: merge(sources.map((source) => source.risks)),
    stages: {
      keywordOnly: 0,
      classifierOnly: 0,
      both: 0,
      neither: 0,
      ...merge(sources.map((source) => ({ ...source.stages }))),
    },
    textBytes: total("textBytes"),
    distinctEstimate: total("distinctEstimate"),
  };
}

/** A report over sources; the result and the technical check follow from them. */
export function report(specs: readonly SourceSpec[], more: Partial<Report> = {}): Report {
  const sources = specs.map(source);
  const totals = totalsOf(sources);
  const results = sources.map((one) => one.gate.result);
  const qualified = totals.assessed - totals.unqualified;
  const technical = totals.assessed === 0 ? "not-decided" : qualified * 100 >= 98 * totals.assessed ? "pass" : "fail";
  const all = [...results, technical];
  const result = all.includes("fail") ? "fail" : all.includes("not-decided") ? "not-decided" : "pass";
  const failed = sources.filter((one) => one.gate.result === "fail").map(({ id }) => id);
  return {
    schema: "corpusgate.report/1",
    phase: "post",
    profile: "tc260-003",
    planDigest: "7d".repeat(32),
    seed: "3c".repeat(32),
    nonce: null,
    result,
    exitCode: result === "pass" ? 0 : result === "fail" ? 1 : 2,
    reasons: failed.length === 0 ? [] : [`5.1a-2 fail: ${failed.join(", ")}`],
    stagesRun: ["keyword", "fast", "model"],
    totals,
    sources,
    technicalSample: {
      algorithm: "sha256-k-smallest/1",
      population: totals.records,
      required: Math.ceil(totals.records / 10),
      drawn: Math.ceil(totals.records / 10),
      assessed: totals.assessed,
      qualified,
      over: totals.assessed === totals.records ? "all" : "sample",
      result: technical,
      reasons: technical === "fail" ? ["too-few-qualified"] : technical === "pass" ? [] : ["nothing-assessed"],
    },
    manualSample: {
      algorithm: "sha256-k-smallest/1",
      required: Math.min(4000, totals.records),
      drawn: Math.min(4000, totals.records),
    },
    library: {
      name: "example",
      version: "2025.11",
      digest: "a1".repeat(32),
      entries: 10_234,
      bySeverity: { block: 2034, review: 8000, info: 200 },
    },
    policy: { digest: "b2".repeat(32), profile: "tc260-003" },
    models: [{ id: "fast-zh", digest: "c3".repeat(32), provider: "native", risks: ["A1d", "A1f", "A2a", "A4a"] }],
    files: sources.map((one) => ({
      path: `data/${one.id}.jsonl`,
      source: one.id,
      status: "scanned" as const,
      reason: null,
      format: "jsonl",
      bytes: one.textBytes,
    })),
    ...more,
  };
}

/** A report as a scan of eight sources gives it, with one of each trouble. */
export function mixedReport(): Report {
  const made = report([
    { id: "wiki-zh", assessed: 1_204_311, flagged: 312, empty: 41, risks: { A1b: 40, A1f: 212, A2d: 66, A4e: 9 } },
    {
      id: "forum-posts-2024",
      assessed: 80_400,
      flagged: 5_226,
      notAssessed: { "invalid-utf8": 132, "too-long": 4 },
      risks: { A1d: 310, A1f: 3_301, A2a: 802, A2d: 412, A2e: 1_204, A4a: 88, A4c: 611, A4f: 93 },
      more: {
        warnings: ["136 records could not be read and have no verdict"],
        duplicateIds: { count: 12, exact: true },
      },
    },
    { id: "国内新闻-人民-2023", assessed: 230_000, flagged: 11_499, risks: { A1g: 9_000, A2e: 2_400, A4c: 300 } },
    { id: "statutes", assessed: 18_220, flagged: 0, more: { kind: "government", licence: "public domain" } },
    {
      id: "partner/crawl/sample-of-very-long-name-that-nobody-would-type-by-hand-v2-final",
      assessed: 1_000,
      flagged: 47,
      notAssessed: { "stage-missing": 9_000 },
      risks: { A1f: 30, A2b: 12, A2g: 5, A3a: 3, A5a: 9 },
      more: { kind: "commercial", language: "en", licence: null },
    },
    { id: "images", assessed: 0, flagged: 0, notAssessed: { modality: 5_000 }, more: { kind: "web", language: null } },
    {
      id: "adult-sites",
      assessed: 4_000,
      flagged: 1_880,
      risks: { A1f: 1_850, A4e: 60 },
      more: {
        usedForTraining: false,
        gate: { clause: "5.1a-2", result: "pass", reasons: ["over-limit", "not-used-for-training"] },
      },
    },
    {
      id: "scanned-books",
      assessed: 9_000,
      flagged: 90,
      notAssessed: { "file-damaged": 1_000 },
      risks: { A1e: 40, A2h: 20, A4d: 30, A3d: 11 },
      more: { gate: { clause: "5.1a-2", result: "not-decided", reasons: ["rows-not-countable"] } },
    },
  ]);
  return {
    ...made,
    reasons: ["5.1a-2 fail: forum-posts-2024", "5.1a-2 not decided: images, scanned-books"],
    files: [
      ...made.files,
      {
        path: "data/books/part-0007.parquet",
        source: "scanned-books",
        status: "file-damaged",
        reason: "page 3 of row group 2: 4,096 bytes declared, 1,020 left",
        format: "parquet",
        bytes: 7_340_032,
      },
      {
        path: "data/images.tar",
        source: "images",
        status: "modality",
        reason: "images",
        format: "tar",
        bytes: 912_000_000,
      },
    ],
  };
}
