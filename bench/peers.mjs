/** What a team would use without corpusgate, as rows: command lines, what must be installed, and how each counts. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { formats, pathsOf, setUpPython } from "./corpus.mjs";

/** @typedef {import("./engines.mjs").Bench} Bench */
/** @typedef {import("./engines.mjs").Row} Row */

const script = (name) => fileURLToPath(new URL(`peers/${name}`, import.meta.url));

/** Dolma has an environment of its own: it wants numpy 1, and old versions of what others need. */
const setUpDolma =
  "python3.11 -m venv bench/work/venv-dolma && bench/work/venv-dolma/bin/pip install -r bench/peers/requirements-dolma.txt";

/** The virtual environment of dolma, beside the other one. */
export const dolmaPython = fileURLToPath(new URL("work/venv-dolma/bin/python", import.meta.url));

/**
 * Peers that are installed, and how to install the others.
 *
 * @param {Bench} bench
 * @returns {{ rows: Row[], missing: { engine: string, install: string }[] }}
 */
export function listPeers(bench) {
  const { python } = bench;
  const peers = [
    { engine: "ripgrep", has: () => runs("rg", ["--version"]), list: ripgrep, install: "apt install ripgrep zstd" },
    { engine: "polars", has: () => runs(python, ["-c", "import polars"]), list: polars, install: setUpPython },
    {
      engine: "ahocorasick_rs pool",
      has: () => runs(python, ["-c", "import ahocorasick_rs, orjson, pyarrow"]),
      list: ahocorasickPool,
      install: setUpPython,
    },
    {
      engine: "datatrove",
      has: () => runs(python, ["-c", "import ahocorasick_rs, datatrove.pipeline.filters"]),
      list: datatrove,
      install: setUpPython,
    },
    {
      engine: "dolma",
      has: () => runs(dolmaPython, ["-c", "import ahocorasick_rs, dolma"]),
      list: dolma,
      install: setUpDolma,
    },
  ];
  const present = peers.filter(({ has }) => has());
  return {
    rows: present.flatMap(({ list }) => list(bench)),
    missing: peers.filter((peer) => !present.includes(peer)).map(({ engine, install }) => ({ engine, install })),
  };
}

/**
 * Counts lines, and goes on to the next line at the first hit. No word stands in an id or in what JSON puts around a text,
 * so a line is a record.
 */
function ripgrep(bench) {
  const row = (engine, storage, workers, options = []) => ({
    ...{ engine, storage, workers, meaning: "exact" },
    argv: [
      ...["rg", "--no-config", "-j2", "-a", "-F", "-c", "--no-filename", ...options],
      ...["-f", bench.words.file, ...pathsOf(bench.corpus, storage)],
    ],
    count: ({ stdout }) => stdout.split("\n").reduce((sum, line) => sum + Number(line), 0),
  });
  const rows = [
    row("ripgrep -F", "jsonl", 1),
    row("ripgrep -F", "jsonl, two files", 2),
    row("ripgrep -F -z", "gz", 1, ["-z"]),
    row("ripgrep -F -z", "gz, two files", 2, ["-z"]),
  ];
  // It has zstd unpack for it, which may not be there.
  return runs("zstd", ["--version"]) ? [...rows, row("ripgrep -F -z", "zst", 1, ["-z"])] : rows;
}

/** Its streaming engine makes the automaton anew for every batch, and batches of lines are small: that takes minutes. */
function polars(bench) {
  const row = (find, storage, engine = "in-memory") => ({
    ...{
      engine: `polars ${find}${engine === "streaming" ? " streaming" : ""}`,
      storage,
      workers: 2,
      meaning: "exact",
    },
    argv: [
      ...[bench.python, script("polars_scan.py"), "--words", bench.words.file, "--find", find, "--engine", engine],
      ...pathsOf(bench.corpus, storage),
    ],
    env: { POLARS_MAX_THREADS: "2" },
    count: (run) => jsonCount("polars", bench, run),
  });
  return [
    ...formats.flatMap((storage) => [row("contains_any", storage), row("extract_many", storage)]),
    ...["parquet", "arrow"].map((storage) => row("contains_any", storage, "streaming")),
  ];
}

function ahocorasickPool(bench) {
  const row = (storage) => ({
    ...{ engine: "ahocorasick_rs pool", storage, workers: 2, meaning: "exact" },
    argv: [
      ...[bench.python, script("ahocorasick_pool.py"), "--words", bench.words.file, "--workers", "2"],
      ...pathsOf(bench.corpus, storage),
    ],
    count: (run) => jsonCount("the pool", bench, run),
  });
  return formats.map(row);
}

/** Its executor shares out files, not parts of them: two workers need two. */
function datatrove(bench) {
  const row = (storage) => ({
    ...{ engine: "datatrove filter", storage, workers: 2, meaning: "exact" },
    argv: [
      ...[bench.python, script("datatrove_filter.py"), "--words", bench.words.file, "--workers", "2"],
      ...pathsOf(bench.corpus, storage),
    ],
    count: (run) => jsonCount("datatrove", bench, run),
  });
  return [row("jsonl, two files"), row("gz, two files")];
}

/** It reads a folder `documents` and writes, beside it, the places of all matches; what it wrote is counted, untimed. */
function dolma(bench) {
  const storage = "gz, two files";
  const folder = join(bench.work, "dolma");
  const experiment = "bench";
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "documents"), { recursive: true });
  for (const path of pathsOf(bench.corpus, storage)) symlinkSync(path, join(folder, "documents", basename(path)));
  return [
    {
      ...{ engine: "dolma tag", storage, workers: 2, meaning: "exact" },
      argv: [
        ...[join(dolmaPython, "../dolma"), "tag", "--documents", join(folder, "documents/*.gz"), "--processes", "2"],
        ...["--tagger_modules", script("dolma_tagger.py"), "--taggers", "keywords", "--experiment", experiment],
        "--ignore_existing",
      ],
      env: { BENCH_WORDS: bench.words.file },
      count: ({ exitCode, stderr }) => {
        const out = join(folder, "attributes", experiment);
        if (exitCode !== 0 || !existsSync(out)) throw new Error(`dolma ended with ${exitCode}:\n${stderr}`);
        const lines = readdirSync(out).flatMap((name) =>
          gunzipSync(readFileSync(join(out, name)))
            .toString()
            .split("\n")
            .slice(0, -1),
        );
        rmSync(out, { recursive: true });
        checkRecords("dolma", bench, lines.length);
        return lines.filter((line) => line.includes('__hit":')).length;
      },
    },
  ];
}

/** The count of a peer that prints `{"records": …, "hit": …}`. */
function jsonCount(name, bench, { exitCode, stdout, stderr }) {
  if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode}:\n${stderr}`);
  const { records, hit } = JSON.parse(stdout);
  checkRecords(name, bench, records);
  return hit;
}

function checkRecords(name, { corpus }, records) {
  if (records !== corpus.records) throw new Error(`${name} read ${records} of ${corpus.records} records`);
}

/** Whether a command can be run. */
export function runs(command, args) {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
