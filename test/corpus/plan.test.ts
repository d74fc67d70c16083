/** The plan: what enters its digests and what does not, and shards that tile every file. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Addon, Inspection } from "../../src/addon/addon.ts";
import { type PlanInputs, planScan } from "../../src/corpus/plan.ts";
import { corpusSchema } from "../../src/corpus/register.ts";

const base = mkdtempSync(join(tmpdir(), "corpusgate-plan-"));
afterAll(() => rmSync(base, { recursive: true }));
mkdirSync(join(base, "data"));
for (const name of ["a.jsonl", "b.jsonl", "c.arrow"]) writeFileSync(join(base, "data", name), "x".repeat(1000));

/** What the addon finds in a file, without files: lines, or five blocks of unequal length. */
function inspect(changes: Partial<Inspection> = {}): Addon {
  const inspectFile = (path: string): Inspection => {
    const isLines = path.endsWith(".jsonl");
    const lengths = isLines ? [1000] : [100, 300, 50, 500, 50];
    return {
      ...{
        error: null,
        format: isLines ? "jsonl" : "arrow-file",
        size: 1000,
        modifiedNs: "17",
        head: "aa",
        foot: "bb",
      },
      ...{ rows: isLines ? null : 50, splittable: isLines, damage: null },
      blocks: lengths.map((length) => ({ length, rows: 10 })),
      columns: { text: "text", id: null, source: null },
      ...changes,
    };
  };
  return { inspectFile } as unknown as Addon;
}

const sources = [
  { id: "lines", files: ["data/*.jsonl"] },
  { id: "blocks", files: ["data/c.arrow"] },
];
const inputs: PlanInputs = {
  ...{ corpus: corpusSchema.parse({ version: 1, sources }), base, phase: "post", sourceColumn: null, sample: null },
  ...{ libraryDigest: "l", policyDigest: "p", modelDigests: ["m"], stages: ["keyword"], nonce: null, shardBytes: 250 },
};
const plan = planScan(inspect(), inputs);
const planWith = (changes: Partial<PlanInputs>, file: Partial<Inspection> = {}) =>
  planScan(inspect(file), { ...inputs, ...changes });
const corpusWith = (changes: object) =>
  corpusSchema.parse({ version: 1, sources: [{ ...sources[0], ...changes }, sources[1]] });

describe("digests of a plan", () => {
  it.each([
    ["the size of shards", planWith({ shardBytes: 7 })],
    ["where the corpus lies", planScan(inspect(), { ...inputs, base: join(base, ".", "data", "..") })],
    ["when a file was written", planWith({}, { modifiedNs: "18" })],
    ["the order of sources", planWith({ corpus: corpusSchema.parse({ version: 1, sources: sources.toReversed() }) })],
    ["who a source is licensed by", planWith({ corpus: corpusWith({ licence: "MIT", language: "zh" }) })],
  ])("do not see %s", (name, other) => {
    expect(other.seed).toBe(plan.seed);
    if (name !== "the order of sources") expect(other.planDigest).toBe(plan.planDigest);
  });

  it.each<[string, Partial<PlanInputs>, Partial<Inspection>?]>([
    ["the phase", { phase: "final" }],
    ["the library", { libraryDigest: "l2" }],
    ["the policy", { policyDigest: "p2" }],
    ["the models", { modelDigests: [] }],
    ["the nonce", { nonce: "00" }],
    ["the start of a file", {}, { head: "ab" }],
    ["the end of a file", {}, { foot: "ba" }],
    ["the size of a file", {}, { size: 1001 }],
    ["which files there are", { corpus: corpusWith({ files: ["data/a.jsonl"] }) }],
  ])("see %s, in the seed too", (_, changes, file) => {
    const other = planWith(changes, file);
    expect(other.seed).not.toBe(plan.seed);
    expect(other.planDigest).not.toBe(plan.planDigest);
  });

  it.each<[string, Partial<PlanInputs>, Partial<Inspection>?]>([
    ["the stages", { stages: ["keyword", "fast"] }],
    ["how many records are assessed", { sample: 100 }],
    ["what a source is called", { corpus: corpusWith({ id: "other" }) }],
    ["whether it is used for training", { corpus: corpusWith({ usedForTraining: false }) }],
    ["its encoding", { corpus: corpusWith({ encoding: "gb18030" }) }],
    ["which columns are checked", { corpus: corpusWith({ validate: "projected" }) }],
    ["the columns", {}, { columns: { text: "body", id: null, source: null } }],
  ])("see %s, which changes no draw", (_, changes, file) => {
    const other = planWith(changes, file);
    expect(other.seed).toBe(plan.seed);
    expect(other.planDigest).not.toBe(plan.planDigest);
  });
});

