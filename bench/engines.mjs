/**
 * The rows of the table: what is run on which file, and what it counts. Our own are here, those of others in peers.mjs,
 * parts of the work in parts.mjs. A row knows its own command line; it does not know the others.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formats, pathsOf } from "./corpus.mjs";
import { listParts } from "./parts.mjs";
import { listPeers } from "./peers.mjs";

/**
 * What the commands are made of.
 *
 * @typedef {object} Bench
 * @property {string} work folder for what is thrown away
 * @property {string} python of the virtual environment
 * @property {import("./corpus.mjs").Corpus} corpus
 * @property {import("./words.mjs").Words} words
 */

/**
 * A row of the table.
 *
 * @typedef {object} Row
 * @property {string} engine
 * @property {string} storage how the corpus is stored
 * @property {number} workers processes or threads that scan
 * @property {Meaning} meaning rows of one meaning must count the same
 * @property {readonly string[]} argv
 * @property {Record<string, string>} [env] what the process finds in its environment beside ours
 * @property {(run: import("./measure.mjs").Run) => number} count what a run of `argv` came out with
 * @property {(run: import("./measure.mjs").Run) => { wallS: number, cpuS: number }} [times] what the command says of its
 *   own times, where the whole process is not what is timed
 */

/**
 * What is counted. Records with at least one of the words: `exact`, as a substring; `standard`, however it is written.
 * `verdict`: records that the starter library and the classifier flag. Of parts: `decode`, records; `unpack`, bytes.
 *
 * @typedef {"exact" | "standard" | "verdict" | "decode" | "unpack"} Meaning
 */

const main = fileURLToPath(new URL("../dist/cli/corpusgate.js", import.meta.url));

/**
 * All engines: those that can run with their rows, the others with the command that installs them.
 *
 * @param {Bench} bench
 * @param {() => string} program builds the Rust program that does parts alone, and says where it is
 * @returns {{ rows: Row[], missing: { engine: string, install: string }[] }}
 */
export function listRows(bench, program) {
  if (!existsSync(main)) throw new Error(`corpusgate is not built: ${main} is missing; run\n  npm run build`);
  const standard = (storage, workers) => corpusgate(bench, { meaning: "standard", storage, workers });
  const ours = [
    ...formats.flatMap((storage) => [standard(storage, 2), standard(storage, 1)]),
    // A packed file is one shard: two workers need two of them, as the peers that share out files do.
    standard("gz, two files", 2),
  ];
  const exact = formats.map((storage) => corpusgate(bench, { meaning: "exact", storage, workers: 2 }));
  const full = [
    ...formats.map((storage) => corpusgate(bench, { meaning: "verdict", storage, workers: 2 })),
    corpusgate(bench, { meaning: "verdict", storage: "jsonl", workers: 1 }),
  ];
  const { rows: peers, missing } = listPeers(bench);
  return { rows: [...ours, ...exact, ...full, ...peers, ...listParts(bench, program)], missing };
}

/**
 * A scan by corpusgate. `standard` and `exact` run the keyword stage with the words of the benchmark; `verdict` is what a
 * user runs who names nothing.
 *
 * @param {Bench} bench
 * @param {{ meaning: "standard" | "exact" | "verdict", storage: string, workers: number, nodeOptions?: readonly string[] }}
 *   what
 * @returns {Row}
 */
export function corpusgate(bench, { meaning, storage, workers, nodeOptions = [] }) {
  const { words, corpus } = bench;
  const out = join(bench.work, "run");
  const stages =
    meaning === "verdict"
      ? []
      : ["--library", words.libraries[meaning].library, "--policy", words.policy, "--stages", "keyword"];
  return {
    ...{ engine: engineNames[meaning], storage, workers, meaning },
    argv: [
      ...[process.execPath, ...nodeOptions, main, "scan", ...pathsOf(corpus, storage), ...stages],
      ...["--out", out, "--fresh", "--quiet", "--device", "cpu", "--workers", String(workers)],
    ],
    count: (run) => countOf(out, corpus, meaning, run),
  };
}

const engineNames = {
  standard: "corpusgate all kinds",
  exact: "corpusgate substrings",
  verdict: "corpusgate full cascade",
};

/** The count of a run folder, which is removed: the next run must write its own. */
function countOf(out, corpus, meaning, { exitCode, stderr }) {
  const path = join(out, "report.json");
  if (!existsSync(path)) throw new Error(`corpusgate ended with ${exitCode} and wrote no report:\n${stderr}`);
  const { totals } = JSON.parse(readFileSync(path, "utf8"));
  rmSync(out, { recursive: true });
  if (totals.assessed !== corpus.records || totals.textBytes !== corpus.textBytes) {
    throw new Error(
      `corpusgate assessed ${totals.assessed} records and ${totals.textBytes} bytes of text; ` +
        `the corpus has ${corpus.records} and ${corpus.textBytes}`,
    );
  }
  return meaning === "verdict" ? totals.flagged : totals.stages.keywordOnly;
}
