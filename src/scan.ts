/** The main job: corpus → plan → shards → tallies → samples → gates → report. Reads like the flow; parts do the work. */
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { loadAddon, type ObjectStorage } from "./addon/addon.ts";
import { DeviceThread } from "./classify/device.ts";
import type { Device } from "./classify/messages.ts";
import { compileJudgement, type InputOptions, type Inputs, loadInputs } from "./config/inputs.ts";
import { isUrl, ObjectLookup } from "./corpus/objects.ts";
import { type Part, partsOf } from "./corpus/order.ts";
import { type Plan, planScan, readOptionsOf, type Shard } from "./corpus/plan.ts";
import { ScanError } from "./errors.ts";
import { drawSamples } from "./evidence/draw.ts";
import { type Draw, drawSizes, shortSources } from "./evidence/drawn.ts";
import { type MemoryNeeds, type MemoryPlan, shareMemory } from "./pool/memory.ts";
import type { ShardProgress } from "./pool/messages.ts";
import { workerScript } from "./pool/pool.ts";
import { runShards, type TaskMode, type Work } from "./pool/run-shards.ts";
import { buildReport } from "./report/build.ts";
import { renderHtml } from "./report/html.ts";
import { type Report, reportText } from "./report/report.ts";
import { RunFolder, type RunRecord } from "./run/folder.ts";
import type { Crash } from "./run/journal.ts";
import { StoredTallies } from "./run/stored-tallies.ts";
import { keySpace, wholeKeySpace } from "./sampling/sampling.ts";
import { mergeTallies } from "./tally/merge.ts";
import { keptOf, nativeTask, type TaskOptions } from "./task.ts";

/** How a scan runs. Nothing here changes a report but the inputs. */
export interface ScanOptions extends InputOptions, TaskOptions {
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
}

/** What a scan tells while it runs. Bytes of `progress` are bytes of text. */
export type ScanEvent =
  | {
      readonly kind: "plan";
      readonly plan: Plan;
      /** Stored bytes of the shards below. */
      readonly plannedBytes: number;
      readonly doneBytes: number;
      /** The shards of this scan that are done, and those that are not: together all, or those of its part. */
      readonly done: readonly Shard[];
      readonly open: readonly Shard[];
    }
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

/** How a plan was asked for; kept with it, for commands that follow it. */
export interface Asked {
  /** Absolute. */
  readonly paths: readonly string[];
  readonly options: InputOptions;
  /** How objects are reached: nothing of it is secret. */
  readonly storage?: Omit<ObjectStorage, "stop"> | undefined;
}

/** What is to be scanned, and under which rules. */
export interface Planned {
  readonly inputs: Inputs;
  readonly plan: Plan;
  /** Kept in the run folder: how the plan came about, for later commands and for people. */
  readonly about: RunRecord["about"];
  /** How objects are reached. */
  readonly storage: ObjectStorage;
}

/** Plans a scan without running it: what `--dry-run` shows. */
export async function planOnly(paths: readonly string[], options: ScanOptions = {}): Promise<Planned> {
  const addon = loadAddon();
  const { signal, sourceColumn = null } = options;
  const onLine = {
    ...{ format: options.format ?? null, encoding: options.encoding ?? "utf-8", validate: options.validate ?? "full" },
    ...{ textColumn: options.textColumn ?? null, idColumn: options.idColumn ?? null, sourceColumn },
  };
  const ofPaths = new ObjectLookup(addon, storageOf(undefined, signal), signal);
  await ofPaths.resolve(paths.filter(isUrl).map((pattern) => ({ pattern, options: onLine })));
  const inputs = loadInputs(paths, options, ofPaths);
  const settings = inputs.corpus.storage;
  const storage = storageOf(settings, signal);
  const objects = settings === undefined ? ofPaths : new ObjectLookup(addon, storage, signal);
  await objects.resolve(
    inputs.corpus.sources.flatMap((source) => {
      const options = source.modality === "text" ? readOptionsOf(source, sourceColumn) : null;
      return source.files.filter(isUrl).map((pattern) => ({ pattern, options }));
    }),
  );
  const plan = planScan(addon, {
    ...inputs,
    libraryDigest: inputs.library.digest,
    modelDigests: inputs.model === null ? [] : [inputs.model.digest],
    shardBytes: options.shardBytes ?? defaultShardBytes,
    objects,
  });
  return { inputs, plan, about: { ...about(inputs), asked: asked(paths, inputs, options) }, storage };
}

/** Numbers of the scans of this process: by them the reads of one can be stopped. */
let scans = 0;

/** How the objects of one scan are reached. Its reads end with the signal. */
export function storageOf(settings: Omit<ObjectStorage, "stop"> | undefined, signal?: AbortSignal): ObjectStorage {
  const stop = ++scans;
  signal?.addEventListener("abort", () => loadAddon().stopReads(stop), { once: true });
  return { ...settings, stop };
}

