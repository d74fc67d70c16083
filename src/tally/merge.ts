/** From the tallies of all shards to the counts of sources and the states of files. Pure: values in, values out. */
import type { Plan, PlanFile, Shard } from "../corpus/plan.ts";
import { isText, unregistered } from "../corpus/register.ts";
import type { ShardTally } from "./shard-tally.ts";
import { addTally, addUnread, emptyTally, type Tally } from "./tally.ts";

/** What is known of one file after the scan. */
export interface FileState {
  readonly file: PlanFile;
  readonly status:
    | "scanned"
    | "missing"
    | "unreadable"
    | "unknown-format"
    | "file-damaged"
    | "modality"
    | "worker-died";
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
  /** Ids of shards that were given up: they have no evidence. */
  readonly givenUp: ReadonlySet<string>;
}

/** Tallies by shard id: a map, or a folder that is read one at a time. */
export interface Tallies {
  get(shard: string): ShardTally | undefined;
}

/**
 * Whether damage anywhere makes the whole file worthless: of columns, and of a text that is one record. Of lines and of
 * WARC records those before the damage count.
 */
function isSpoiledWhole(format: string | null): boolean {
  return format === "arrow-file" || format === "arrow-stream" || format === "parquet" || isText(format);
}

/**
 * Adds up the tallies of exactly the plan's shards. Holds the counts of sources and one file, whatever the number of
 * shards.
 *
 * @param tallies - one per shard of the plan, each asked for once
 * @throws RangeError when a shard has no tally
 */
export function mergeTallies(plan: Plan, tallies: Tallies): Merged {
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
  const shardsOf = new Map<number, Shard[]>();
  for (const shard of plan.shards) {
    const ofFile = shardsOf.get(shard.file);
    if (ofFile === undefined) shardsOf.set(shard.file, [shard]);
    else ofFile.push(shard);
  }
  const givenUp = new Set<string>();
  const files = plan.files.map((file, index): FileState => {
    const { counts, damage, died } = addShards(shardsOf.get(index) ?? [], tallies);
    for (const { id } of died) givenUp.add(id);
    const state = stateOf(file, damage);
    if (state.counted) for (const [id, tally] of counts) addTally(sourceOf(id).tally, tally);
    if (state.status === "scanned") return state;
    // A file that a column splits into sources may have held records of any of them.
    const owners = file.source !== null ? [file.source] : [unregistered, ...counts.keys()];
    const rows = died.reduce<number | null>((sum, { rows }) => (sum === null || rows === null ? null : sum + rows), 0);
    if (state.status === "worker-died" && rows !== null && file.source !== null) {
      addUnread(sourceOf(file.source).tally, "worker-died", rows);
    } else if (state.status === "modality") {
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
  return { sources: order.map((id) => ({ id, ...sourceOf(id) })), files, givenUp };
}

type Damage = ShardTally["result"]["damage"];

/** The counts of the shards of one file, its damage, and the shards that were given up. */
function addShards(shards: readonly Shard[], tallies: Tallies) {
  const counts = new Map<string, Tally>();
  const died: Shard[] = [];
  let damage: Damage = null;
  for (const shard of shards) {
    const result = tallies.get(shard.id)?.result;
    if (result === undefined) throw new RangeError(`shard ${shard.id} has no tally`);
    if (result.damage?.reason === "worker-died") died.push(shard);
    // Damage of the file says more than that a worker ended.
    if (damage === null || damage.reason === "worker-died") damage = result.damage ?? damage;
    for (const [id, tally] of Object.entries(result.sources)) {
      const sum = counts.get(id) ?? emptyTally();
      addTally(sum, tally);
      counts.set(id, sum);
    }
  }
  return { counts, damage, died };
}

function stateOf(file: PlanFile, damage: Damage): FileState {
  if (file.problem !== null) {
    return { file, status: file.problem.code, reason: file.problem.detail, counted: false };
  }
  if (damage === null) return { file, status: "scanned", reason: null, counted: true };
  // Of a file that a worker could not read to its end, what the others read counts.
  const counted = damage.reason === "worker-died" || !isSpoiledWhole(file.format);
  return { file, status: damage.reason, reason: damage.detail, counted };
}
