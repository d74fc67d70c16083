/** The pool of scan workers. */
import { Piscina } from "piscina";
import type { BundleOutcome, BundleTask, ShardProgress, WorkerSettings } from "./messages.ts";

/** Worker threads that scan bundles of shards, one each at a time. */
export class ScanPool {
  readonly #pool: Piscina<BundleTask, BundleOutcome>;
  readonly #cancel: Int32Array<SharedArrayBuffer>;

  constructor(workers: number, onProgress: (progress: ShardProgress) => void) {
    this.#cancel = new Int32Array(new SharedArrayBuffer(4));
    const settings: WorkerSettings = { cancel: this.#cancel };
    this.#pool = new Piscina<BundleTask, BundleOutcome>({
      filename: new URL("./worker.js", import.meta.url).href,
      workerData: settings,
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: 1,
      // Idle workers wait for messages, not on a lock: they must answer the device thread's port as well.
      atomics: "disabled",
    });
    this.#pool.on("message", onProgress);
  }

  /** Scans some shards, when a worker is free. */
  run(task: BundleTask): Promise<BundleOutcome> {
    return this.#pool.run(task, task.scores === null ? {} : { transferList: [task.scores] });
  }

  /** Asks the workers to stop after the batch in hand. Their tasks end with what is done. */
  cancel(): void {
    Atomics.store(this.#cancel, 0, 1);
  }

  /** Waits for what is under way and ends the threads. Never ends a busy one: that would abort the process. */
  async close(): Promise<void> {
    await this.#pool.close();
  }
}
