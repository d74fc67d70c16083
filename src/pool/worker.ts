/** A scan worker: some shards per task, a native call per batch. No record enters JavaScript, only counts and ids. */
import { parentPort } from "node:worker_threads";
import { workerData } from "piscina";
import { loadAddon, type NativeScan } from "../addon/addon.ts";
import { IdBuffers, Scores } from "../classify/scores.ts";
import { ScanError } from "../errors.ts";
import type { BundleOutcome, BundleTask, ShardProgress, WorkerSettings } from "./messages.ts";

const { cancel } = workerData as WorkerSettings;
const buffers = new IdBuffers();
/** Batches whose scores may be waited for: the device works on one while the next is read. */
const batchesWaiting = 2;

/** Scans some shards. Errors end the task; the pool reports them. They are `code: message`, as those of the addon. */
export default async function scanBundle(bundle: BundleTask): Promise<BundleOutcome> {
  try {
    return await runBundle(bundle);
  } catch (error) {
    // The class of an error does not cross threads, its message does.
    if (error instanceof ScanError) throw new Error(`${error.code}: ${error.message}`, { cause: error });
    throw error;
  }
}

async function runBundle({ library, shards, sync, scores: port }: BundleTask): Promise<BundleOutcome> {
  const scores = port === null ? null : new Scores(port, buffers);
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
      const scored = scores
        .request(packs, (ids) => scan.fillIds(ids))
        .then((sums) => {
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
