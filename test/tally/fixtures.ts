/** Tallies and plans as values, for tests. */
import type { Plan, PlanFile } from "../../src/corpus/plan.ts";
import { sourceSchema } from "../../src/corpus/register.ts";
import { parseShardTally, type ShardTally } from "../../src/tally/shard-tally.ts";

export const planDigest = "ab".repeat(32);
export const rules = "12".repeat(32);

/** The counts of one source in a shard, as native code writes them. */
export const counts = {
  ...{ rows: 10, empty: 1, records: 9, assessed: 7, notAssessed: { "invalid-json": 2 } },
  ...{ flagged: 2, unqualified: 3, risks: { "0": 2, "30": 1 }, textBytes: 100, distinct: "s:", ids: "" },
  stages: { keywordOnly: 1, classifierOnly: 2, both: 0, neither: 4 },
};

export function tallyText(shard: string, sources: object, damage: object | null = null): string {
  const result = { sources, damage, places: [], evidenceRows: 0 };
  return JSON.stringify({ schema: "corpusgate.tally/1", planDigest, rules, shard, file: "f", result });
}

export function shardTally(shard: string, sources: object, damage: object | null = null): ShardTally {
  const tally = parseShardTally(tallyText(shard, sources, damage), planDigest, shard);
  if (tally === null) throw new Error(`not a tally: ${tallyText(shard, sources, damage)}`);
  return tally;
}

/** A plan of files, each with the ids of its shards. */
export function planOf(files: (Partial<PlanFile> & { shards?: string[] })[], sources = ["s"]): Plan {
  return {
    ...{ phase: "post", seed: "00", planDigest, rules, nonce: null },
    sources: sources.map((id) => sourceSchema.parse({ id, files: ["x"] })),
    files: files.map(({ shards: _, ...file }, at) => ({
      ...{ source: "s", path: `f${at}`, absolutePath: `/f${at}`, size: 1, modifiedNs: "0", head: "", foot: "" },
      ...{ format: "jsonl", encoding: "utf-8", validate: "full" },
      columns: { text: null, id: null, source: null },
      ...{ rows: null, problem: null },
      ...file,
    })),
    shards: files.flatMap(({ shards = [] }, file) =>
      shards.map((id) => ({ id, file, range: { unit: "bytes", start: 0, end: 1 } as const, bytes: 1, rows: null })),
    ),
  };
}
