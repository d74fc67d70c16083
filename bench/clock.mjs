/**
 * Loaded into corpusgate before it (`node --import`): adds up the time inside native calls, thread by thread, and writes it
 * to the folder that BENCH_CLOCK names. What is left of the whole is orchestration. Times count from the start of the
 * thread, processor time is the whole process's: with one worker, only one thread has much to do at a time.
 */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { isMainThread, threadId } from "node:worker_threads";

const native = createRequire(import.meta.url)("../native/index.cjs");
const thread = isMainThread ? "main" : "worker";
/** Inside native calls, and from the first of them to the end of the last. */
const sums = { native: { wallS: 0, cpuS: 0 }, first: null, last: null };

function now() {
  const { user, system } = process.cpuUsage();
  return { wallS: performance.now() / 1e3, cpuS: (user + system) / 1e6 };
}

/** Makes a native call, timed. */
function timed(call) {
  const start = now();
  sums.first ??= start;
  try {
    return call();
  } finally {
    sums.last = now();
    for (const clock of ["wallS", "cpuS"]) sums.native[clock] += sums.last[clock] - start[clock];
  }
}

function write() {
  const file = join(process.env.BENCH_CLOCK, `${thread}-${threadId}.json`);
  writeFileSync(file, JSON.stringify({ thread, ...sums }));
}

/** A shard's scan, each call of it timed. */
class ClockedScan {
  #scan;

  constructor(...args) {
    this.#scan = timed(() => new NativeScan(...args));
  }

  next() {
    return timed(() => this.#scan.next());
  }

  fillIds(target) {
    return timed(() => this.#scan.fillIds(target));
  }

  score(batch, sums) {
    return timed(() => this.#scan.score(batch, sums));
  }

  finish() {
    const result = timed(() => this.#scan.finish());
    // A worker is ended without notice, once it is idle.
    write();
    return result;
  }
}

const NativeScan = native.ShardScan;
for (const [name, value] of Object.entries(native)) {
  // Classes that a scan does not use stay as they are.
  if (typeof value === "function" && /^[a-z]/.test(name)) native[name] = (...args) => timed(() => value(...args));
}
native.ShardScan = ClockedScan;
if (isMainThread) process.on("exit", write);
