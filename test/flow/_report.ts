/** What holds for every report, whatever was scanned: the identities of the counts, and nothing of the machine. */
import { hostname } from "node:os";
import { expect } from "vitest";
import type { Counts, Report } from "../../src/report/report.ts";

const reasons = [
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
];

const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((total, n) => total + n, 0);

/** Asserts the identities of the counts, the gates that follow from them, and the form of `report.json`. */
export function expectSound(text: string): Report {
  const report = JSON.parse(text) as Report;
  for (const source of report.sources) expectCounts(source, source.id);
  expectCounts(report.totals, "totals");
  for (const field of ["rows", "empty", "records", "assessed", "flagged", "unqualified", "textBytes"] as const) {
    const total = report.sources.reduce((all, source) => all + source[field], 0);
    expect(report.totals[field], `totals.${field}`).toBe(total);
  }
  for (const kind of ["notAssessed", "risks", "stages"] as const) {
    const totals: Record<string, number> = {};
    for (const source of report.sources) {
      for (const [name, n] of Object.entries(source[kind])) totals[name] = (totals[name] ?? 0) + n;
    }
    expect(report.totals[kind], `totals.${kind}`).toEqual(kind === "stages" ? { ...noStages, ...totals } : totals);
  }
  for (const source of report.sources) {
    const { assessed, flagged, share, gate, id } = source;
    expect(share, `${id}: share`).toBe(assessed === 0 ? null : flagged / assessed);
    // 5.1 a in integers: over 5 % is over one in twenty.
    if (gate.result === "pass" && source.usedForTraining) {
      expect(assessed, `${id}: a pass needs records`).toBeGreaterThan(0);
      expect(flagged * 20, `${id}: a pass is at most 5 %`).toBeLessThanOrEqual(assessed);
    }
    if (gate.result !== "pass") expect(gate.reasons, `${id}: a reason`).not.toEqual([]);
    if (source.records === assessed && assessed > 0) expect(source.interval?.method, id).toBe("census");
  }
  const { technicalSample: technical } = report;
  if (technical.result === "pass") {
    expect(technical.assessed * 10).toBeGreaterThanOrEqual(technical.population);
    expect(technical.qualified * 100).toBeGreaterThanOrEqual(technical.assessed * 98);
  }
  const results = report.sources.map((source) => source.gate.result);
  if (report.phase !== "pre") results.push(technical.result);
  const result = results.includes("fail") ? "fail" : results.every((one) => one === "pass") ? "pass" : "not-decided";
  expect(report.result).toBe(result);
  expect(report.exitCode).toBe({ pass: 0, fail: 1, "not-decided": 2 }[result]);
  for (const file of report.files) expect(file.status === "scanned", file.path).toBe(file.reason === null);
  expectPlain(text);
  return report;
}

const noStages = { keywordOnly: 0, classifierOnly: 0, both: 0, neither: 0 };

function expectCounts(counts: Counts, where: string): void {
  const { rows, empty, records, assessed, notAssessed, flagged, unqualified, risks, stages } = counts;
  expect(rows, `${where}: rows = empty + records`).toBe(empty + records);
  expect(records, `${where}: records = assessed + not assessed`).toBe(assessed + sum(notAssessed));
  expect(sum({ ...stages }), `${where}: assessed = stage outcomes`).toBe(assessed);
  expect(flagged, `${where}: flagged ≤ unqualified`).toBeLessThanOrEqual(unqualified);
  expect(unqualified, `${where}: unqualified ≤ assessed`).toBeLessThanOrEqual(assessed);
  expect(reasons, `${where}: reasons`).toEqual(expect.arrayContaining(Object.keys(notAssessed)));
  for (const [risk, n] of Object.entries(risks)) {
    expect(n, `${where}: ${risk}`).toBeGreaterThan(0);
    expect(n, `${where}: ${risk}`).toBeLessThanOrEqual(assessed);
  }
  // Every unqualified record has a risk.
  expect(sum(risks), `${where}: risks`).toBeGreaterThanOrEqual(unqualified);
}

/** Keys are sorted, paths are relative, and neither the host nor a time of day is in it. */
function expectPlain(text: string): void {
  expect(text.endsWith("}\n")).toBe(true);
  expect(JSON.stringify(sorted(JSON.parse(text)), null, 2)).toBe(text.trimEnd());
  for (const { path } of (JSON.parse(text) as Report).files) {
    expect(path, "a relative path").not.toMatch(/^(\/|\\|[A-Za-z]:)/);
  }
  for (const secret of [process.cwd(), "/tmp/", hostname()]) expect(text.includes(secret), secret).toBe(false);
  expect(text).not.toMatch(/\d{4}-\d{2}-\d{2}T|\d{2}:\d{2}:\d{2}|workers|shardBytes|durationMs|hostname/);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
