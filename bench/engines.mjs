/**
 * The engines, as rows of the table: what is run on which file, and what it counts. An engine knows its own command
 * line; it does not know the others.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pathOf, setUpPython } from "./corpus.mjs";

/**
 * What the commands are made of.
 *
 * @typedef {object} Bench
 * @property {string} work folder for what is thrown away
 * @property {string} python of the virtual environment
 * @property {import("./corpus.mjs").Corpus} corpus
 * @property {ReturnType<typeof import("./words.mjs").makeWordSets>} words
 */

/**
 * A row of the table.
 *
 * @typedef {object} Row
 * @property {string} engine
 * @property {string} storage how the corpus is stored
 * @property {number} workers processes or threads that scan
 * @property {Meaning} meaning rows of one meaning must count the same, but for those that say why not
 * @property {string} [differs] why this row's count may differ from the others of its meaning
 * @property {boolean} [onRequest] runs only when `--only` names it
 * @property {readonly string[]} argv
 * @property {(run: import("./measure.mjs").Run) => number} count records with a hit, of a run of `argv`
 */

/**
 * What is counted. `plain` and `folded`: records with at least one of the words, as a substring; words of `plain` are
 * ideographs only, so that case, width and word boundaries mean nothing; for `folded` case and width do not count.
 * `verdict`: records that the starter library and the classifier flag.
 *
 * @typedef {"plain" | "folded" | "verdict"} Meaning
 */

const main = fileURLToPath(new URL("../dist/cli/corpusgate.js", import.meta.url));
const pool = fileURLToPath(new URL("peers/ahocorasick_pool.py", import.meta.url));
const storedAs = ["jsonl", "gz", "parquet", "arrow"];

/**
 * All engines: those that can run with their rows, the others with the command that installs them.
 *
 * @param {Bench} bench
 * @returns {{ rows: Row[], missing: { engine: string, install: string }[] }}
 */
export function listRows(bench) {
  const rows = [...corpusgateKeyword(bench), ...corpusgateFull(bench)];
  const missing = [];
  if (!existsSync(main)) throw new Error(`corpusgate is not built: ${main} is missing; run\n  npm run build`);
  if (runs("rg", ["--version"])) rows.push(...ripgrep(bench));
  else missing.push({ engine: "ripgrep", install: "apt install ripgrep" });
  if (runs(bench.python, ["-c", "import ahocorasick_rs, orjson, pyarrow"])) rows.push(...ahocorasickPool(bench));
  else missing.push({ engine: "ahocorasick_rs pool", install: setUpPython });
  return { rows, missing };
}

/** The keyword stage alone. */
function corpusgateKeyword(bench) {
  const row = (set, storage, workers) =>
    corpusgate(bench, "corpusgate keyword", { meaning: set, storage, workers }, [
      ...["--library", bench.words[set].library, "--policy", bench.words.policy, "--stages", "keyword"],
    ]);
  return [
    row("plain", "jsonl", 1),
    ...storedAs.map((storage) => row("plain", storage, 2)),
    row("folded", "jsonl", 1),
    row("folded", "jsonl", 2),
  ];
}

/** What a user runs: starter library, fast classifier, default policy. */
function corpusgateFull(bench) {
  const row = (storage, workers) => corpusgate(bench, "corpusgate full", { meaning: "verdict", storage, workers }, []);
  return [row("jsonl", 1), ...storedAs.map((storage) => row(storage, 2))];
}

/** @returns {Row} */
function corpusgate(bench, engine, { meaning, storage, workers }, options) {
  const out = join(bench.work, "run");
  return {
    ...{ engine, storage, workers, meaning },
    argv: [
      ...[process.execPath, main, "scan", pathOf(bench.corpus, storage), "--out", out, "--fresh", "--quiet"],
      ...["--device", "cpu", "--workers", String(workers), ...options],
    ],
    count: (run) => countOf(out, bench.corpus, meaning, run),
  };
}

/** The count of a run folder, which is removed: the next run must write its own. */
export function countOf(out, corpus, meaning, { exitCode, stderr }) {
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

/**
 * Counts lines, and goes on to the next line at the first hit. None of the `plain` words can be in an id or a JSON
 * escape, so there a line is a record.
 *
 * @returns {Row[]}
 */
function ripgrep(bench) {
  const row = (engine, storage, workers, files, options = [], meaning = "plain") => ({
    ...{ engine, storage, workers, meaning },
    argv: [
      ...["rg", "--no-config", "-j2", "-a", "-F", "-c", "--no-filename", ...options],
      ...["-f", bench.words[meaning].file, ...files],
    ],
    count: ({ stdout }) => stdout.split("\n").reduce((sum, line) => sum + Number(line), 0),
  });
  const halves = ["half-0", "half-1"].map((half) => pathOf(bench.corpus, half));
  return [
    row("ripgrep -F", "jsonl", 1, [pathOf(bench.corpus, "jsonl")]),
    row("ripgrep -F, two files", "jsonl", 2, halves),
    row("ripgrep -F -z", "gz", 1, [pathOf(bench.corpus, "gz")], ["-z"]),
    {
      ...row("ripgrep -F -i", "jsonl", 1, [pathOf(bench.corpus, "jsonl")], ["-i"], "folded"),
      differs: 'it searches the line as JSON, so `\\nass` holds "nass", and it does not fold full-width letters',
      // Ignoring case, thousands of words are one regular expression: minutes for 20 MB.
      onRequest: true,
    },
  ];
}

/** @returns {Row[]} */
function ahocorasickPool(bench) {
  const row = (set, storage, workers) => ({
    ...{ engine: "ahocorasick_rs pool", storage, workers, meaning: set },
    argv: [
      ...[bench.python, pool, "--words", bench.words[set].file, ...(set === "folded" ? ["--fold"] : [])],
      ...["--workers", String(workers), pathOf(bench.corpus, storage)],
    ],
    count: ({ stdout }) => {
      const { records, hit } = JSON.parse(stdout);
      if (records !== bench.corpus.records)
        throw new Error(`the pool read ${records} of ${bench.corpus.records} records`);
      return hit;
    },
  });
  return [...storedAs.map((storage) => row("plain", storage, 2)), row("folded", "jsonl", 2)];
}

function runs(command, args) {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
