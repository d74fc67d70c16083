/** Scans the shards of a plan that have no tally yet, as many at a time as there are workers. */
import type { DeviceThread } from "../classify/device.ts";
import type { Plan, Shard } from "../corpus/plan.ts";
import { messageOf, ScanError } from "../errors.ts";
import type { RunFolder } from "../run/folder.ts";
import { parseShardTally, type ShardTally } from "../tally/shard-tally.ts";
import type { ShardProgress } from "./messages.ts";
import { ScanPool } from "./pool.ts";

/** What the shards are scanned with. */
export interface ShardRun {
  readonly folder: RunFolder;
  readonly plan: Plan;
  readonly workers: number;
  readonly device: DeviceThread | null;
  /** The native task of a shard. */
  readonly task: (shard: Shard) => { readonly library: string; readonly task: unknown };
  readonly onProgress: (progress: ShardProgress) => void;
  /** A shard is done: its tally is on disk. */
  readonly onShard: (shard: Shard) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Scans `shards` and writes their tallies. A tally is written when its evidence is whole, so a shard is done or not.
 *
 * @returns the tallies by shard id
 * @throws ScanError `interrupted` after an abort, once the batches in hand are done
 */
export async function runShards(run: ShardRun, shards: readonly Shard[]): Promise<Map<string, ShardTally>> {
  const tallies = new Map<string, ShardTally>();
  if (shards.length === 0) return tallies;
  run.signal?.throwIfAborted();
  const pool = new ScanPool(Math.min(run.workers, shards.length), run.onProgress);
  const onAbort = () => pool.cancel();
  run.signal?.addEventListener("abort", onAbort, { once: true });
  const queue = shards.values();
  let failed: unknown;
  const drain = async () => {
    for (const shard of queue) {
      if (failed !== undefined || run.signal?.aborted === true) return;
      try {
        const tally = await runShard(run, pool, shard);
        if (tally === null) continue;
        tallies.set(shard.id, tally);
        run.onShard(shard);
      } catch (error) {
        failed ??= error;
        pool.cancel();
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: run.workers }, drain));
  } finally {
    run.signal?.removeEventListener("abort", onAbort);
    await pool.close();
  }
  // A read that was stopped says no more than the signal does.
  if (failed !== undefined && !(failed instanceof ScanError && failed.code === "interrupted")) throw failed;
  if (run.signal?.aborted === true) {
    throw new ScanError("interrupted", `interrupted; the same command with --out ${run.folder.path} goes on from here`);
  }
  return tallies;
}

async function runShard(run: ShardRun, pool: ScanPool, shard: Shard): Promise<ShardTally | null> {
  const { folder, plan } = run;
  const path = plan.files[shard.file]?.path ?? "";
  let outcome: Awaited<ReturnType<ScanPool["run"]>>;
  try {
    outcome = await pool.run({ shard: shard.id, ...run.task(shard), scores: run.device?.connect() ?? null });
  } catch (error) {
    throw shardError(path, error);
  }
  if (outcome.kind === "cancelled") return null;
  const { planDigest } = plan;
  const result = JSON.parse(outcome.result) as unknown;
  const text = JSON.stringify({ schema: "corpusgate.tally/1", planDigest, shard: shard.id, file: path, result });
  const tally = parseShardTally(text, planDigest, shard.id);
  if (tally === null)
    throw new ScanError("internal", `${path}: the shard's tally does not add up: ${text.slice(0, 500)}`);
  folder.finish(shard, text);
  return tally;
}

/** Native errors come as `code: message`; the code is one of ours. */
function shardError(path: string, error: unknown): ScanError {
  if (error instanceof ScanError) return error;
  const [, code, message] =
    /^(config|corpus-changed|environment|internal|interrupted): ([\s\S]*)$/.exec(messageOf(error)) ?? [];
  if (code === undefined) return new ScanError("internal", `${path}: ${messageOf(error)}`, { cause: error });
  return new ScanError(code as ScanError["code"], message ?? "", { cause: error });
}
