/** What the main thread and the scan workers say to each other. */
import type { MessagePort } from "node:worker_threads";

/** One shard to scan. Everything is plain data; `task` is handed to the addon as it is. */
export interface ShardTask {
  readonly shard: string;
  /** Key of the compiled library. */
  readonly library: string;
  /** The native task: path, range, rules, where evidence goes. */
  readonly task: unknown;
  /** To the device thread; null when no stage needs it. Transferred with the task. */
  readonly scores: MessagePort | null;
}

/** What a worker posts while it works, about once per batch. Sums since the last one. */
export interface ShardProgress {
  readonly shard: string;
  readonly bytes: number;
  readonly records: number;
  readonly flagged: number;
  /** Records that could not be read. */
  readonly unread: number;
}

/** `flag[0]` is 1 when the workers are to stop after the batch in hand. */
export type CancelFlag = Int32Array<SharedArrayBuffer>;

/** What every worker is started with. */
export interface WorkerSettings {
  readonly cancel: CancelFlag;
}

/** How a shard ended. */
export type ShardOutcome = { readonly kind: "done"; readonly result: string } | { readonly kind: "cancelled" };
