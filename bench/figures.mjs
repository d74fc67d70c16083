/** What the runs of a scan's record come to: rates, shares, and how far the goals are. */
import { median } from "./table.mjs";

/** Share of the processors from which on a run counts as disturbed. */
export const disturbance = 0.05;

/** Whether a run had the machine to itself. What others took does not depend on the engine, so this favours none. */
export function isCalm(run) {
  return run.othersShare <= disturbance;
}

/**
 * Megabytes of text per second, over the median of the calm runs; of all runs where none was calm.
 *
 * @param {import("./scan-table.mjs").Figures} row
 * @param {"wallS" | "cpuS"} field
 * @param {number} textBytes
 */
export function rate(row, field, textBytes) {
  const calm = row.runs.filter(isCalm);
  return textBytes / 1e6 / median((calm.length > 0 ? calm : row.runs).map((run) => run[field]));
}

/**
 * Share of a worker's time that is not inside native calls.
 *
 * @param {import("./orchestration.mjs").Clocked} run
 * @param {"wallS" | "cpuS"} clock
 */
export function betweenCalls({ worker, workerSpan }, clock) {
  return 1 - worker[clock] / workerSpan[clock];
}

/** Share of the whole process, start and end with it, that is not inside native calls. */
export function outsideCalls({ process, main, worker }, clock) {
  return 1 - (main[clock] + worker[clock]) / process[clock];
}

/** @param {number} share 0..1 */
export function percent(share, digits) {
  return `${(share * 100).toFixed(digits)} %`;
}

/**
 * A goal, and what the record says of it. Ours is always the row that finds all kinds, which do more than peers.
 *
 * @typedef {object} Goal
 * @property {string} what
 * @property {string} wanted
 * @property {string} [wall] by the time that passed: what a user sees, where the machine was calm
 * @property {string} [cpu] by processor time, which others disturb less
 */

/**
 * The goals that the rows of a record can tell something of.
 *
 * @param {object} record of schema 2
 * @returns {Goal[]}
 */
export function goalsOf(record) {
  const { rows, corpus, orchestration, memory } = record;
  const of = (field) => (row) => rate(row, field, corpus.textBytes);
  const [wall, cpu] = [of("wallS"), of("cpuS")];
  const find = (name, storage, workers) =>
    rows.find((row) => row.engine.startsWith(name) && row.storage === storage && row.workers === workers);
  const ours = (storage, workers) => find("corpusgate all kinds", storage, workers);
  const fastest = (name, storage, by) =>
    rows.filter((row) => row.engine.startsWith(name) && row.storage === storage).toSorted((a, b) => by(b) - by(a))[0];
  const goals = [];

  const times = (what, wanted, storage, peer) => {
    const mine = ours(storage, 2);
    const [byWall, byCpu] = [fastest(peer, storage, wall), fastest(peer, storage, cpu)];
    if (mine === undefined || byWall === undefined) return;
    const ratio = (by, row) => `${(by(mine) / by(row)).toFixed(2)}x ${row.engine}`;
    goals.push({ what, wanted, wall: ratio(wall, byWall), cpu: ratio(cpu, byCpu) });
  };
  const share = (what, wanted, by, mine, whole) => {
    if (mine !== undefined && whole !== undefined) goals.push({ what, wanted, [by]: percent(mine / whole, 0) });
  };
  const rateOf = (by, row) => (row === undefined ? undefined : by(row));
  const matched = rateOf(cpu, find("match alone all kinds", "memory", 1));
  const decoded = rateOf(cpu, find("decode alone", "parquet", 1));
  const apart = matched === undefined || decoded === undefined ? undefined : 1 / (1 / matched + 1 / decoded);

  times("parquet, 2 workers, of the fastest polars", "10x, or:", "parquet", "polars");
  share("parquet, 1 worker, of decode and match alone", "80 %", "cpu", rateOf(cpu, ours("parquet", 1)), apart);
  times("gz, 2 workers, of the pool", "6x, or:", "gz", "ahocorasick_rs pool");
  const unpacked = fastest("unpack alone", "gz", wall);
  share(
    "gz, 2 workers, of the fastest unpack alone",
    "80 %",
    "wall",
    rateOf(wall, ours("gz", 2)),
    rateOf(wall, unpacked),
  );
  times("jsonl, 2 workers, of ripgrep on the same file", "4x", "jsonl", "ripgrep");
  share("arrow, 1 worker, of match alone", "80 %", "cpu", rateOf(cpu, ours("arrow", 1)), matched);
  for (const [one, two] of [
    ["jsonl", "jsonl"],
    ["parquet", "parquet"],
    ["arrow", "arrow"],
    ["gz", "gz, two files"],
  ]) {
    const [first, second] = [ours(one, 1), ours(two, 2)];
    if (first === undefined || second === undefined) continue;
    goals.push({
      what: `${two}, 2 workers of 1`,
      wanted: "1.9x",
      wall: `${(wall(second) / wall(first)).toFixed(2)}x`,
      // What two free processors would make of the work: twice the rate, less what two workers do more.
      cpu: `${((2 * cpu(second)) / cpu(first)).toFixed(2)}x`,
    });
  }
  for (const { storage, runs } of orchestration) {
    const middle = (of, clock) => percent(median(runs.map((run) => of(run, clock))), 2);
    const row = (what, of) => ({ what, wanted: "at most 2 %", wall: middle(of, "wallS"), cpu: middle(of, "cpuS") });
    goals.push(row(`${storage}, 1 worker, outside native calls while it works`, betweenCalls));
    goals.push(row(`${storage}, 1 worker, outside native calls, start and end with it`, outsideCalls));
  }
  for (const { engine, storage } of memory.filter((row, at) => isFirst(memory, row, at))) {
    const sizes = memory.filter((row) => row.engine === engine && row.storage === storage);
    const [least, most] = [sizes[0], sizes.at(-1)];
    const grown = `${(most.run.peakAnonBytes / least.run.peakAnonBytes).toFixed(2)}x the memory`;
    const text = `${(most.textBytes / least.textBytes).toFixed(0)}x the text`;
    if (least !== most) goals.push({ what: `${engine}, ${storage}, ${text}`, wanted: "1x", wall: grown });
  }
  return goals;
}

function isFirst(memory, { engine, storage }, at) {
  return memory.findIndex((row) => row.engine === engine && row.storage === storage) === at;
}
