/** The main job: corpus → plan → shards → tallies → samples → gates → report. Reads like the flow; parts do the work. */
import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { resolve } from "node:path";
import { loadAddon } from "./addon/addon.ts";
import { compileLibrary } from "./addon/library.ts";
import { DeviceThread } from "./classify/device.ts";
import type { Device } from "./classify/messages.ts";
import { type InputOptions, type Inputs, loadInputs, nativeRules } from "./config/inputs.ts";
import { type Plan, planScan, type Shard } from "./corpus/plan.ts";
import { ScanError } from "./errors.ts";
import { drawSamples } from "./evidence/draw.ts";
import { type Draw, drawSizes, shortSources } from "./evidence/drawn.ts";
import { leastMemory, type MemoryNeeds, type MemoryPlan, planMemory } from "./pool/memory.ts";
import type { ShardProgress } from "./pool/messages.ts";
import { workerScript } from "./pool/pool.ts";
import { runShards, type Work } from "./pool/run-shards.ts";
import { buildReport } from "./report/build.ts";
import { renderHtml } from "./report/html.ts";
import { type Report, reportText } from "./report/report.ts";
import { RunFolder } from "./run/folder.ts";
import type { Crash } from "./run/journal.ts";
import { keptPerSource, keySpace, wholeKeySpace } from "./sampling/sampling.ts";
import { riskMask, risks } from "./standard/risks.ts";
import { mergeTallies } from "./tally/merge.ts";

/** How a scan runs. Nothing here changes a report but the inputs. */
export interface ScanOptions extends InputOptions {
  /** Run folder; default `./corpusgate-run`. */
  readonly out?: string | undefined;
  /** Scan workers; default one per core. */
  readonly workers?: number | undefined;
  /**
   * Memory to stay within, in bytes, without pages of mapped files; default a quarter of what the process may use
   * (the machine, or its control group).
   */
  readonly memoryBytes?: number | undefined;
  /** Size of a shard in stored bytes; default 128 MiB. */
  readonly shardBytes?: number | undefined;
  /** `cuda` means CUDA or an error; `auto` takes what works and says so. Default `auto`. */
  readonly device?: Device | undefined;
  /**
   * Goes on in a folder that holds another plan: counts of shards whose files and rules did not change stand, and the
   * report is that of a fresh scan. Shards that were given up are tried again.
   */
  readonly update?: boolean | undefined;
  /** Removes what an earlier run left in the folder. */
  readonly fresh?: boolean | undefined;
  /** Stops the scan after the batches in hand; the folder can be resumed. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: ScanEvent) => void) | undefined;
  /** Share of the key space, in parts of 2^32, and records per source that the first pass keeps for the draw. */
  readonly sampling?: { readonly keySpace: number; readonly keptPerSource: number } | undefined;
}

/** What a scan tells while it runs. Bytes are stored bytes of shards for `plan`, text bytes for `progress`. */
export type ScanEvent =
  | { readonly kind: "plan"; readonly plan: Plan; readonly plannedBytes: number; readonly doneBytes: number }
  | { readonly kind: "note"; readonly message: string }
  | { readonly kind: "progress"; readonly progress: ShardProgress }
  | { readonly kind: "shard"; readonly shard: Shard }
  | { readonly kind: "second-pass"; readonly sources: readonly string[] };

/** What a scan gives back. */
export interface ScanResult {
  readonly report: Report;
  /** The run folder. */
  readonly folder: string;
}

/** What the command knows beside its options, and tests change. */
export interface ScanSetting {
  /** The run that this process belongs to, and how the one before it crashed. */
  readonly crash?: Crash | undefined;
  /** Script of the scan workers. */
  readonly script?: URL | undefined;
}

const defaultShardBytes = 128 * 1024 * 1024;

/** Plans a scan without running it: what `--dry-run` shows. */
export function planOnly(paths: readonly string[], options: ScanOptions = {}): { inputs: Inputs; plan: Plan } {
  const inputs = loadInputs(paths, options);
  return { inputs, plan: planInputs(inputs, options) };
}

function planInputs(inputs: Inputs, options: ScanOptions): Plan {
  return planScan(loadAddon(), {
    ...inputs,
    libraryDigest: inputs.library.digest,
    modelDigests: inputs.model === null ? [] : [inputs.model.digest],
    shardBytes: options.shardBytes ?? defaultShardBytes,
  });
}

/**
 * Scans a corpus and decides its sources, in this process: a crash of native code (a mapped file that someone cuts, no
 * memory left) ends the caller, too, and the same call goes on from there. The command puts a process of its own around
 * it, which starts it again.
 *
 * @param corpus - a `corpus.yaml`, or data files, folders and globs, each file a source
 * @returns the report, which also lies in the run folder as `report.json` and `report.html`
 * @throws ScanError when the inputs are wrong, the folder is taken, or the scan was interrupted; what a corpus holds
 *   never throws
 */
