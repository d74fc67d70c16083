/**
 * Benchmarks whole processes, from file to report: corpusgate beside what a team would otherwise use, on the same files.
 * Checks that engines count the same before it times them. README.md says how to read the figures.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { formatOf, formats, makeCorpus, removeCorpora, removeCorpus } from "./corpus.mjs";
import { corpusgate, listRows } from "./engines.mjs";
import { describeMachine, describeVersions } from "./machine.mjs";
import { buildProgram } from "./match/program.mjs";
import { measure } from "./measure.mjs";
import { listOf, namesOf, sizeOf, countOf as wholeNumber, withoutPaths } from "./options.mjs";
import { clockScan } from "./orchestration.mjs";
import { dolmaPython } from "./peers.mjs";
import { writeRecord } from "./record.mjs";
import { describeLoad, renderScan } from "./scan-table.mjs";
import { makeWords } from "./words.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** What `--help` and a wrong option print. */
export const usage = `npm run bench -- [scan] [options]
  --text PATH      files or a folder whose texts are repeated (default: examples/corpus); may be given several times
  --size SIZE      text of the corpus (default: 1GB)
  --words PATH     word list or folder of them, of which up to 10,000 are taken (default: examples/library/lists)
  --repeat N       rounds (default: 5)
  --only LIST      names of rows, or their beginnings; also: orchestration, memory, demo
  --storage LIST   only files stored so: jsonl, gz, zst, parquet, arrow
  --memory-sizes LIST
                   texts to measure memory at, such as 1GB,10GB: made by repetition, removed afterwards (default: a
                   quarter, a half and all of --size)
  --out FILE       record (default: bench/records/<date>-scan.json); "none" writes no record
  --clean          remove the corpora of bench/work at the end`;

const work = here("work");
const python = join(work, "venv/bin/python");

/**
 * Runs the benchmark and writes its record.
 *
 * @param {readonly string[]} args what follows the model's name
 */
export async function benchScan(args) {
  const options = readOptions(args);
  const wants = (name) => options.only.length === 0 || options.only.some((only) => name.startsWith(only));
  const started = new Date();
  const words = makeWords(options.words, join(work, "words"));
  const corpus = makeCorpus({ work, python, texts: options.text, size: options.size });
  const bench = { work, python, corpus, words };
  let program;
  const { rows, missing } = listRows(bench, () => (program ??= buildProgram()));
  const chosen = rows
    .filter(({ engine }) => wants(engine))
    // What is in memory is of no format.
    .filter(({ storage }) => [...options.storage, "memory"].includes(formatOf(storage)))
    // A part builds its program when its command line is asked for: before anything is measured.
    .map((row) => ({ ...row, argv: row.argv }));
  for (const { engine, install } of missing) console.log(`missing: ${engine}; to install it: ${install}`);
  const { folder: _, ...corpusKept } = corpus;
  const record = {
    schema: "corpusgate.bench/2",
    started: started.toISOString(),
    command: ["npm run bench --", ...withoutPaths(args)].join(" "),
    repeat: options.repeat,
    machine: describeMachine(),
    versions: describeVersions(python, dolmaPython),
    words: { words: words.words, sha256: words.sha256 },
    corpus: corpusKept,
    rows: await checkCounts(chosen),
    missing,
    orchestration: wants("orchestration") ? options.storage.map((storage) => ({ storage, runs: [] })) : [],
    memory: [],
    demo: null,
  };
  for (let round = 1; round <= options.repeat; round++) {
    for (const [at, row] of chosen.entries()) {
      const run = await measure(row.argv, { env: row.env });
      const count = row.count(run);
      if (count !== record.rows[at].count) {
        throw new Error(`${nameOf(row)} counted ${count}, and ${record.rows[at].count} before`);
      }
      record.rows[at].runs.push(figuresOf({ ...run, ...row.times?.(run) }));
    }
    for (const { storage, runs } of record.orchestration) {
      runs.push(await clockScan(bench, storage));
    }
    console.log(`round ${round} of ${options.repeat} done`);
  }
  if (wants("memory")) record.memory = await measureMemory(bench, options);
  if (wants("demo")) record.demo = await measureDemo(options.repeat);

  console.log(`\n${renderScan(record)}\n\nLoad: ${describeLoad(record)}.`);
  if (options.out !== "none") {
    writeRecord(options.out ?? here(`records/${started.toISOString().slice(0, 10)}-scan.json`), record);
  }
  if (options.clean) removeCorpora(work);
}

