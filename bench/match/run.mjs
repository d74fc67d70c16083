/**
 * Benchmarks literal engines alone: one thread, one text, one word list, counts before times. Builds `bench-match`,
 * gives it a plan per set, and makes the record. ../README.md says how to read the figures.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeMachine } from "../machine.mjs";
import { measure } from "../measure.mjs";
import { countOf, listOf, namesOf, sizeOf, withoutPaths } from "../options.mjs";
import { writeRecord } from "../record.mjs";
import { listProcesses, runProcess } from "./processes.mjs";
import { buildProgram, describeProgram } from "./program.mjs";
import { listSets } from "./sets.mjs";
import { renderMatch, renderSet } from "./table.mjs";

/** What `--help` and a wrong option print. */
export const usage = `npm run bench -- match [options]
  --keywords DIR   word lists <zh|en>_<rare|freq>_<size>.txt[.gz]; every one of them, and halves of both languages, is
                   a set. Needs --corpora
  --corpora DIR    texts zh-* and en-*, in any format that corpusgate reads
  --words FILE     word list of one set (default: examples/library/lists); may be given several times
  --text FILE      its text (default: examples/corpus); may be given several times
  --every-second   of each text only the second, fourth ... document: see "What choosing knows" in README.md
  --sets LIST      names of sets, or their beginnings: zh-rare-10k, en
  --mode LIST      exact, whole-word, standard (default: exact)
  --size SIZE      text is repeated up to this (default: 256MB)
  --rounds N       rounds (default: 5)
  --quick          16MB and 2 rounds
  --counts-only    compare counts, time nothing; ends with 1 when engines disagree
  --chunk SIZE     hand the text over in pieces such as 1MB; without it in one call, and in mode standard record by record
  --only LIST      names of engines, or their beginnings
  --vectorscan FILE, --hyperscan FILE
                   their libhs.so.5, where the system has another one or none
  --processes      also engines that run as processes of their own, on the text's beginning
  --process-text SIZE
                   how much of it (default: 16MB)
  --seed N         of the order of documents (default: 1)
  --out FILE       record (default: bench/records/<date>-match.json); "none" writes no record`;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
// Two runs at a time are foolish, but must not read each other's plans.
const work = here(`../work/match-${process.pid}`);

/**
 * Runs the benchmark and writes its record.
 *
 * @param {readonly string[]} args what follows the model's name
 */
export async function benchMatch(args) {
  const options = readOptions(args);
  const sets = listSets(options);
  const program = buildProgram();
  const processes = options.processes ? listProcesses() : { present: [], missing: [] };
  for (const { name, install } of processes.missing) console.log(`missing: ${name}; to install it: ${install}`);
  const started = new Date();
  const record = {
    schema: "corpusgate.bench-match/1",
    started: started.toISOString(),
    command: ["npm run bench -- match", ...withoutPaths(args)].join(" "),
    rounds: options.rounds,
    seed: options.seed,
    everySecond: options["every-second"],
    chunkBytes: options.chunk,
    machine: describeMachine(),
    versions: describeProgram(),
    sets: [],
    missing: processes.missing,
  };
  try {
    for (const mode of options.mode) {
      for (const set of sets) {
        const measured = await runSet(program, set, mode, options, processes.present);
        record.sets.push(measured);
        console.log(`\n${renderSet(measured)}`);
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  if (!options.countsOnly) {
    if (record.sets.length > 1) console.log(`\n${renderMatch(record)}`);
    if (options.out !== "none") {
      writeRecord(options.out ?? here(`../records/${started.toISOString().slice(0, 10)}-match.json`), record);
    }
  }
  if (record.sets.some(({ engines }) => engines.some(({ differs }) => differs !== null))) {
    throw new Error("engines disagree, see above; those that do were not timed");
  }
}

function readOptions(args) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      keywords: { type: "string" },
      corpora: { type: "string" },
      words: { type: "string", multiple: true, default: [] },
      text: { type: "string", multiple: true, default: [] },
      "every-second": { type: "boolean", default: false },
      sets: { type: "string", default: "" },
      mode: { type: "string", default: "exact" },
      size: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      "counts-only": { type: "boolean", default: false },
      chunk: { type: "string" },
      only: { type: "string", default: "" },
      vectorscan: { type: "string" },
      hyperscan: { type: "string" },
      processes: { type: "boolean", default: false },
      "process-text": { type: "string", default: "16MB" },
      seed: { type: "string", default: "1" },
      out: { type: "string" },
    },
  });
  const countsOnly = values["counts-only"];
  return {
    ...values,
    countsOnly,
    sets: listOf(values.sets),
    mode: namesOf("mode", values.mode, ["exact", "whole-word", "standard"]),
    only: listOf(values.only),
    // Counts need no repetition: the smallest size is one copy.
    size: sizeOf("size", values.size ?? (countsOnly ? "1MB" : values.quick ? "16MB" : "256MB"), usage),
    rounds: countsOnly ? 0 : countOf("rounds", values.rounds ?? (values.quick ? "2" : "5"), usage),
    chunk: values.chunk === undefined ? null : sizeOf("chunk", values.chunk, usage),
    processText: sizeOf("process-text", values["process-text"], usage),
    seed: countOf("seed", values.seed, usage),
  };
}

/** One set in one mode: the engines of `bench-match`, then those that are processes. */
async function runSet(program, set, mode, options, processes) {
  mkdirSync(work, { recursive: true });
  const plan = join(work, "plan.json");
  const wantsProcesses = processes.length > 0 && mode === "exact";
  writeFileSync(
    plan,
    JSON.stringify({
      words: set.words,
      text: set.text,
      everySecond: options["every-second"],
      mode,
      seed: options.seed,
      sizeBytes: options.size,
      chunkBytes: mode === "standard" ? null : options.chunk,
      rounds: options.rounds,
      engines: options.only.length === 0 ? null : options.only,
      libraries: { vectorscan: options.vectorscan ?? null, hyperscan: options.hyperscan ?? null },
      export: wantsProcesses ? { folder: work, bytes: options.processText } : null,
    }),
  );
  const run = await measure([program, plan]);
  if (run.exitCode !== 0) throw new Error(`${set.name}: ${run.stderr}`);
  const report = JSON.parse(run.stdout);
  const own = { words: join(work, "words.txt"), text: join(work, "text.txt"), expected: report.beginning };
  const results = [];
  for (const process of wantsProcesses ? processes : []) {
    if (options.only.length > 0 && !options.only.some((only) => process.name.startsWith(only))) continue;
    results.push(await runProcess(process, own));
  }
  if (report.engines.length + results.length === 0) throw new Error(`--only ${options.only.join(",")}: no such engine`);
  const { othersShare, load1 } = run;
  return { name: set.name, note: set.note ?? null, ...report, processes: results, othersShare, load1 };
}
