/** Scans the shards of a plan that have no tally yet, as many at a time as there are workers. */
import { loadAddon } from "../addon/addon.ts";
import type { DeviceThread } from "../classify/device.ts";
import { type Bundle, bundlesOf } from "../corpus/order.ts";
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
  /** Key of the compiled library. */
  readonly library: string;
  /** The native task of a shard, whose evidence is to be durable when it ends or not. */
  readonly task: (shard: Shard, durable: boolean) => unknown;
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
  const queue = bundlesOf(run.plan, shards, run.workers);
  const isBundled = queue.length < shards.length;
  const pool = new ScanPool(Math.min(run.workers, queue.length), run.onProgress);
  const onAbort = () => pool.cancel();
  run.signal?.addEventListener("abort", onAbort, { once: true });
  let failed: unknown;
  const drain = async () => {
    for (let bundle = queue.shift(); bundle !== undefined; bundle = queue.shift()) {
      if (failed !== undefined || run.signal?.aborted === true) return;
      try {
        for (const [shard, tally] of await runBundle(run, pool, bundle)) {
          tallies.set(shard.id, tally);
          run.onShard(shard);
        }
      } catch (error) {
        // Which of several shards it was shows when each is scanned alone.
        if (bundle.length > 1) queue.unshift(...bundle.map((shard) => [shard]));
        else {
          failed ??= error;
          pool.cancel();
        }
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: run.workers }, drain));
  } finally {
    run.signal?.removeEventListener("abort", onAbort);
    await pool.close();
  }
  // Tallies of bundles are durable now; one that a crash of the machine took or cut before is made again.
  if (isBundled) loadAddon().syncFiles(run.folder.path);
  if (failed !== undefined) throw failed;
  if (run.signal?.aborted === true) {
    throw new ScanError("interrupted", `interrupted; the same command with --out ${run.folder.path} goes on from here`);
  }
  return tallies;
}

/** Scans the shards of a bundle and writes their tallies. Returns those that are done: all, unless it was told to stop. */
async function runBundle(run: ShardRun, pool: ScanPool, bundle: Bundle): Promise<[Shard, ShardTally][]> {
  const { folder, plan } = run;
  // Evidence is durable before its tally is written: by itself, or with that of the others.
  const isAlone = bundle.length === 1;
  const [first] = bundle;
  let results: Awaited<ReturnType<ScanPool["run"]>>;
  try {
    results = await pool.run({
      library: run.library,
      shards: bundle.map((shard) => ({ shard: shard.id, task: run.task(shard, isAlone) })),
      sync: isAlone ? null : folder.path,
      scores: run.device?.connect() ?? null,
    });
  } catch (error) {
    throw shardError(first === undefined ? "" : pathOf(plan, first), error);
  }
  return results.map((result, at) => {
    const shard = bundle[at] as Shard;
    const text = tallyText(plan, shard, result);
    const tally = parseShardTally(text, plan.planDigest, shard.id);
    if (tally === null) {
      const fault = `${pathOf(plan, shard)}: the shard's tally does not add up: ${text.slice(0, 500)}`;
      throw new ScanError("internal", fault);
    }
    folder.finish(shard, text, isAlone);
    return [shard, tally];
  });
}

function tallyText({ planDigest, files }: Plan, shard: Shard, result: string): string {
  const file = files[shard.file]?.path ?? "";
  return JSON.stringify({
    ...{ schema: "corpusgate.tally/1", planDigest, shard: shard.id, file },
    result: JSON.parse(result) as unknown,
  });
}

function pathOf(plan: Plan, shard: Shard): string {
  return plan.files[shard.file]?.path ?? "";
}

/** Native errors come as `code: message`; the code is one of ours. */
function shardError(path: string, error: unknown): ScanError {
  if (error instanceof ScanError) return error;
  const [, code, message] = /^(corpus-changed|environment|internal): ([\s\S]*)$/.exec(messageOf(error)) ?? [];
  if (code === undefined) return new ScanError("internal", `${path}: ${messageOf(error)}`, { cause: error });
  return new ScanError(code as ScanError["code"], message ?? "", { cause: error });
}
