/** How much of a scan passes outside of native calls: a scan of one worker, with a clock in it. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { corpusgate } from "./engines.mjs";
import { measure } from "./measure.mjs";

const clock = new URL("clock.mjs", import.meta.url).href;

/**
 * Where the time of one scan went. One worker, so that no two parts go on at the same time.
 *
 * @typedef {object} Clocked
 * @property {Times} process the whole process
 * @property {Times} main native calls of the main thread: looking at files, compiling, drawing samples
 * @property {Times} worker native calls of the worker: opening shards, reading and matching, writing evidence
 * @property {Times} workerSpan from the worker's first native call to the end of its last
 */

/** @typedef {{ wallS: number, cpuS: number }} Times seconds that passed, and those of processors */

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
  const sum = (of) => ({
    wallS: seconds(workers.reduce((total, worker) => total + of(worker, "wallS"), 0)),
    cpuS: seconds(workers.reduce((total, worker) => total + of(worker, "cpuS"), 0)),
  });
  return {
    process: { wallS: seconds(run.wallS), cpuS: seconds(run.cpuS) },
    main: { wallS: seconds(main.native.wallS), cpuS: seconds(main.native.cpuS) },
    worker: sum(({ native }, clock) => native[clock]),
    workerSpan: sum(({ first, last }, clock) => last[clock] - first[clock]),
  };
}

function seconds(value) {
  return Number(value.toFixed(4));
}
