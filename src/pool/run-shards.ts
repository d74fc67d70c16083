/**
 * Scans the shards of a plan that have no tally yet, as many at a time as there are workers. A shard that fails twice is
 * given up, and the scan goes on; what would fail every shard ends it.
 */
import { loadAddon } from "../addon/addon.ts";
import type { DeviceThread } from "../classify/device.ts";
import { bundlesOf } from "../corpus/order.ts";
import type { Plan, PlanFile, Shard } from "../corpus/plan.ts";
import { messageOf, ScanError } from "../errors.ts";
import type { RunFolder } from "../run/folder.ts";
import { givenUpResult, parseShardTally, redrawnTally, type TallyHead, tallyText } from "../tally/shard-tally.ts";
import type { BundleOutcome, CancelFlag, ShardProgress } from "./messages.ts";
import { cancelWorkers, newCancelFlag, ScanPool } from "./pool.ts";

/** A shard, and how much of it is to be done. */
export interface Work {
  readonly shard: Shard;
  /** Text of its tally under another seed: its counts stand, and what is drawn of it is drawn anew. Null: all of it. */
  readonly counted: string | null;
}

/** How a shard is scanned in one task or another. */
export interface TaskMode {
  /** Its counts are known, and only its evidence is drawn anew. */
  readonly redraw: boolean;
  /** Its evidence is on disk when it ends; otherwise that is done for several shards together. */
  readonly durable: boolean;
}

/** What the shards are scanned with. */
export interface ShardRun {
  readonly folder: RunFolder;
  readonly plan: Plan;
  readonly workers: number;
  readonly device: DeviceThread | null;
  /** Script of the workers. */
  readonly script: URL;
  /** Key of the compiled library. */
  readonly library: string;
  /** The native task of a shard. */
  readonly task: (shard: Shard, how: TaskMode) => unknown;
  readonly onProgress: (progress: ShardProgress) => void;
  /** A shard has ended: its tally is on disk. */
  readonly onShard: (shard: Shard) => void;
  readonly onNote: (message: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** Shards given up in a row, none done between, after which the machine is at fault and not the shards. */
const mostGivenUpInRow = 16;

/**
 * Scans shards and writes their tallies. A tally is written when its evidence is whole, so a shard is done or not.
 *
 * Shards that were in hand when a process crashed come first, each alone, so that only the one that crashes again is
 * given up.
 *
 * @throws ScanError `interrupted` after an abort, once the batches in hand are done; `environment` or `corpus-changed`
 *   when going on is of no use
 */
export async function runShards(run: ShardRun, works: readonly Work[]): Promise<void> {
  if (works.length === 0) return;
  run.signal?.throwIfAborted();
  const { culprits, suspects } = run.folder.journal;
  const [guilty, suspected, others] = [[], [], []] as [Work[], Work[], Work[]];
  for (const work of works) {
    const { id } = work.shard;
    (culprits.has(id) ? guilty : suspects.has(id) ? suspected : others).push(work);
  }
  const cancel = newCancelFlag();
  const onAbort = () => cancelWorkers(cancel);
  run.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    for (const { shard } of guilty)
      giveUp(run, shard, `the process that scanned it ended twice, by ${culprits.get(shard.id)}`);
    await drain({ ...run, workers: 1 }, cancel, suspected, true);
    await drain(run, cancel, others, false);
  } finally {
    run.signal?.removeEventListener("abort", onAbort);
  }
  if (run.signal?.aborted === true) {
    throw new ScanError("interrupted", `interrupted; the same command with --out ${run.folder.path} goes on from here`);
  }
}

/** Scans shards until none is left, one fails for good, or the scan is to stop. */
async function drain(run: ShardRun, cancel: CancelFlag, works: readonly Work[], alone: boolean): Promise<void> {
  if (works.length === 0 || run.signal?.aborted === true) return;
  const bundles = alone ? works.map((work) => [work]) : bundle(run, works);
  const workers = Math.min(run.workers, bundles.length);
  const newPool = (size: number) =>
    new ScanPool({ workers: size, cancel, script: run.script, onProgress: run.onProgress });
  const pool = newPool(workers);
  // The first one last, where taking it and putting some before it cost nothing.
  const stack = bundles.toReversed();
  let failed: unknown;
  const work = async () => {
    for (let works = stack.pop(); works !== undefined; works = stack.pop()) {
      if (failed !== undefined || run.signal?.aborted === true) return;
      try {
        const [one] = works;
        if (works.length === 1 && one !== undefined) await runShard(run, pool, newPool, one, alone);
        else for (const again of await runBundle(run, pool, works)) stack.push([again]);
      } catch (error) {
        failed ??= error;
        cancelWorkers(cancel);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: workers }, work));
  } finally {
    await pool.close();
  }
  // Tallies of bundles are durable now; one that a crash of the machine took or cut before is made again.
  if (bundles.length < works.length) loadAddon().syncFiles(run.folder.path);
  // A read that was stopped says no more than the signal does.
  if (failed !== undefined && !(failed instanceof ScanError && failed.code === "interrupted")) throw failed;
}

