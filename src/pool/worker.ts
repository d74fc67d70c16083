/** A scan worker: some shards per task, a native call per batch. No record enters JavaScript, only counts and ids. */
import { parentPort } from "node:worker_threads";
import { workerData } from "piscina";
import { loadAddon, type NativeScan } from "../addon/addon.ts";
import { Scores } from "../classify/scores.ts";
import type { BundleOutcome, BundleTask, ShardProgress, WorkerSettings } from "./messages.ts";

const { cancel } = workerData as WorkerSettings;
/** Batches whose scores may be waited for: the device works on one while the next is read. */
const batchesWaiting = 2;

/** Scans some shards. Errors of the addon end the task; the pool reports them. */
export default async function scanBundle({ library, shards, sync, scores: port }: BundleTask): Promise<BundleOutcome> {
  const scores = port === null ? null : new Scores(port);
  const results: string[] = [];
  try {
    for (const { shard, task } of shards) {
      const result = await scanShard(shard, loadAddon().openShard(library, task), scores);
      if (result === null) break;
      results.push(result);
    }
  } finally {
    scores?.close();
  }
  if (sync !== null && results.length > 0) loadAddon().syncFiles(sync);
  return results;
}

/** Scans one shard. Returns its result, or null when it was told to stop. */
async function scanShard(shard: string, scan: NativeScan, scores: Scores | null): Promise<string | null> {
  const waiting: Promise<void>[] = [];
  const report = (progress: Omit<ShardProgress, "shard">) => parentPort?.postMessage({ shard, ...progress });
  for (let step = scan.next(); step !== null; step = scan.next()) {
    const { batch, bytes, records, flagged, unread, packs } = step;
    if (packs.length === 0 || scores === null) {
      report({ bytes, records, flagged, unread });
    } else {
      const scored = scores.request(packs).then((sums) => {
        report({ bytes, records, flagged: flagged + scan.score(batch, sums), unread });
      });
      // A failure is seen where the promise is awaited, below; it must not be an unhandled one until then.
      scored.catch(() => {});
      waiting.push(scored);
      if (waiting.length >= batchesWaiting) await waiting.shift();
    }
    if (Atomics.load(cancel, 0) === 1) {
      await Promise.all(waiting);
      return null;
    }
  }
  await Promise.all(waiting);
  return scan.finish();
}
