/** In what order shards are scanned, which of them share a task, and which part of a plan they belong to. Pure. */
import type { Plan, Shard } from "./plan.ts";

/** Bytes of text that a stored byte stands for, about: ordinary text shrinks so far. Other formats are taken as they are. */
const expansions: Readonly<Record<string, number>> = { "jsonl.gz": 4, "jsonl.zst": 4, parquet: 3 };
/** What opening a file costs, in bytes of text that could be scanned meanwhile. */
const openingBytes = 32 * 1024;

/** What a shard costs to scan, about, in bytes of text: it orders work and tells how much is left, and decides nothing. */
export function costOf(plan: Plan, shard: Shard): number {
  return openingBytes + shard.bytes * (expansions[plan.files[shard.file]?.format ?? ""] ?? 1);
}

/** Shards that a worker scans in one task. */
export type Bundle = readonly Shard[];

/** Shards from this size on have tasks of their own: what a task costs by itself is little beside them. */
const smallBytes = 4 * 1024 * 1024;
/** A task of this size hides what a task costs; beyond it, workers only wait for each other at the end. */
const bundleBytes = 16 * 1024 * 1024;
/** Shards of one task: their results come back in one message. */
const bundleShards = 256;
/** Tasks that each worker is to have at least, if there is so much work: the last ones end at about the same time. */
const tasksPerWorker = 4;

/**
 * The tasks of a scan, in the order in which they are begun: the most costly first. A file that cannot be cut (compressed
 * lines) may be most of a corpus, and whoever begins it last waits for it alone; the small ones fill the gaps at the end.
 * Costs are told by size and format, so what is left at any time is as costly per byte as what was done, and the time
 * left can be told from it.
 *
 * Small shards share tasks. Making evidence and tally durable takes milliseconds whatever their size, and is done once a
 * task; each shard still has evidence and a tally of its own.
 */
export function bundlesOf(plan: Plan, shards: readonly Shard[], workers: number): Bundle[] {
  const costs = new Map(shards.map((shard) => [shard, costOf(plan, shard)]));
  const cost = (shard: Shard) => costs.get(shard) ?? 0;
  const all = shards.reduce((sum, shard) => sum + cost(shard), 0);
  const most = Math.min(bundleBytes, all / (Math.max(1, workers) * tasksPerWorker));
  const bundles: Shard[][] = [];
  let open: Shard[] = [];
  let openCost = 0;
  // Sorting is stable: neighbours in a file or folder stay neighbours.
  for (const shard of shards.toSorted((a, b) => cost(b) - cost(a))) {
    const isFull = cost(shard) >= smallBytes || openCost + cost(shard) > most || open.length >= bundleShards;
    if (open.length > 0 && isFull) {
      bundles.push(open);
      open = [];
      openCost = 0;
    }
    open.push(shard);
    openCost += cost(shard);
  }
  if (open.length > 0) bundles.push(open);
  return bundles;
}

/** A part of a plan: `index` of `count`, from 1. */
export interface Part {
  readonly index: number;
  readonly count: number;
}

/**
 * The parts of a plan, balanced by cost: each shard, the most costly first, goes to the part that has the least so far.
 * Depends on the shards alone, not on their order, so every machine comes to the same parts by itself.
 *
 * @returns `count` lists that hold each shard once, each in the order of the plan; some are empty where there are fewer
 *   shards than parts
 */
export function partsOf(plan: Plan, count: number): Shard[][] {
  const place = new Map(plan.shards.map((shard, index) => [shard, index]));
  const ordered = plan.shards
    .map((shard) => ({ shard, cost: costOf(plan, shard) }))
    .toSorted((a, b) => b.cost - a.cost || (a.shard.id < b.shard.id ? -1 : 1));
  const parts = Array.from({ length: count }, (_, index) => ({ index, cost: 0, shards: [] as Shard[] }));
  // A heap: the least part is at the top, and sinks as it grows.
  const isLess = (a: number, b: number) => {
    const [x, y] = [parts[a], parts[b]];
    return x !== undefined && y !== undefined && (x.cost - y.cost || x.index - y.index) < 0;
  };
  const sink = () => {
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (isLess(child, least)) least = child;
      if (least === at) return;
      [parts[at], parts[least]] = [parts[least] as (typeof parts)[0], parts[at] as (typeof parts)[0]];
      at = least;
    }
  };
  for (const { shard, cost } of ordered) {
    const [least] = parts;
    if (least === undefined) break;
    least.shards.push(shard);
    least.cost += cost;
    sink();
  }
  return parts
    .toSorted((a, b) => a.index - b.index)
    .map(({ shards }) => shards.toSorted((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0)));
}