function bundle(run: ShardRun, works: readonly Work[]): Work[][] {
  const byShard = new Map(works.map((work) => [work.shard, work]));
  return bundlesOf(run.plan, [...byShard.keys()], run.workers).map((shards) =>
    shards.flatMap((shard) => byShard.get(shard) ?? []),
  );
}

/**
 * Scans several shards in one task and writes their tallies.
 *
 * @returns what is to be scanned by itself, the last one first: all where the task failed, because it shows then which of
 *   them it was
 */
async function runBundle(run: ShardRun, pool: ScanPool, works: readonly Work[]): Promise<Work[]> {
  const { journal } = run.folder;
  for (const { shard } of works) journal.begin(shard.id, false);
  let results: BundleOutcome;
  try {
    results = await onWorker(run, pool, works);
  } catch (error) {
    const failure = await shardError(run, works[0]?.shard as Shard, error);
    if (failure.code !== "internal") throw failure;
    return works.toReversed();
  }
  const again: Work[] = [];
  works.forEach((work, at) => {
    const result = results[at];
    if (result === undefined) {
      journal.stop(work.shard.id);
      return;
    }
    try {
      const text = readResult(run, work, result);
      if (text === null) again.unshift({ ...work, counted: null });
      else finish(run, work.shard, text, false);
    } catch (error) {
      if (error instanceof ScanError) throw error;
      again.unshift(work);
    }
  });
  return again;
}

/** Scans one shard, a second time on a worker of its own if it fails, and writes its tally. */
async function runShard(
  run: ShardRun,
  pool: ScanPool,
  newPool: (size: number) => ScanPool,
  { shard, counted }: Work,
  alone: boolean,
): Promise<void> {
  run.folder.journal.begin(shard.id, alone);
  let text: string | null;
  try {
    text = await scanShard(run, pool, { shard, counted });
  } catch (error) {
    const first = await shardError(run, shard, error);
    if (first.code !== "internal") throw first;
    run.onNote(`${placeOf(run.plan, shard)}: ${first.message}; it is scanned again`);
    const fresh = newPool(1);
    try {
      // In full: what is known of the shard may be what is wrong.
      text = await scanShard(run, fresh, { shard, counted: null });
    } catch (error) {
      const second = await shardError(run, shard, error);
      if (second.code !== "internal") throw second;
      giveUp(run, shard, `it failed twice: ${second.message}`);
      return;
    } finally {
      await fresh.close();
    }
  }
  if (text === null) run.folder.journal.stop(shard.id);
  else finish(run, shard, text, true);
}

/** Scans a shard on a worker. Returns the text of its tally, or null when it was stopped. */
async function scanShard(run: ShardRun, pool: ScanPool, work: Work): Promise<string | null> {
  const [result] = await onWorker(run, pool, [work]);
  if (result === undefined) return null;
  return readResult(run, work, result) ?? scanShard(run, pool, { ...work, counted: null });
}

