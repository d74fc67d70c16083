/** How a scan keeps within its memory: how many workers there may be, and how much each may hold. */
import { totalmem } from "node:os";
import { ScanError } from "../errors.ts";

const mib = 2 ** 20;

/** What a scan needs memory for. */
export interface MemoryNeeds {
  /** Workers that were asked for, or one per core. */
  readonly workers: number;
  /** Bytes of the compiled library. */
  readonly libraryBytes: number;
  /** Bytes of the classifier's file; null when it does not run. */
  readonly modelBytes: number | null;
}

/** What a scan may use. Bytes are those that it takes at most, without pages of mapped files. */
export interface MemoryPlan {
  /** What it is to stay within. */
  readonly budget: number;
  /** Workers that the budget holds, and those that were asked for. */
  readonly workers: number;
  readonly workersAsked: number;
  /** Most bytes of text in a batch. */
  readonly batchBytes: number;
  /** Most ids in one call of the classifier. */
  readonly packIds: number;
  /** Bytes of each worker; of Node, the addon, the library and the classifier; of all together. */
  readonly perWorker: number;
  readonly shared: number;
  readonly total: number;
}

/** Most bytes of text in a batch; more does not scan faster. Least: less scans slower, and saves nothing worth it. */
const batch = { most: 1 * mib, least: mib / 16 };
/** The same of one call of the classifier, in ids. */
const pack = { most: 2 ** 18, least: 2 ** 15 };

/**
 * Bytes as `bench/measure.mjs` measures them, rounded up: a process that has loaded addon and runtime, with the one that
 * watches it; a worker that has read and matched, with its share of evidence that waits; the ONNX runtime with a session.
 */
const base = 175 * mib;
const perWorker = 14 * mib;
const device = 42 * mib;
/** Memory of a session as a multiple of its model's file. */
const modelFactor = 3;
/** Memory of a batch as a multiple of its text: with and without the classifier, whose ids, windows and packs are most. */
const batchFactor = { classified: 64, matched: 8 };
/** Bytes that one id takes in a call of the classifier, by all copies and what the runtime makes of it. */
const perPackId = 160;

/** Fixed bytes, and bytes of one worker with the least batch. */
function needsOf({ libraryBytes, modelBytes }: MemoryNeeds): { fixed: number; worker: number; factor: number } {
  const factor = modelBytes === null ? batchFactor.matched : batchFactor.classified;
  const classifier = modelBytes === null ? 0 : device + modelBytes * modelFactor + pack.least * perPackId;
  return { fixed: base + libraryBytes + classifier, worker: perWorker + batch.least * factor, factor };
}

/** The least memory that a scan can do with, in whole MiB: one worker and the smallest batches. */
export function leastMemory(needs: MemoryNeeds): number {
  const { fixed, worker } = needsOf(needs);
  return Math.ceil((fixed + worker) / mib) * mib;
}

/**
 * Shares out a budget. Where it cannot hold all workers there are fewer; then batches take what is left.
 *
 * @param budget - bytes that the scan may take, pages of mapped files not counted: the system takes those back
 * @throws ScanError `usage` when the budget is under the least, which the message names
 */
export function planMemory(budget: number, needs: MemoryNeeds): MemoryPlan {
  const least = leastMemory(needs);
  if (budget < least) {
    throw new ScanError(
      "usage",
      `--memory ${Math.floor(budget / mib)}MiB is too little; with this library and these stages the least is ${least / mib}MiB`,
    );
  }
  const { fixed, worker, factor } = needsOf(needs);
  const workers = Math.max(1, Math.min(needs.workers, Math.floor((budget - fixed) / worker)));
  const spare = budget - fixed - workers * worker;
  // Half of what is left for the calls of the classifier, as far as they can use it, the rest for batches.
  const forPacks = needs.modelBytes === null ? 0 : Math.min(spare / 2, (pack.most - pack.least) * perPackId);
  const batchBytes = Math.min(batch.most, batch.least + Math.floor((spare - forPacks) / workers / factor));
  const [each, shared] = [worker + (batchBytes - batch.least) * factor, Math.ceil(fixed + forPacks)];
  return {
    ...{ budget: Math.floor(budget), workers, workersAsked: needs.workers, batchBytes },
    packIds: pack.least + Math.floor(forPacks / perPackId),
    ...{ perWorker: each, shared, total: shared + workers * each },
  };
}

/**
 * Shares out what a user asked for, or else a quarter of what the process may use; a small machine without a wish of its
 * user scans with the least.
 *
 * @throws ScanError `usage` as {@link planMemory}
 */
export function shareMemory(asked: number | undefined, needs: MemoryNeeds): MemoryPlan {
  return planMemory(asked ?? Math.max(usableMemory() / 4, leastMemory(needs)), needs);
}

/** Most bytes of text in a batch, and ids in a call of the classifier, of one stream that may use so much memory. */
export function batchesWithin(bytes: number): { readonly batchBytes: number; readonly packIds: number } {
  const within = (size: number, { most, least }: typeof batch) => Math.floor(Math.min(most, Math.max(least, size)));
  return {
    batchBytes: within(bytes / batchFactor.classified, batch),
    packIds: within(bytes / 8 / perPackId, pack),
  };
}

/** What the process may use, in bytes: all of the machine, or what its control group is given. */
export function usableMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}
