/**
 * A scan worker that fails as the file of its shard is named, and otherwise is the real one: `throws`, `exits`, `heap`
 * (out of JavaScript memory), `segv`, `abrt` and `kill` (the whole process ends); with `-once`, the first time only.
 */
import { closeSync, openSync } from "node:fs";
import { basename } from "node:path";
import scanBundle from "../../dist/pool/worker.js";

export default async function failOrScan(bundle) {
  for (const { task } of bundle.shards) {
    const [how, once] = basename(task.path).split(/[-.]/);
    if (how in ways && (once !== "once" || isFirst(task.path))) {
      ways[how]();
      return new Promise(() => {});
    }
    // Others are still in hand when it fails.
    if (how === "slow") await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return scanBundle(bundle);
}

const ways = {
  throws: () => {
    throw new Error("a fault of the test");
  },
  exits: () => process.exit(3),
  heap: () => {
    const held = [];
    for (;;) held.push(new Array(10_000).fill(held.length));
  },
  segv: () => process.kill(process.pid, "SIGSEGV"),
  abrt: () => process.kill(process.pid, "SIGABRT"),
  kill: () => process.kill(process.pid, "SIGKILL"),
};

function isFirst(path) {
  try {
    closeSync(openSync(`${path}.seen`, "wx"));
    return true;
  } catch {
    return false;
  }
}