function readOptions(args) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      text: { type: "string", multiple: true, default: [here("../examples/corpus")] },
      size: { type: "string", default: "1GB" },
      words: { type: "string", default: here("../examples/library/lists") },
      repeat: { type: "string", default: "5" },
      only: { type: "string", default: "" },
      storage: { type: "string", default: formats.join(",") },
      "memory-sizes": { type: "string" },
      out: { type: "string" },
      clean: { type: "boolean", default: false },
    },
  });
  const size = sizeOf("size", values.size, usage);
  const memorySizes = values["memory-sizes"];
  return {
    ...values,
    size,
    repeat: wholeNumber("repeat", values.repeat, usage),
    only: listOf(values.only),
    storage: namesOf("storage", values.storage, formats),
    memorySizes:
      memorySizes === undefined
        ? [size / 4, size / 2, size]
        : listOf(memorySizes).map((text) => sizeOf("memory-sizes", text, usage)),
  };
}

/** Runs every row once, untimed: it warms the caches of files, and rows of one meaning must count the same. */
async function checkCounts(rows) {
  const checked = [];
  for (const row of rows) {
    const count = row.count(await measure(row.argv, { env: row.env }));
    const { engine, storage, workers, meaning } = row;
    console.log(`${nameOf(row)}: ${count} ${meaning === "unpack" ? "bytes" : "records"}`);
    checked.push({ engine, storage, workers, meaning, count, runs: [] });
  }
  const wrong = [];
  for (const row of checked) {
    const first = checked.find((other) => other.meaning === row.meaning);
    if (row.count !== first.count) {
      wrong.push(`${nameOf(row)} counted ${row.count}, ${nameOf(first)} ${first.count}`);
    }
  }
  if (wrong.length > 0) throw new Error(`nothing was timed, because engines disagree:\n${wrong.join("\n")}`);
  return checked;
}

/** What a scan's memory is measured on: each format by its keyword stage, and lines by the full cascade. */
const memoryRows = [
  ...formats.map((storage) => ({ storage, meaning: "standard" })),
  { storage: "jsonl", meaning: "verdict" },
];

/** Peak memory at each size: it must not grow with the corpus. One file lies there at a time. */
async function measureMemory(bench, options) {
  const rows = [];
  for (const storage of options.storage) {
    for (const size of options.memorySizes) {
      const corpus = makeCorpus({ work, python, texts: options.text, size, storages: [storage] });
      try {
        for (const { meaning } of memoryRows.filter((row) => row.storage === storage)) {
          const row = corpusgate({ ...bench, corpus }, { meaning, storage, workers: 2 });
          const run = await measure(row.argv);
          const { engine } = row;
          rows.push({ engine, storage, textBytes: corpus.textBytes, count: row.count(run), run: figuresOf(run) });
        }
      } finally {
        removeCorpus(corpus);
      }
      console.log(`memory of ${storage}, ${size / 1e6} MB done`);
    }
  }
  return rows;
}

/** The demo as a user starts it, but for npm. */
async function measureDemo(repeat) {
  const runs = [];
  const out = join(work, "demo");
  for (let round = 0; round < repeat; round++) {
    const run = await measure([process.execPath, here("../examples/demo.mjs"), out], { cwd: here("..") });
    if (run.exitCode !== 0) throw new Error(`the demo ended with ${run.exitCode}:\n${run.stdout}`);
    runs.push(figuresOf(run));
    rmSync(out, { recursive: true });
  }
  return runs;
}

/** A run's figures, rounded to what they can mean. */
function figuresOf({ wallS, cpuS, peakRssBytes, peakAnonBytes, othersShare, load1 }) {
  const clean = (value) => Number(value.toFixed(3));
  return {
    ...{ wallS: clean(wallS), cpuS: clean(cpuS), peakRssBytes, peakAnonBytes },
    ...{ othersShare: clean(othersShare), load1: clean(load1) },
  };
}

function nameOf({ engine, storage, workers }) {
  return `${engine}, ${storage}, ${workers} ${workers === 1 ? "worker" : "workers"}`;
}