export async function scan(corpus: string | readonly string[], options: ScanOptions = {}): Promise<ScanResult> {
  return runScan(corpus, options, {});
}

/** What `scan` does, with what only the command and tests set. */
export async function runScan(
  corpus: string | readonly string[],
  options: ScanOptions,
  setting: ScanSetting,
): Promise<ScanResult> {
  const emit = options.onEvent ?? (() => {});
  const { inputs, plan: fresh } = planOnly(typeof corpus === "string" ? [corpus] : corpus, options);
  const compiled = compileLibrary(
    inputs.library.entries,
    { ...inputs.library.options, overlap: "all" },
    inputs.library.compiled,
  );
  const { memory, notes } = shareMemory(inputs, compiled.heapBytes, options);
  const folder = RunFolder.open(resolve(options.out ?? "corpusgate-run"), {
    fresh: options.fresh ?? false,
    crash: setting.crash ?? { run: randomUUID(), how: null },
  });
  try {
    const { plan, updated } = folder.adopt(fresh, about(inputs), options.update ?? false);
    folder.sweep();
    const open: Work[] = [];
    for (const shard of plan.shards) {
      if (folder.finished(shard, plan) !== null) continue;
      // Of a sample nothing but the draw is assessed: there are no counts that could stand.
      open.push({ shard, counted: inputs.sample === null ? folder.counted(shard, plan) : null });
    }
    const bytesOf = (shards: readonly Shard[]) => shards.reduce((sum, shard) => sum + shard.bytes, 0);
    const plannedBytes = bytesOf(plan.shards);
    emit({ kind: "plan", plan, plannedBytes, doneBytes: plannedBytes - bytesOf(open.map(({ shard }) => shard)) });
    for (const message of notes) emit({ kind: "note", message });
    const { goesOn, suspects } = folder.journal;
    if (goesOn) emit({ kind: "note", message: crashNote(setting.crash?.how ?? "", suspects.size) });
    const redrawn = open.filter(({ counted }) => counted !== null).length;
    if (updated || redrawn > 0) emit({ kind: "note", message: updateNote(plan.shards.length, open.length, redrawn) });

    const device = await startDevice(inputs, options);
    let draw: Draw;
    let merged: ReturnType<typeof mergeTallies>;
    try {
      for (const message of device?.notes ?? []) emit({ kind: "note", message });
      const pass = async (works: readonly Work[], space: number) => {
        const context = { plan, inputs, folder, options, space, library: compiled.key, memory };
        const { workers } = memory;
        const task = (shard: Shard, redraw: boolean) => nativeTask(shard, redraw, context);
        const onProgress = (progress: ShardProgress) => emit({ kind: "progress", progress });
        const onShard = (shard: Shard) => emit({ kind: "shard", shard });
        const onNote = (message: string) => emit({ kind: "note", message });
        const script = setting.script ?? workerScript;
        const { signal } = options;
        await runShards({ folder, plan, workers, device, script, task, onProgress, onShard, onNote, signal }, works);
      };
      await pass(open, options.sampling?.keySpace ?? keySpace);
      const tallies = new StoredTallies(folder, plan);
      merged = mergeTallies(plan, tallies);
      const sizes = drawSizes(merged, inputs);
      draw = drawSamples(folder, plan, merged, sizes);
      // Chance may leave fewer small keys in the evidence than are to be drawn: those sources are read once more.
      const short = shortSources(merged, sizes, draw, keptOf(inputs, options));
      if (short.length > 0) {
        emit({ kind: "second-pass", sources: short });
        const again = plan.shards.filter((shard) =>
          tallies.sourcesOf(shard.id).some((source) => short.includes(source)),
        );
        await pass(
          again.map((shard) => ({ shard, counted: null })),
          wholeKeySpace,
        );
        merged = mergeTallies(plan, tallies);
        draw = drawSamples(folder, plan, merged, sizes);
      }
    } finally {
      await device?.release();
    }
    const report = buildReport({ inputs, plan, merged, draw, provider: device?.provider ?? null });
    folder.write("report.json", reportText(report));
    folder.write("report.html", renderHtml(report));
    return { report, folder: folder.path };
  } finally {
    folder.unlock();
  }
}

async function startDevice(inputs: Inputs, options: ScanOptions): Promise<DeviceThread | null> {
  if (inputs.model === null) return null;
  const { onnxPath, input, output, outputs } = inputs.model;
  const device = options.device ?? "auto";
  return DeviceThread.start({ onnxPath, input, output, outputs: outputs.length, device, threads: 1 });
}

