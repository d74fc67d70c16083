/**
 * What Node costs: whole shards and Arrow columns through the addon, beside the same work called from Rust, on the same
 * files with the same task. Both sides must come out with the same bytes before anything is timed.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { describeMachine } from "../machine.mjs";
import { buildProgram, describeProgram } from "../match/program.mjs";
import { listSets } from "../match/sets.mjs";
import { countOf, listOf, namesOf, sizeOf, withoutPaths } from "../options.mjs";
import { writeRecord } from "../record.mjs";
import { describeColumnLoad, renderColumn } from "./table.mjs";

/** What `--help` and a wrong option print. */
export const usage = `npm run bench -- column [options]
  --keywords DIR, --corpora DIR, --words FILE, --text FILE, --sets LIST, --seed N
                   as in match
  --size SIZE      text of a shard (default: 256MB)
  --storage LIST   shards: arrow, parquet (default: both)
  --profile LIST   of the library: standard, exact (default: standard)
  --rounds N       rounds (default: 5)
  --quick          16MB and 2 rounds
  --package DIR    the built package that Node loads (default: this one, after npm run build)
  --out FILE       record (default: bench/records/<date>-column.json); "none" writes no record`;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
// Two runs at a time are foolish, but must not read each other's shards.
const work = here(`../work/column-${process.pid}`);

/** Most bytes of text in one batch, as scans ask for. */
const batchBytes = 1 << 20;

/**
 * Runs the benchmark and writes its record.
 *
 * @param {readonly string[]} args what follows the model's name
 */