/**
 * The memory that a scan would use. Compiles the library, whose size is part of it.
 *
 * @throws ScanError `usage` when the scan cannot do with what it may use
 */
export function memoryOf(inputs: Inputs, options: ScanOptions): MemoryPlan {
  return shareMemory(options.memoryBytes, needsOf(inputs, options, compileJudgement(inputs).heapBytes));
}

/**
 * Scans a corpus and decides its sources, in this process: a crash of native code (a mapped file that someone cuts, no
 * memory left) ends the caller, too, and the same call goes on from there. The command puts a process of its own around
 * it, which starts it again.
 *
 * @param corpus - a `corpus.yaml`, or data files, folders and globs, each file a source
 * @param setting - what only the command and tests set
 * @returns the report, which also lies in the run folder as `report.json` and `report.html`
 * @throws ScanError when the inputs are wrong, the folder is taken, or the scan was interrupted; what a corpus holds
 *   never throws
 */
export async function scan(
  corpus: string | readonly string[],
  options: ScanOptions = {},
  setting: ScanSetting = {},
): Promise<ScanResult> {
  const planned = await planOnly(typeof corpus === "string" ? [corpus] : corpus, options);
  const { report, folder } = await follow(planned, options, setting, {});
  if (report === null) throw new ScanError("internal", "a scan of a whole plan gave no report");
  return { report, folder };
}

/** What a part of a plan, and the merge of parts, do otherwise than a scan. */
export interface Following {
  /** Scans these shards of the plan and decides nothing. */
  readonly part?: Part;
  /** Brings what others have done into the folder, before it is looked at. */
  readonly join?: (folder: RunFolder, plan: Plan) => void;
  /** What executed the classifier; without it, what executes it now. */
  readonly provider?: string | null;
  /** Writes down that the part has ended, while the folder is still held. */
  readonly ended?: (folder: RunFolder, part: PartEnd) => void;
  /** The plan with the files as they are here, for those that are read after all. */
  readonly locate?: (plan: Plan, shards: readonly Shard[], sources: readonly string[]) => Promise<Plan>;
}

/** What a part ended with. */
export interface PartEnd {
  readonly plan: Plan;
  readonly shards: readonly Shard[];
  /** What executed the classifier; null when it did not run. */
  readonly provider: string | null;
}

/** Follows a plan to its report, or, of a part, to its last tally: then the report is null. */
export async function follow(
  { inputs, plan: fresh, about, storage }: Planned,
  options: ScanOptions,
  setting: ScanSetting,
  { part, join, provider, ended, locate }: Following,
): Promise<{ readonly report: Report | null; readonly folder: string }> {
  const emit = options.onEvent ?? (() => {});
  const passes = new Passes({ inputs, storage, options, setting, emit });
  // Who only joins what was scanned needs neither library nor device, but for a second pass.
  if (provider === undefined) passes.prepare();
  const { fresh: anew = false, update = false } = options;
  const folder = RunFolder.open(resolve(options.out ?? "corpusgate-run"), { fresh: anew, crash: setting.crash });
  try {
    const { plan, updated } = folder.adopt(fresh, about, update);
    folder.sweep();
    join?.(folder, plan);
    const shards = part === undefined ? plan.shards : (partsOf(plan, part.count)[part.index - 1] ?? []);
    const [done, open] = [[], []] as [Shard[], Work[]];
    for (const shard of shards) {
      if (folder.finished(shard, plan) !== null) done.push(shard);
      // Of a sample nothing but the draw is assessed: there are no counts that could stand.
      else open.push({ shard, counted: inputs.sample === null ? folder.counted(shard, plan) : null });
    }
    const bytesOf = (shards: readonly Shard[]) => shards.reduce((sum, shard) => sum + shard.bytes, 0);
    emit({
      ...{ kind: "plan", plan, plannedBytes: bytesOf(shards), doneBytes: bytesOf(done) },
      ...{ done, open: open.map(({ shard }) => shard) },
    });
    const { goesOn, suspects } = folder.journal;
    if (goesOn) emit({ kind: "note", message: crashNote(setting.crash?.how ?? "", suspects.size) });
    const redrawn = open.filter(({ counted }) => counted !== null).length;
    if (updated || redrawn > 0) emit({ kind: "note", message: updateNote(shards.length, open.length, redrawn) });

    let merged: ReturnType<typeof mergeTallies>;
    let draw: Draw;
    try {
      if (provider === undefined) await passes.start();
      await passes.run(folder, plan, open, options.sampling?.keySpace ?? keySpace);
      if (part !== undefined) {
        ended?.(folder, { plan, shards, provider: passes.provider });
        return { report: null, folder: folder.path };
      }
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
        const located = (await locate?.(plan, again, short)) ?? plan;
        const works = again.map((shard) => ({ shard, counted: null }));
        await passes.run(folder, located, works, wholeKeySpace);
        merged = mergeTallies(plan, tallies);
        draw = drawSamples(folder, plan, merged, sizes);
      }
    } finally {
      await passes.end();
    }
    const ran = provider === undefined ? passes.provider : provider;
    const report = buildReport({ inputs, plan, merged, draw, provider: ran });
    folder.write("report.json", reportText(report));
    folder.write("report.html", renderHtml(report));
    return { report, folder: folder.path };
  } finally {
    folder.unlock();
  }
}

