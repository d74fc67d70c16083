/**
 * The Node side of the model `column`: answers requests, a line of JSON each, with the built package in the folder that
 * is named. A shard goes through the pool with one worker, as in a scan; a column through the library's API.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { argv, stdin, stdout } from "node:process";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { tableFromIPC, Vector } from "apache-arrow";

const load = (path) => import(pathToFileURL(join(argv[2], "dist", path)).href);
const { loadAddon } = await load("addon/addon.js");
const { ScanPool } = await load("pool/pool.js");
const { Library } = await load("index.js");

const json = (path) => JSON.parse(readFileSync(path, "utf8"));
/** What is read and compiled once, outside of all clocks. */
const kept = new Map();
const keep = async (key, make) => {
  if (!kept.has(key)) kept.set(key, await make());
  return kept.get(key);
};

const pool = new ScanPool(1, () => {});
for await (const line of createInterface({ input: stdin })) {
  stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
await pool.close();

async function answer(request) {
  return request.do === "scan" ? scanShard(request) : matchColumn(request);
}

async function scanShard({ task: path, library }) {
  const { key } = await keep(`compiled ${library}`, () => loadAddon().compileLibrary(json(library)));
  const task = json(path);
  const start = process.cpuUsage();
  const outcome = await pool.run({ shard: "s", library: key, task, scores: null });
  const cpu = secondsSince(start);
  const sources = Object.values(JSON.parse(outcome.result).sources);
  return {
    cpu,
    flagged: sources.reduce((sum, { flagged }) => sum + flagged, 0),
    sha256: createHash("sha256").update(outcome.result).update(readFileSync(task.evidence)).digest("hex"),
  };
}

async function matchColumn({ file, library }) {
  const matcher = await keep(`matcher ${library}`, () => {
    const { entries, options } = json(library);
    return Library.compile({ entries: entries.map(({ text }) => text), options });
  });
  const column = await keep(file, () => tableFromIPC(readFileSync(file)).getChild("text"));
  const start = process.cpuUsage();
  // A batch as a caller gets it: one after the other.
  const tables = column.data.map((batch) => matcher.matchBatch(new Vector([batch])));
  const cpu = secondsSince(start);
  const digest = createHash("sha256");
  for (const table of tables) {
    for (const name of ["row", "entry", "start", "end"]) digest.update(table.getChild(name).data[0].values);
  }
  return { cpu, hits: tables.reduce((sum, table) => sum + table.numRows, 0), sha256: digest.digest("hex") };
}

/** Processor time of the whole process: collector, compiler and all threads included. */
function secondsSince(start) {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}
