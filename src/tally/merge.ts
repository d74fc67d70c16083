/** From the tallies of all shards to the counts of sources and the states of files. Pure: values in, values out. */
import type { Plan, PlanFile } from "../corpus/plan.ts";
import { isText, unregistered } from "../corpus/register.ts";
import type { ShardTally } from "./shard-tally.ts";
import { addTally, addUnread, emptyTally, type Tally } from "./tally.ts";

/** What is known of one file after the scan. */
export interface FileState {
  readonly file: PlanFile;
  readonly status: "scanned" | "missing" | "unreadable" | "unknown-format" | "file-damaged" | "modality";
  readonly reason: string | null;
  /** Whether what was read of it counts: all of a whole file, the lines before the damage, nothing else. */
  readonly counted: boolean;
}

/** The counts of one source. */
export interface SourceCounts {
  readonly id: string;
  readonly tally: Tally;
  /** Files whose rows cannot be counted, with the reason: the source cannot be decided. */
  readonly uncounted: readonly { readonly path: string; readonly status: FileState["status"] }[];
}

/** The counts of a corpus. */
export interface Merged {
  /** In the order of the register; sources that a column names after it, by name. */
  readonly sources: readonly SourceCounts[];
  readonly files: readonly FileState[];
}

/**
 * Whether damage anywhere makes the whole file worthless: of columns, and of a text that is one record. Of lines and of
 * WARC records those before the damage count.
 */
function isSpoiledWhole(format: string | null): boolean {
  return format === "arrow-file" || format === "arrow-stream" || format === "parquet" || isText(format);
}

/**
 * Adds up the tallies of exactly the plan's shards.
 *
 * @param tallies - one per shard of the plan, by shard id
 * @throws RangeError when a shard has no tally
 */
export function mergeTallies(plan: Plan, tallies: ReadonlyMap<string, ShardTally>): Merged {
  const sources = new Map<string, { tally: Tally; uncounted: { path: string; status: FileState["status"] }[] }>();
  const sourceOf = (id: string) => {
    let counts = sources.get(id);
    if (counts === undefined) {
      counts = { tally: emptyTally(), uncounted: [] };
      sources.set(id, counts);
    }
    return counts;
  };
  const byColumn = plan.files.some((file) => file.source === null);
  if (!byColumn) for (const { id } of plan.sources) sourceOf(id);
  const shardsOf = new Map<number, ShardTally[]>();
  for (const shard of plan.shards) {
    const tally = tallies.get(shard.id);
    if (tally === undefined) throw new RangeError(`shard ${shard.id} has no tally`);
    shardsOf.set(shard.file, [...(shardsOf.get(shard.file) ?? []), tally]);
  }
  const files = plan.files.map((file, index): FileState => {
    const shards = shardsOf.get(index) ?? [];
    const damage = shards.find((shard) => shard.result.damage !== null)?.result.damage ?? null;
    const state = stateOf(file, damage);
    if (state.counted) {
      for (const shard of shards) {
        for (const [id, tally] of Object.entries(shard.result.sources)) addTally(sourceOf(id).tally, tally);
      }
    }
    if (state.status === "scanned") return state;
    // A file that a column splits into sources may have held records of any of them.
    const owners =
      file.source !== null
        ? [file.source]
        : [unregistered, ...shards.flatMap((shard) => Object.keys(shard.result.sources))];
    if (state.status === "modality") {
      for (const owner of owners) addUnread(sourceOf(owner).tally, "modality", 1);
    } else if (
      (state.status === "file-damaged" || state.status === "unreadable") &&
      file.rows !== null &&
      !state.counted
    ) {
      addUnread(sourceOf(owners[0] as string).tally, state.status, file.rows);
    } else {
      for (const owner of new Set(owners)) sourceOf(owner).uncounted.push({ path: file.path, status: state.status });
    }
    return state;
  });
  const order = byColumn ? [...sources.keys()].toSorted((a, b) => (a < b ? -1 : 1)) : [...sources.keys()];
  return { sources: order.map((id) => ({ id, ...sourceOf(id) })), files };
}

function stateOf(file: PlanFile, damage: ShardTally["result"]["damage"]): FileState {
  if (file.problem !== null) {
    return { file, status: file.problem.code, reason: file.problem.detail, counted: false };
  }
  if (damage === null) return { file, status: "scanned", reason: null, counted: true };
  return { file, status: damage.reason, reason: damage.detail, counted: !isSpoiledWhole(file.format) };
}
