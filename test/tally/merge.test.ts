/** From shards to sources: what counts of a damaged, missing or foreign file, and who owns what cannot be counted. */
import { describe, expect, it } from "vitest";
import { mergeTallies } from "../../src/tally/merge.ts";
import { counts, planOf, shardTally } from "./fixtures.ts";

const damage = { reason: "file-damaged", detail: "damaged at byte 5" };
const merge = (plan: ReturnType<typeof planOf>, tallies: ReturnType<typeof shardTally>[] = []) =>
  mergeTallies(plan, new Map(tallies.map((tally) => [tally.shard, tally])));

/** Rows, assessed and not assessed, and the files that cannot be counted, by source. */
const shown = ({ sources }: ReturnType<typeof mergeTallies>) =>
  sources.map(({ id, tally, uncounted }) => [
    ...[id, tally.rows, tally.assessed, tally.notAssessed],
    uncounted.map(({ path, status }) => `${path}: ${status}`),
  ]);

const died = { reason: "worker-died", detail: "bytes 0 to 5: it failed twice" };

describe("mergeTallies", () => {
  it("counts what is left of a file of which a shard was given up, and the rows that its blocks say", () => {
    const plan = planOf([{ shards: ["a", "b", "c"], format: "parquet", rows: 25 }]);
    const shards = plan.shards.map((shard) => ({ ...shard, rows: shard.id === "b" ? 15 : 10 }));
    const merged = merge({ ...plan, shards }, [
      ...[shardTally("a", { s: counts }), shardTally("b", {}, died), shardTally("c", { s: counts })],
    ]);
    expect(shown(merged)).toEqual([["s", 35, 14, { "invalid-json": 4, "worker-died": 15 }, []]]);
    expect(merged.files[0]).toMatchObject({ status: "worker-died", reason: died.detail, counted: true });
    expect([...merged.givenUp]).toEqual(["b"]);
  });

  it("cannot decide a source where nobody knows how many rows were given up, or whose they are", () => {
    const lines = planOf([{ shards: ["a", "b"] }]);
    expect(shown(merge(lines, [shardTally("a", { s: counts }), shardTally("b", {}, died)]))).toEqual([
      ["s", 10, 7, { "invalid-json": 2 }, ["f0: worker-died"]],
    ]);
    const plan = planOf([{ shards: ["a", "b"], source: null, format: "parquet", rows: 25 }]);
    const byColumn = { ...plan, shards: plan.shards.map((shard) => ({ ...shard, rows: 10 })) };
    expect(shown(merge(byColumn, [shardTally("a", { x: counts }), shardTally("b", {}, died)]))).toEqual([
      ["unregistered", 0, 0, {}, ["f0: worker-died"]],
      ["x", 10, 7, { "invalid-json": 2 }, ["f0: worker-died"]],
    ]);
  });

  it("believes damage before it believes that a worker ended", () => {
    const plan = planOf([{ shards: ["a", "b", "c"], format: "parquet", rows: 25 }]);
    const tallies = [shardTally("a", {}, died), shardTally("b", {}, damage), shardTally("c", {}, died)];
    expect(shown(merge(plan, tallies))).toEqual([["s", 25, 0, { "file-damaged": 25 }, []]]);
  });

  it("leaves the tallies as they are", () => {
    const tallies = new Map(["a", "b"].map((id) => [id, shardTally(id, { s: counts })]));
    const plan = planOf([{ shards: ["a", "b"] }]);
    expect(shown(mergeTallies(plan, tallies))).toEqual(shown(mergeTallies(plan, tallies)));
  });

  it("adds the shards of a source over all its files, and keeps the order of the register", () => {
    const plan = planOf(
      [{ shards: ["a", "b"] }, { shards: ["c"], source: "r" }, { shards: ["d"] }],
      ["s", "r", "none"],
    );
    const tallies = ["d", "c", "b", "a"].map((id) => shardTally(id, { [id === "c" ? "r" : "s"]: counts }));
    expect(shown(merge(plan, tallies))).toEqual([
      ["s", 30, 21, { "invalid-json": 6 }, []],
      ["r", 10, 7, { "invalid-json": 2 }, []],
      ["none", 0, 0, {}, []],
    ]);
  });

  it("refuses a shard without a tally, and does not look at tallies of no shard", () => {
    expect(() => merge(planOf([{ shards: ["a", "b"] }]), [shardTally("a", { s: counts })])).toThrow(
      "shard b has no tally",
    );
    const plan = planOf([{ shards: ["a"] }]);
    expect(shown(merge(plan, [shardTally("a", { s: counts }), shardTally("x", { s: counts })]))).toEqual([
      ["s", 10, 7, { "invalid-json": 2 }, []],
    ]);
  });

  it("counts the one record of a damaged text", () => {
    for (const format of ["text", "text.gz", "text.zst"]) {
      const plan = planOf([{ shards: ["a"], format, rows: 1 }]);
      expect(shown(merge(plan, [shardTally("a", {}, damage)]))).toEqual([["s", 1, 0, { "file-damaged": 1 }, []]]);
    }
  });

  it.each(["arrow-file", "arrow-stream", "parquet"])("counts no record of %s with damage anywhere", (format) => {
    const plan = planOf([{ shards: ["a", "b"], format, rows: 25 }]);
    const merged = merge(plan, [shardTally("a", { s: counts }), shardTally("b", {}, damage)]);
    expect(shown(merged)).toEqual([["s", 25, 0, { "file-damaged": 25 }, []]]);
    expect(merged.files[0]).toMatchObject({ status: "file-damaged", reason: "damaged at byte 5", counted: false });
  });

  it("cannot decide a source where the damage hides how many rows there are", () => {
    const plan = planOf([{ shards: ["a"], format: "arrow-stream" }]);
    expect(shown(merge(plan, [shardTally("a", { s: counts }, damage)]))).toEqual([
      ["s", 0, 0, {}, ["f0: file-damaged"]],
    ]);
  });

  it.each([
    "jsonl",
    "jsonl.gz",
    "jsonl.zst",
    "warc",
    "warc.gz",
    "warc.zst",
  ])("counts the records of %s before the damage, and cannot decide", (format) => {
    const plan = planOf([{ shards: ["a"], format }]);
    const merged = merge(plan, [shardTally("a", { s: counts }, damage)]);
    expect(shown(merged)).toEqual([["s", 10, 7, { "invalid-json": 2 }, ["f0: file-damaged"]]]);
    expect(merged.files[0]).toMatchObject({ status: "file-damaged", counted: true });
  });

  it.each([
    "missing",
    "unreadable",
    "unknown-format",
    "file-damaged",
  ] as const)("cannot decide a source with a file that is %s", (code) => {
    const plan = planOf([{ shards: ["a"] }, { problem: { code, detail: "why" } }]);
    expect(shown(merge(plan, [shardTally("a", { s: counts })]))).toEqual([
      ["s", 10, 7, { "invalid-json": 2 }, [`f1: ${code}`]],
    ]);
  });

  it("counts a file of another modality as one record that is not assessed", () => {
    const plan = planOf([{ rows: 1, problem: { code: "modality", detail: "image is not scanned" } }]);
    expect(shown(merge(plan))).toEqual([["s", 1, 0, { modality: 1 }, []]]);
  });

  it("makes sources of a column's values, by name, and lets a lost file weigh on each that it may have held", () => {
    const plan = planOf([
      { source: null, shards: ["a"] },
      { source: null, shards: ["b"] },
      { source: null, problem: { code: "missing", detail: "no such file" } },
    ]);
    const merged = merge(plan, [
      shardTally("a", { z: counts, b: counts }),
      shardTally("b", { b: counts, unregistered: counts }, { ...damage, reason: "unreadable" }),
    ]);
    expect(shown(merged)).toEqual([
      ["b", 20, 14, { "invalid-json": 4 }, ["f1: unreadable"]],
      ["unregistered", 10, 7, { "invalid-json": 2 }, ["f1: unreadable", "f2: missing"]],
      ["z", 10, 7, { "invalid-json": 2 }, []],
    ]);
  });
});