export async function benchColumn(args) {
  const options = readOptions(args);
  const sets = listSets(options);
  const program = buildProgram();
  const product = await loadProduct(options.package);
  const started = new Date();
  const record = {
    schema: "corpusgate.bench-column/1",
    started: started.toISOString(),
    command: ["npm run bench -- column", ...withoutPaths(args)].join(" "),
    rounds: options.rounds,
    seed: options.seed,
    machine: describeMachine(),
    versions: { ...describeProgram(), node: process.versions.node, addon: product.addon.sourceHash().slice(0, 12) },
    rows: [],
  };
  try {
    for (const set of sets) {
      for (const row of await runSet(program, product, set, options)) {
        record.rows.push(row);
        console.log(`\n${renderColumn({ rows: [row] })}`);
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  if (record.rows.length > 1) console.log(`\n${renderColumn(record)}`);
  console.log(`\nLoad: ${describeColumnLoad(record)}.`);
  if (options.out !== "none") {
    writeRecord(options.out ?? here(`../records/${started.toISOString().slice(0, 10)}-column.json`), record);
  }
  if (record.rows.some(({ differs }) => differs !== null)) {
    throw new Error("Rust and Node disagree, see above; what they disagree about was not timed");
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
      sets: { type: "string", default: "" },
      size: { type: "string" },
      storage: { type: "string", default: "arrow,parquet" },
      profile: { type: "string", default: "standard" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      package: { type: "string", default: here("../..") },
      seed: { type: "string", default: "1" },
      out: { type: "string" },
    },
  });
  return {
    ...values,
    package: resolve(values.package),
    sets: listOf(values.sets),
    storage: namesOf("storage", values.storage, ["arrow", "parquet"]),
    profile: namesOf("profile", values.profile, ["standard", "exact"]),
    size: sizeOf("size", values.size ?? (values.quick ? "16MB" : "256MB"), usage),
    rounds: countOf("rounds", values.rounds ?? (values.quick ? "2" : "5"), usage),
    seed: countOf("seed", values.seed, usage),
  };
}

/** The built package: what plans a scan is taken from it, so that the task is one that a scan would have. */
async function loadProduct(folder) {
  const file = (path) => join(folder, "dist", path);
  if (!existsSync(file("addon/addon.js"))) throw new Error(`${folder} is not built: npm run build`);
  const load = (path) => import(pathToFileURL(file(path)).href);
  const { keptPerSource, keySpace } = await load("sampling/sampling.js");
  return { folder, addon: (await load("addon/addon.js")).loadAddon(), keptPerSource, keySpace };
}

/** Shards and libraries of one set, and all rows about them. */
async function runSet(program, product, set, options) {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const write = (name, value) => {
    writeFileSync(join(work, name), JSON.stringify(value));
    return join(work, name);
  };
  const { words: wordFiles, text: textFiles } = set;
  const { storage, seed, size: sizeBytes } = options;
  const plan = write("shards.json", { words: wordFiles, text: textFiles, seed, sizeBytes, folder: work, storage });
  const made = execFileSync(program, ["--shards", plan], { encoding: "utf8", maxBuffer: 1 << 30 });
  const { words, files, ...shards } = JSON.parse(made);
  const rust = new Side("Rust", program, ["--serve"]);
  const node = new Side("Node", process.execPath, [here("node.mjs"), product.folder]);
  const rows = [];
  try {
    for (const profile of options.profile) {
      const library = write(`library-${profile}.json`, libraryOf(words, profile));
      const about = { set: set.name, note: set.note ?? null, profile, words: words.length, ...shards };
      for (const { storage, path, storedBytes } of files) {
        const task = write(`task-${storage}.json`, taskOf(product, path));
        const request = { task, library };
        const runs = [
          { name: "read", side: rust, request: { do: "read", ...request } },
          { name: "scan", side: rust, request: { do: "scan", ...request } },
          { name: "node", side: node, request: { do: "scan", ...request } },
        ];
        rows.push({ kind: "shard", storage, storedBytes, ...about, ...(await compare(runs, options.rounds)) });
        if (storage !== "arrow") continue;
        const columns = { do: "match", file: path, library };
        const sides = [
          { name: "match", side: rust, request: columns },
          { name: "node", side: node, request: columns },
        ];
        rows.push({ kind: "column", storage, storedBytes, ...about, ...(await compare(sides, options.rounds)) });
      }
    }
  } finally {
    rust.close();
    node.close();
  }
  return rows;
}

/** Every word is an entry that flags by itself: the most that a keyword stage has to write down. */
function libraryOf(words, profile) {
  return {
    ids: words,
    entries: words.map((text) => ({ text, mask: 1, severity: 2 })),
    options: { profile, overlap: "all" },
  };
}

/** The task of a scan with the keyword stage alone, for one whole file. */
function taskOf({ addon, keptPerSource, keySpace }, path) {
  const read = { format: null, encoding: "utf-8", textColumn: "text", idColumn: "id", sourceColumn: null };
  const { size, modifiedNs, head, foot, blocks, error } = addon.inspectFile(path, read);
  if (error !== null) throw new Error(error.message);
  return {
    path,
    file: "text",
    read,
    identity: { size, modifiedNs, head, foot },
    range: { unit: "blocks", start: 0, end: blocks.length },
    source: "bench",
    seed: "0".repeat(64),
    keySpace,
    keepSmallest: keptPerSource,
    sampleOnly: false,
    rules: { blockSeverity: 2, reviewSeverity: 1, flaggedMask: 1, unqualifiedMask: 1, outputs: [] },
    keywords: true,
    classifier: null,
    stageMissing: false,
    riskNames: ["A1"],
    batchBytes,
    packIds: 1 << 18,
    redraw: false,
    evidence: join(work, "evidence.arrow"),
  };
}

/** Lets all run once and compares what they found; then times them, taking turns. */
async function compare(runs, rounds) {
  const answers = [];
  for (const { side, request } of runs) answers.push(await side.ask(request));
  const found = (key) => answers.map((answer) => answer[key]).filter((value) => value !== undefined);
  const differs = ["hits", "flagged", "sha256"].filter((key) => new Set(found(key)).size > 1);
  const times = Object.fromEntries(runs.map(({ name }) => [name, []]));
  if (differs.length === 0) {
    for (let round = 0; round < rounds; round++) {
      // Each round starts with another one, so that none always follows the same one.
      for (let at = 0; at < runs.length; at++) {
        const { name, side, request } = runs[(round + at) % runs.length];
        const { cpu, wall } = await side.ask(request);
        times[name].push({ cpu, wall });
      }
    }
  }
  const shown = differs.map((key) => `${key} ${found(key).join(", ")}`);
  return {
    hits: found("hits")[0],
    flagged: found("flagged")[0] ?? null,
    sha256: found("sha256")[0],
    differs: differs.length === 0 ? null : shown.join("; "),
    times,
  };
}

/** A process that answers requests, a line of JSON each. */
class Side {
  #child;
  #lines;
  #name;
  #ended;

  constructor(name, command, args) {
    this.#name = name;
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    // A process that dies is told by the answer that does not come.
    this.#child.stdin.on("error", () => {});
    this.#ended = new Promise((_, reject) => this.#child.on("error", reject));
    this.#ended.catch(() => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Asks, and adds the seconds that passed until the answer, of which the clock of a busy machine has many. */
  async ask(request) {
    const start = performance.now();
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await Promise.race([this.#lines.next(), this.#ended]);
    if (done) throw new Error(`the ${this.#name} side ended, see above`);
    return { ...JSON.parse(value), wall: (performance.now() - start) / 1000 };
  }

  close() {
    this.#child.stdin.end();
  }
}
