/** What the main thread and the scan workers say to each other. */
import type { MessagePort } from "node:worker_threads";

/** Shards to scan one after the other. Everything is plain data; each `task` is handed to the addon as it is. */
export interface BundleTask {
  /** Key of the compiled library. */
  readonly library: string;
  /** Ids of the shards, and their native tasks: path, range, rules, where evidence goes. */
  readonly shards: readonly { readonly shard: string; readonly task: unknown }[];
  /** Folder whose file system is made durable when they are done; null where each is by itself. */
  readonly sync: string | null;
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

/** Results of the shards that are done: of all, or of the first ones where the worker was told to stop. */
export type BundleOutcome = readonly string[];