async function onWorker(run: ShardRun, pool: ScanPool, works: readonly Work[]): Promise<BundleOutcome> {
  // Evidence is durable before its tally is written: by itself, or with that of the others.
  const durable = works.length === 1;
  return pool.run({
    library: run.library,
    shards: works.map(({ shard, counted }) => ({
      shard: shard.id,
      task: run.task(shard, { redraw: counted !== null, durable }),
    })),
    sync: durable ? null : run.folder.path,
    scores: run.device?.connect() ?? null,
  });
}

/**
 * The text of a shard's tally; null when its counts do not stand and it is to be scanned in full.
 *
 * @throws Error `internal: …` when the result is no tally
 */
function readResult(run: ShardRun, { shard, counted }: Work, result: string): string | null {
  const head = headOf(run.plan, shard);
  if (counted !== null) {
    const redrawn = redrawnTally(head, counted, result);
    if (redrawn !== null) return redrawn;
    run.onNote(`${placeOf(run.plan, shard)}: it does not count as it did before; it is scanned anew`);
    return null;
  }
  const text = tallyText(head, JSON.parse(result));
  if (parseShardTally(text, head.planDigest, shard.id) === null) {
    throw new Error(`internal: the tally does not add up: ${text.slice(0, 500)}`);
  }
  return text;
}

function finish(run: ShardRun, shard: Shard, text: string, durable: boolean): void {
  run.folder.finish(shard, text, durable);
  run.folder.journal.end(shard.id, true);
  run.onShard(shard);
}

/** Records that a shard has no verdicts: from here on it is done with. */
function giveUp(run: ShardRun, shard: Shard, why: string): void {
  const { folder, plan } = run;
  const file = plan.files[shard.file] as PlanFile;
  // A report names files as the plan does, and is the same on every machine.
  const place = `${shard.range.unit} ${shard.range.start} to ${shard.range.end}`;
  const detail = `${place}: ${why.replaceAll(file.absolutePath, file.path).slice(0, 300)}`;
  folder.finish(shard, tallyText(headOf(plan, shard), givenUpResult(detail)));
  folder.journal.end(shard.id, false);
  run.onNote(`${file.path}, ${detail}; its records are reported as worker-died`);
  run.onShard(shard);
  if (folder.journal.givenUpInRow >= mostGivenUpInRow) {
    throw new ScanError(
      "environment",
      `${mostGivenUpInRow} shards in a row could not be scanned, the last one being ${file.path}, ${detail}; ` +
        `this is the machine, not the corpus. When it is well, the same command with --update and --out ${folder.path} tries them again`,
    );
  }
}

function headOf(plan: Plan, shard: Shard): TallyHead {
  return { planDigest: plan.planDigest, rules: plan.rules, shard: shard.id, file: plan.files[shard.file]?.path ?? "" };
}

function placeOf(plan: Plan, shard: Shard): string {
  return `${plan.files[shard.file]?.path}, ${shard.range.unit} ${shard.range.start} to ${shard.range.end}`;
}

/**
 * What ended the task of a shard. Errors of workers come as `code: message`. `internal` is what may be the fault of the
 * shard: anything that is not known to be that of the machine, the corpus or the caller.
 */
async function shardError(run: ShardRun, shard: Shard, error: unknown): Promise<ScanError> {
  if (error instanceof ScanError) return error;
  const [, code = "", message = ""] = /^([a-z-]+): ([\s\S]*)$/.exec(messageOf(error)) ?? [];
  const options = { cause: error };
  switch (code) {
    case "config":
    case "corpus-changed":
    case "interrupted":
      return new ScanError(code, message, options);
    case "environment":
      return (await run.device?.failure()) ?? new ScanError(code, message, options);
    case "task":
    case "argument":
      // The same for every shard; no retry mends it.
      return new ScanError("environment", `${placeOf(run.plan, shard)}: ${message}`, options);
    case "internal":
    case "redraw":
      return new ScanError("internal", message, options);
    default:
      return new ScanError("internal", messageOf(error), options);
  }
}
