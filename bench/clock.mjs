/**
 * Loaded into corpusgate before it (`node --import`): adds up the time inside native calls, thread by thread, and writes it
 * to the folder that BENCH_CLOCK names. What is left of the whole is orchestration.
 */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { isMainThread, threadId } from "node:worker_threads";

const native = createRequire(import.meta.url)("../native/index.cjs");
const sums = { thread: isMainThread ? "main" : "worker", nativeMs: 0, calls: 0, firstMs: null, lastMs: 0 };

/** Makes a native call, timed. Times count from the start of the process. */
function timed(call) {
  const start = performance.now();
  sums.firstMs ??= start;
  try {
    return call();
  } finally {
    sums.lastMs = performance.now();
    sums.nativeMs += sums.lastMs - start;
    sums.calls++;
  }
}

function write() {
  const file = join(process.env.BENCH_CLOCK, `${sums.thread}-${threadId}.json`);
  writeFileSync(file, JSON.stringify({ ...sums, endMs: performance.now() }));
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
