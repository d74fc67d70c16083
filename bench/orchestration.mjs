/** How much of a scan passes outside of native calls: a scan of one worker, with a clock in it. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { corpusgate } from "./engines.mjs";
import { measure } from "./measure.mjs";

const clock = new URL("clock.mjs", import.meta.url).href;

/**
 * Where the time of one scan went, in seconds. One worker, so that no two parts go on at the same time.
 *
 * @typedef {object} Clocked
 * @property {number} wallS the whole process
 * @property {number} cpuS processor time of all its threads
 * @property {number} mainNativeS native calls of the main thread: looking at files, compiling, drawing samples
 * @property {number} workerNativeS native calls of the worker: opening shards, reading and matching, writing evidence
 * @property {number} workerS from the worker's first native call to the end of its last
 */

/**
 * Scans once, and says where the time went.
 *
 * @param {import("./engines.mjs").Bench} bench
 * @param {string} storage
 * @returns {Promise<Clocked>}
 */
export async function clockScan(bench, storage) {
  const folder = join(bench.work, "clock");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const row = corpusgate(bench, { meaning: "standard", storage, workers: 1, nodeOptions: ["--import", clock] });
  const run = await measure(row.argv, { env: { BENCH_CLOCK: folder } });
  row.count(run);
  const threads = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
  rmSync(folder, { recursive: true });
  const [main, ...workers] = threads.toSorted((a, b) => Number(a.thread !== "main") - Number(b.thread !== "main"));
  if (main?.thread !== "main" || workers.length === 0) {
    throw new Error(`${threads.length} threads told their times; the main thread and a worker were expected`);
  }
  // A second pass over sources that are short of samples has a worker of its own.
  const sum = (of) => workers.reduce((total, worker) => total + of(worker), 0) / 1000;
  return {
    wallS: run.wallS,
    cpuS: run.cpuS,
    mainNativeS: main.nativeMs / 1000,
    workerNativeS: sum(({ nativeMs }) => nativeMs),
    workerS: sum(({ firstMs, lastMs }) => lastMs - firstMs),
  };
}
