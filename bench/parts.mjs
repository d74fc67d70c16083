/** Parts of our work by themselves, in one thread: rows that say where the time of a scan goes, and what it cannot exceed. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { formats, pathsOf } from "./corpus.mjs";
import { runs } from "./peers.mjs";

const inflate = fileURLToPath(new URL("peers/inflate.py", import.meta.url));

/**
 * @param {import("./engines.mjs").Bench} bench
 * @param {() => string} program builds the Rust program and says where it is
 * @returns {import("./engines.mjs").Row[]}
 */
export function listParts(bench, program) {
  const { corpus, words, python } = bench;
  const part = (engine, storage, meaning, command) => ({
    ...{ engine, storage, workers: 1, meaning },
    // What is not run need not be built.
    get argv() {
      return command();
    },
    count: (run) => countOf(corpus, meaning, JSON.parse(run.stdout)),
    times: ({ stdout }) => {
      const { wall, cpu } = JSON.parse(stdout);
      return { wallS: wall, cpuS: cpu };
    },
  });
  const rust = (storage, ...args) => [program(), "--alone", args[0], pathsOf(corpus, storage)[0], ...args.slice(1)];
  const rows = formats.map((storage) => part("decode alone", storage, "decode", () => rust(storage, "decode")));
  for (const meaning of ["standard", "exact"]) {
    const name = { standard: "match alone all kinds", exact: "match alone substrings" }[meaning];
    rows.push(part(name, "memory", meaning, () => rust("arrow", "match", words.libraries[meaning].compiled)));
  }
  rows.push(part("unpack alone zlib-rs", "gz", "unpack", () => rust("gz", "unpack")));
  rows.push(part("unpack alone zstd", "zst", "unpack", () => rust("zst", "unpack")));
  if (existsSync(python) && runs(python, ["-c", "import isal"])) {
    rows.push(part("unpack alone ISA-L", "gz", "unpack", () => [python, inflate, ...pathsOf(corpus, "gz")]));
  }
  return rows;
}

/** The count of a part, which must have seen the whole corpus. */
function countOf(corpus, meaning, { count, bytes }) {
  if (meaning === "decode" && count !== corpus.records) {
    throw new Error(`decode alone read ${count} of ${corpus.records} records`);
  }
  if (meaning !== "unpack" && bytes !== corpus.textBytes) {
    throw new Error(`${meaning} alone saw ${bytes} of ${corpus.textBytes} bytes of text`);
  }
  if (meaning === "unpack" && count !== corpus.files.jsonl.bytes) {
    throw new Error(`${count} bytes were unpacked; the lines are ${corpus.files.jsonl.bytes}`);
  }
  return count;
}
