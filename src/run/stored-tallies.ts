/** The tallies of a run folder: read where they are needed, one at a time, because a corpus has any number of shards. */
import type { Plan, Shard } from "../corpus/plan.ts";
import type { Tallies } from "../tally/merge.ts";
import type { ShardTally } from "../tally/shard-tally.ts";
import type { RunFolder } from "./folder.ts";

/** Tallies by shard id. */
export class StoredTallies implements Tallies {
  readonly #folder: RunFolder;
  readonly #plan: Plan;
  readonly #shards: ReadonlyMap<string, Shard>;
  readonly #sources = new Map<string, readonly string[]>();

  constructor(folder: RunFolder, plan: Plan) {
    this.#folder = folder;
    this.#plan = plan;
    this.#shards = new Map(plan.shards.map((shard) => [shard.id, shard]));
  }

  get(id: string): ShardTally | undefined {
    const shard = this.#shards.get(id);
    const tally = shard === undefined ? undefined : (this.#folder.finished(shard, this.#plan) ?? undefined);
    if (tally !== undefined) this.#sources.set(id, Object.keys(tally.result.sources));
    return tally;
  }

  /** Sources that a shard has records of, once its tally was read. */
  sourcesOf(id: string): readonly string[] {
    return this.#sources.get(id) ?? [];
  }
}
