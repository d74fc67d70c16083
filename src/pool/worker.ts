/** A scan worker: one shard per task, a native call per batch. No record enters JavaScript, only counts and ids. */
import { parentPort } from "node:worker_threads";
import { workerData } from "piscina";
import { loadAddon } from "../addon/addon.ts";
import { IdBuffers, Scores } from "../classify/scores.ts";
import { ScanError } from "../errors.ts";
import type { ShardOutcome, ShardProgress, ShardTask, WorkerSettings } from "./messages.ts";

const { cancel } = workerData as WorkerSettings;
const buffers = new IdBuffers();
/** Batches whose scores may be waited for: the device works on one while the next is read. */
const batchesWaiting = 2;

/** Scans one shard. Errors end the task; the pool reports them. They are `code: message`, as those of the addon. */
export default async function scanShard(task: ShardTask): Promise<ShardOutcome> {
  try {
    return await runTask(task);
  } catch (error) {
    // The class of an error does not cross threads, its message does.
    if (error instanceof ScanError) throw new Error(`${error.code}: ${error.message}`, { cause: error });
    throw error;
  }
}

async function runTask(task: ShardTask): Promise<ShardOutcome> {
  const scan = loadAddon().openShard(task.library, task.task);
  const scores = task.scores === null ? null : new Scores(task.scores, buffers);
  const waiting: Promise<void>[] = [];
  const report = (progress: Omit<ShardProgress, "shard">) =>
    parentPort?.postMessage({ shard: task.shard, ...progress });
  try {
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
        return { kind: "cancelled" };
      }
    }
    await Promise.all(waiting);
    return { kind: "done", result: scan.finish() };
  } finally {
    scores?.close();
  }
}
