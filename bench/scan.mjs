/**
 * Benchmarks whole processes, from file to report: corpusgate beside what a team would otherwise use, on the same files.
 * Checks that engines count the same before it times them. README.md says how to read the figures.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeCorpus, pathOf, removeCorpora, storages } from "./corpus.mjs";
import { countOf, listRows } from "./engines.mjs";
import { describeMachine, describeVersions } from "./machine.mjs";
import { measure } from "./measure.mjs";
import { describeLoad, renderRecord, writeRecord } from "./record.mjs";
import { makeWordSets } from "./words.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** What `--help` and a wrong option print. */
export const usage = `npm run bench -- [scan] [options]
  --text PATH      files or a folder whose texts are repeated (default: examples/corpus); may be given several times
  --size SIZE      text of the corpus (default: 1GB)
  --words PATH     word list or folder of them (default: examples/library/lists)
  --repeat N       rounds (default: 5)
  --only LIST      names of engines, or their beginnings; also: demo, memory
  --storage LIST   only files stored so: jsonl, gz, parquet, arrow
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
  const record = {
    schema: "corpusgate.bench/1",
    started: started.toISOString(),
    command: ["npm run bench --", ...args].join(" "),
    repeat: options.repeat,
    machine: describeMachine(),
    versions: describeVersions(python),
    words: makeWordSets(options.words, join(work, "words")),
    corpus: makeCorpus({ work, python, texts: options.text, size: options.size, formats: storages }),
    rows: [],
    missing: [],
    memory: [],
    demo: null,
  };
  const { words, corpus } = record;
  const { rows, missing } = listRows({ work, python, corpus, words });
  const chosen = rows
    .filter((row) => (row.onRequest ? options.only.includes(row.engine) : wants(row.engine)))
    .filter((row) => options.storage.length === 0 || options.storage.includes(row.storage));
  record.missing = missing;
  for (const { engine, install } of missing) console.log(`missing: ${engine}; to install it: ${install}`);

  record.rows = await checkCounts(chosen);
  for (let round = 1; round <= options.repeat; round++) {
    for (const [at, row] of chosen.entries()) {
      const run = await measure(row.argv);
      const count = row.count(run);
      if (count !== record.rows[at].count) {
        throw new Error(`${nameOf(row)} counted ${count}, and ${record.rows[at].count} before`);
      }
      record.rows[at].runs.push(figuresOf(run));
    }
    console.log(`round ${round} of ${options.repeat} done`);
  }
  if (wants("memory")) record.memory = await measureMemory(options);
  if (wants("demo")) record.demo = await measureDemo(options.repeat);

  console.log(`\n${renderRecord(record)}\n\nLoad: ${describeLoad(record)}.`);
  if (options.out !== "none") {
    writeRecord(options.out ?? here(`records/${started.toISOString().slice(0, 10)}-scan.json`), withoutPaths(record));
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
      storage: { type: "string", default: "" },
      out: { type: "string" },
      clean: { type: "boolean", default: false },
    },
  });
  const [, digits, unit] = /^(\d+)(MB|GB)$/.exec(values.size) ?? [];
  const size = Number(digits) * (unit === "GB" ? 1e9 : 1e6);
  const repeat = Number(values.repeat);
  if (!(size > 0)) throw new Error(`--size ${values.size}: a size such as 250MB or 1GB was expected\n${usage}`);
  if (!Number.isInteger(repeat) || repeat < 1)
    throw new Error(`--repeat ${values.repeat}: a count was expected\n${usage}`);
  const list = (text) => text.split(",").filter((name) => name !== "");
  return { ...values, size, repeat, only: list(values.only), storage: list(values.storage) };
}

/** Runs every row once, untimed: it warms the caches of files, and rows of one meaning must count the same. */
async function checkCounts(rows) {
  const checked = [];
  for (const row of rows) {
    const count = row.count(await measure(row.argv));
    console.log(`${nameOf(row)}: ${count} records`);
    const { engine, storage, workers, meaning, differs } = row;
    checked.push({ engine, storage, workers, meaning, differs, count, runs: [] });
  }
  const wrong = [];
  for (const row of checked) {
    const first = checked.find((other) => other.meaning === row.meaning && other.differs === undefined);
    if (row.differs === undefined && row.count !== first.count) {
      wrong.push(`${nameOf(row)} counted ${row.count} records, ${nameOf(first)} ${first.count}`);
    }
  }
  if (wrong.length > 0) throw new Error(`nothing was timed, because engines disagree:\n${wrong.join("\n")}`);
  return checked;
}

/** Peak memory at a quarter, a half and all of the size: it must not grow with the corpus. */
async function measureMemory(options) {
  const rows = [];
  for (const part of [4, 2, 1]) {
    const size = options.size / part;
    const corpus = makeCorpus({ work, python, texts: options.text, size, formats: ["jsonl", "parquet"] });
    for (const storage of ["jsonl", "parquet"]) {
      const out = join(work, "run");
      const scan = ["scan", pathOf(corpus, storage), "--out", out, "--fresh", "--quiet"];
      const run = await measure([
        ...[process.execPath, here("../dist/cli/corpusgate.js"), ...scan, "--device", "cpu", "--workers", "2"],
      ]);
      rows.push({
        storage,
        textBytes: corpus.textBytes,
        count: countOf(out, corpus, "verdict", run),
        run: figuresOf(run),
      });
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
  const round = (value, unit) => Math.round(value / unit) * unit;
  const clean = (value) => Number(value.toFixed(3));
  return {
    wallS: clean(wallS),
    cpuS: clean(round(cpuS, 0.01)),
    peakRssBytes,
    peakAnonBytes,
    othersShare: clean(othersShare),
    load1: clean(load1),
  };
}

/** A record goes into the repository: what it holds of paths is of no use to others. */
function withoutPaths(record) {
  const { plain, folded } = record.words;
  const set = ({ words, sha256 }) => ({ words, sha256 });
  const { folder: _, ...corpus } = record.corpus;
  return { ...record, corpus, words: { plain: set(plain), folded: set(folded) } };
}

function nameOf({ engine, storage, workers }) {
  return `${engine}, ${storage}, ${workers} workers`;
}
