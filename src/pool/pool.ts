/** The pool of scan workers. */
import { Piscina } from "piscina";
import { messageOf } from "../errors.ts";
import type { BundleOutcome, BundleTask, CancelFlag, ShardProgress, WorkerSettings } from "./messages.ts";

/** The script of a scan worker. Tests of workers that fail give another one. */
export const workerScript = new URL("./worker.js", import.meta.url);

/** How a pool is started. */
export interface PoolSettings {
  readonly workers: number;
  readonly cancel: CancelFlag;
  readonly script: URL;
  readonly onProgress: (progress: ShardProgress) => void;
}

/**
 * A worker's heap holds a few numbers per batch, and every thread pays for its own: little for young objects; of old ones
 * the tallies of many sources are most.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 };

/** A flag that workers look at. */
export function newCancelFlag(): CancelFlag {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** Asks all workers of a flag to stop after the batch in hand. Their tasks end with what is done. */
export function cancelWorkers(flag: CancelFlag): void {
  Atomics.store(flag, 0, 1);
}

/**
 * Worker threads that scan bundles of shards, one each at a time. The task of a worker that ends (out of memory, `process.exit`)
 * is rejected, and another worker takes its place.
 */
export class ScanPool {
  readonly #pool: Piscina<BundleTask, BundleOutcome>;
  /** Rejects when no worker is left and none can be started: tasks would wait for ever. */
  readonly #stranded: Promise<never>;

  constructor({ workers, cancel, script, onProgress }: PoolSettings) {
    const settings: WorkerSettings = { cancel };
    const pool = new Piscina<BundleTask, BundleOutcome>({
      filename: script.href,
      workerData: settings,
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: 1,
      resourceLimits,
      // Idle workers wait for messages, not on a lock: they must answer the device thread's port as well.
      atomics: "disabled",
    });
    this.#pool = pool;
    pool.on("message", onProgress);
    this.#stranded = new Promise<never>((_, reject) => {
      // A worker that ends without a task: one that fails while it starts is not started again.
      let why = "the workers ended";
      pool.on("error", (error: unknown) => {
        why = messageOf(error);
      });
      pool.on("workerDestroy", () => {
        setImmediate(() => {
          if (pool.threads.length === 0) reject(new Error(`no scan worker can be started: ${why}`));
        });
      });
    });
    // It also comes when the pool is closed, and nobody waits for it.
    this.#stranded.catch(() => {});
  }

  /** Scans some shards, when a worker is free. */
  run(task: BundleTask): Promise<BundleOutcome> {
    const options = task.scores === null ? {} : { transferList: [task.scores] };
    return Promise.race([this.#pool.run(task, options), this.#stranded]);
  }

  /** Waits for what is under way and ends the threads. Never ends a busy one: that would abort the process. */
  async close(): Promise<void> {
    await this.#pool.close();
  }
}