interface PassContext {
  readonly inputs: Inputs;
  readonly storage: ObjectStorage;
  readonly options: ScanOptions;
  readonly setting: ScanSetting;
  readonly emit: (event: ScanEvent) => void;
}

/** The passes over the shards of a corpus, with one library and one device for all of them. */
class Passes {
  readonly #context: PassContext;
  #prepared: { readonly library: string; readonly memory: MemoryPlan } | null = null;
  #device: DeviceThread | null | undefined;

  constructor(context: PassContext) {
    this.#context = context;
  }

  /** Compiles the library and shares out the memory. */
  prepare(): { readonly library: string; readonly memory: MemoryPlan } {
    if (this.#prepared === null) {
      const { inputs, options } = this.#context;
      const { key, heapBytes } = compileJudgement(inputs);
      const memory = shareMemory(options.memoryBytes, needsOf(inputs, options, heapBytes));
      this.#prepared = { library: key, memory };
    }
    return this.#prepared;
  }

  /** What executes the classifier; null where none runs. */
  get provider(): string | null {
    return this.#device?.provider ?? null;
  }

  /** Starts what executes the classifier, and says what is otherwise than was asked. */
  async start(): Promise<DeviceThread | null> {
    if (this.#device !== undefined) return this.#device;
    const { inputs, options, emit } = this.#context;
    const { workers, workersAsked } = this.prepare().memory;
    if (workers < workersAsked) {
      const asked = options.memoryBytes === undefined ? "a quarter of the memory" : "--memory";
      emit({ kind: "note", message: `${workers} of ${workersAsked} workers: ${asked} holds no more` });
    }
    const device = await startDevice(inputs, options);
    this.#device = device;
    for (const message of device?.notes ?? []) emit({ kind: "note", message });
    return device;
  }

  /** Scans shards and writes their tallies. */
  async run(folder: RunFolder, plan: Plan, works: readonly Work[], space: number): Promise<void> {
    if (works.length === 0) return;
    const { inputs, storage, options, setting, emit } = this.#context;
    const device = await this.start();
    const { library, memory } = this.prepare();
    await runShards(
      {
        ...{ folder, plan, workers: memory.workers, device, library, signal: options.signal },
        script: setting.script ?? workerScript,
        task: (shard: Shard, mode: TaskMode) =>
          nativeTask(shard, mode, { plan, inputs, storage, folder, options, space, memory }),
        onProgress: (progress) => emit({ kind: "progress", progress }),
        onShard: (shard) => emit({ kind: "shard", shard }),
        onNote: (message) => emit({ kind: "note", message }),
      },
      works,
    );
  }

  /** Lets the device go. */
  async end(): Promise<void> {
    await this.#device?.release();
  }
}

function needsOf({ model }: Inputs, { workers }: ScanOptions, libraryBytes: number): MemoryNeeds {
  return {
    workers: workers ?? availableParallelism(),
    libraryBytes,
    modelBytes: model === null ? null : statSync(model.onnxPath).size,
  };
}

async function startDevice(inputs: Inputs, options: ScanOptions): Promise<DeviceThread | null> {
  if (inputs.model === null) return null;
  const { onnxPath, input, output, outputs } = inputs.model;
  const device = options.device ?? "auto";
  return DeviceThread.start({ onnxPath, input, output, outputs: outputs.length, device, threads: 1 });
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

/** How this plan can be asked for again, from any folder. */
function asked(paths: readonly string[], { libraryPath, policyPath, corpus }: Inputs, options: ScanOptions): Asked {
  const { phase, sample, stages, nonce, format, encoding, validate, textColumn, idColumn, sourceColumn } = options;
  return {
    paths: paths.map((path) => (isUrl(path) ? path : resolve(path))),
    options: {
      ...{ library: libraryPath ?? undefined, policy: policyPath ?? undefined, phase, sample, stages, nonce },
      ...{ format, encoding, validate, textColumn, idColumn, sourceColumn },
    },
    storage: corpus.storage,
  };
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