describe("shards", () => {
  it.each([1, 7, 100, 250, 333, 999, 1000, 1e9])("of %d bytes tile every file", (shardBytes) => {
    const { files, shards } = planWith({ shardBytes });
    expect(new Set(shards.map(({ id }) => id)).size).toBe(shards.length);
    files.forEach((file, at) => {
      const own = shards.filter((shard) => shard.file === at);
      const end = file.format === "jsonl" ? 1000 : 5;
      expect(own[0]?.range.start).toBe(0);
      expect(own.at(-1)?.range.end).toBe(end);
      own.slice(1).forEach((shard, before) => {
        expect(shard.range.start).toBe(own[before]?.range.end);
      });
      expect(own.every(({ range }) => range.start < range.end)).toBe(true);
      expect(own.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(1000);
    });
  });

  it("are named by what they are, not by their place in a list", () => {
    const alone = planWith({ corpus: corpusSchema.parse({ version: 1, sources: [sources[1]] }) });
    const ids = plan.shards.filter(({ file }) => plan.files[file]?.path === "data/c.arrow").map(({ id }) => id);
    expect(alone.shards.map(({ id }) => id)).toEqual(ids);
  });

  it("of an empty file are none or one, and of a broken one none", () => {
    expect(planWith({}, { blocks: [], splittable: false }).shards).toEqual([]);
    expect(planWith({}, { damage: { code: "file-damaged", message: "x" } }).shards).toEqual([]);
    const unread = planWith({}, { error: { code: "unreadable", message: "why" } });
    expect(unread.files.map(({ problem }) => problem)).toEqual(Array(3).fill({ code: "unreadable", detail: "why" }));
  });
});

describe("files", () => {
  it("that a column names the sources of have none, but texts, which have no columns", () => {
    const sourcesOf = (format: string) =>
      planWith({ sourceColumn: "site" }, { format }).files.map(({ source }) => source);
    expect(sourcesOf("jsonl")).toEqual([null, null, null]);
    expect(sourcesOf("warc.gz")).toEqual([null, null, null]);
    for (const format of ["text", "text.gz", "text.zst"]) {
      expect(sourcesOf(format)).toEqual(["lines", "lines", "blocks"]);
    }
  });

  it("that are asked for in a way that cannot be are refused", () => {
    expect(() => planWith({}, { error: { code: "usage", message: "no column x" } })).toThrow("no column x");
  });

  it("may be named twice by one source and belong to it once", () => {
    const twice = planWith({ corpus: corpusWith({ files: ["data/a.jsonl", "data/*.jsonl", "./data/a.jsonl"] }) });
    expect(twice.files.map(({ path }) => path)).toEqual(["data/a.jsonl", "data/b.jsonl", "data/c.arrow"]);
    expect(() => planWith({ corpus: corpusWith({ files: ["data/*"] }) })).toThrow(
      'data/c.arrow belongs to two sources, "lines" and "blocks"',
    );
  });

  it("that are not there stand in the plan", () => {
    const lost = planWith({ corpus: corpusWith({ files: ["gone.jsonl", "part-*"] }) });
    expect(lost.files.map(({ path, problem }) => [path, problem?.code])).toEqual([
      ["gone.jsonl", "missing"],
      ["part-*", "missing"],
      ["data/c.arrow", undefined],
    ]);
  });
});