/** The tallies of the run folder: read where they are needed, one at a time, because a corpus has any number of shards. */
class StoredTallies {
  readonly #folder: RunFolder;
  readonly #plan: Plan;
  readonly #shards: ReadonlyMap<string, Shard>;
  readonly #sources = new Map<string, readonly string[]>();

  constructor(folder: RunFolder, plan: Plan) {
    this.#folder = folder;
    this.#plan = plan;
    this.#shards = new Map(plan.shards.map((shard) => [shard.id, shard]));
  }

  get(id: string) {
    const shard = this.#shards.get(id);
    const tally = shard === undefined ? undefined : (this.#folder.finished(shard, this.#plan) ?? undefined);
    if (tally !== undefined) this.#sources.set(id, Object.keys(tally.result.sources));
    return tally;
  }

  /** Sources that a shard has records of, once its tally was read. */
  sourcesOf(id: string): readonly string[] {
    return this.#sources.get(id) ?? [];
  }
}

/** What the process may use: all of the machine, or what its control group is given. */
function usableMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}

function shareMemory(inputs: Inputs, libraryBytes: number, options: ScanOptions) {
  const { model } = inputs;
  const needs: MemoryNeeds = {
    workers: options.workers ?? availableParallelism(),
    libraryBytes,
    modelBytes: model === null ? null : statSync(model.onnxPath).size,
  };
  // A small machine without a wish of its user scans with the least.
  const memory = planMemory(options.memoryBytes ?? Math.max(usableMemory() / 4, leastMemory(needs)), needs);
  const notes: string[] = [];
  if (memory.workers < needs.workers) {
    const asked = options.memoryBytes === undefined ? "a quarter of the memory" : "--memory";
    notes.push(`${memory.workers} of ${needs.workers} workers: ${asked} holds no more`);
  }
  return { memory, notes };
}

function crashNote(how: string, suspects: number): string {
  return `the scan process ended by ${how}; shards that it had in hand and may have ended it: ${suspects}, each is scanned alone`;
}

function updateNote(shards: number, open: number, redrawn: number): string {
  return (
    `update: of ${shards} shards ${open - redrawn} are new or changed and are scanned; the counts of ` +
    `${redrawn} stand, and what the draw takes of them is read again; ${shards - open} are done`
  );
}

interface TaskContext {
  readonly plan: Plan;
  readonly inputs: Inputs;
  readonly folder: RunFolder;
  readonly options: ScanOptions;
  readonly space: number;
  readonly library: string;
  readonly memory: MemoryPlan;
}

/** The task of one shard, in the terms of `crates/scan`: numbers and paths, no clause and no risk but its bit. */
function nativeTask(shard: Shard, redraw: boolean, context: TaskContext): { library: string; task: unknown } {
  const { plan, inputs, folder, options, space, library, memory } = context;
  const file = plan.files[shard.file];
  if (file === undefined) throw new ScanError("internal", `shard ${shard.id} names no file of the plan`);
  const { model, policy } = inputs;
  const task = {
    path: file.absolutePath,
    file: file.path,
    read: {
      format: file.format,
      encoding: file.encoding,
      textColumn: file.columns.text,
      idColumn: file.columns.id,
      sourceColumn: file.columns.source,
    },
    identity: { size: file.size, modifiedNs: file.modifiedNs, head: file.head, foot: file.foot },
    range: shard.range,
    source: file.source,
    seed: plan.seed,
    keySpace: space,
    keepSmallest: keptOf(inputs, options),
    sampleOnly: inputs.sample !== null,
    redraw,
    rules: nativeRules(policy, model, (risk) => riskMask([risk])),
    keywords: inputs.stages.includes("keyword"),
    classifier:
      model === null
        ? null
        : {
            features: model.features,
            outputs: model.outputs.map(({ scale, bias }) => ({ scale, bias })),
            names: model.outputs.map(({ name }) => name),
          },
    stageMissing: inputs.stagesMissing.length > 0,
    riskNames: risks.map((risk) => risk.id),
    batchBytes: memory.batchBytes,
    packIds: memory.packIds,
    evidence: folder.evidencePath(shard.id),
  };
  return { library, task };
}

/** Records of each source and shard that go into the evidence whatever their keys. */
function keptOf(inputs: Inputs, options: ScanOptions): number {
  return Math.max(options.sampling?.keptPerSource ?? keptPerSource, inputs.sample ?? 0);
}

function about(inputs: Inputs): Record<string, unknown> {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    addon: loadAddon().sourceHash(),
    library: { name: inputs.library.name, version: inputs.library.version, digest: inputs.library.digest },
    policy: { digest: inputs.policyDigest, ...inputs.policy },
    model: inputs.model === null ? null : { id: inputs.model.id, digest: inputs.model.digest },
    stages: inputs.stages,
    sample: inputs.sample,
  };
}
