/** The main job: corpus → plan → shards → tallies → samples → gates → report. Reads like the flow; parts do the work. */
import { availableParallelism, totalmem } from "node:os";
import { resolve } from "node:path";
import { loadAddon } from "./addon/addon.ts";
import { compileLibrary } from "./addon/library.ts";
import { DeviceThread } from "./classify/device.ts";
import type { Device } from "./classify/messages.ts";
import { type InputOptions, type Inputs, loadInputs, nativeRules } from "./config/inputs.ts";
import { type Part, partsOf } from "./corpus/order.ts";
import { type Plan, planScan, type Shard } from "./corpus/plan.ts";
import { ScanError } from "./errors.ts";
import { drawSamples } from "./evidence/draw.ts";
import { type Draw, drawSizes, shortSources } from "./evidence/drawn.ts";
import type { ShardProgress } from "./pool/messages.ts";
import { runShards } from "./pool/run-shards.ts";
import { buildReport } from "./report/build.ts";
import { renderHtml } from "./report/html.ts";
import { type Report, reportText } from "./report/report.ts";
import { RunFolder, type RunRecord } from "./run/folder.ts";
import { keptPerSource, keySpace, wholeKeySpace } from "./sampling/sampling.ts";
import { riskMask, risks } from "./standard/risks.ts";
import { mergeTallies } from "./tally/merge.ts";
import type { ShardTally } from "./tally/shard-tally.ts";

/** How a scan runs. Nothing here changes a report but the inputs. */
export interface ScanOptions extends InputOptions {
  /** Run folder; default `./corpusgate-run`. */
  readonly out?: string | undefined;
  /** Scan workers; default one per core. */
  readonly workers?: number | undefined;
  /** Memory to stay within, in bytes; default a quarter of the machine's. */
  readonly memoryBytes?: number | undefined;
  /** Size of a shard in stored bytes; default 128 MiB. */
  readonly shardBytes?: number | undefined;
  /** `cuda` means CUDA or an error; `auto` takes what works and says so. Default `auto`. */
  readonly device?: Device | undefined;
  /** Removes what an earlier run left in the folder. */
  readonly fresh?: boolean | undefined;
  /** Stops the scan after the batches in hand; the folder can be resumed. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: ScanEvent) => void) | undefined;
  /** Share of the key space, in parts of 2^32, and records per source that the first pass keeps for the draw. */
  readonly sampling?: { readonly keySpace: number; readonly keptPerSource: number } | undefined;
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

/** Most bytes of text in a batch. More does not scan faster, and every worker holds some batches. */
const batchBytes = { most: 1 << 20, least: 1 << 16 };
/** Memory that one batch takes in a worker, as a multiple of its text: feature ids, padding, hits, batches waiting. */
const batchFactor = 64;
/** Memory of a worker thread without its batches; of the process with a library; of the classifier's runtime. */
const workerBytes = 16 << 20;
const processBytes = 160 << 20;
const classifierBytes = 160 << 20;
const defaultShardBytes = 128 * 1024 * 1024;

/** How a plan was asked for; kept with it, for commands that follow it. */
export interface Asked {
  /** Absolute. */
  readonly paths: readonly string[];
  readonly options: InputOptions;
}

/** What is to be scanned, and under which rules. */
export interface Planned {
  readonly inputs: Inputs;
  readonly plan: Plan;
  /** Kept in the run folder: how the plan came about, for later commands and for people. */
  readonly about: RunRecord["about"];
}

/** Plans a scan without running it: what `--dry-run` shows. */
export function planOnly(paths: readonly string[], options: ScanOptions = {}): Planned {
  const inputs = loadInputs(paths, options);
  return {
    inputs,
    plan: planInputs(inputs, options),
    about: { ...about(inputs), asked: asked(paths, inputs, options) },
  };
}

/** The memory that a scan uses, in bytes, without pages of mapped files: an estimate but for the batches. */
export interface MemoryUse {
  readonly workers: number;
  /** What the scan is to stay within. */
  readonly limit: number;
  /** Text of one batch. */
  readonly batch: number;
  readonly perWorker: number;
  /** Node, the addon, the library, and the classifier if it runs. */
  readonly shared: number;
  readonly total: number;
}

/** The memory that a scan would use. */
export function memoryUse(inputs: Inputs, options: ScanOptions): MemoryUse {
  const workers = options.workers ?? availableParallelism();
  const limit = options.memoryBytes ?? usableMemory() / 4;
  const batch = batchSize(options);
  const perWorker = workerBytes + batch * batchFactor;
  const shared = processBytes + (inputs.model === null ? 0 : classifierBytes);
  return { workers, limit: Math.floor(limit), batch, perWorker, shared, total: shared + workers * perWorker };
}

/** What the process may use: all of the machine, or what its control group is given. */
export function usableMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}

function batchSize(options: ScanOptions): number {
  const memory = options.memoryBytes ?? usableMemory() / 4;
  const share = memory / ((options.workers ?? availableParallelism()) * batchFactor);
  return Math.floor(Math.min(batchBytes.most, Math.max(batchBytes.least, share)));
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
 * Scans a corpus and decides its sources.
 *
 * @param corpus - a `corpus.yaml`, or data files, folders and globs, each file a source
 * @returns the report, which also lies in the run folder as `report.json` and `report.html`
 * @throws ScanError when the inputs are wrong, the folder is taken, or the scan was interrupted; what a corpus holds
 *   never throws
 */
export async function scan(corpus: string | readonly string[], options: ScanOptions = {}): Promise<ScanResult> {
  const planned = planOnly(typeof corpus === "string" ? [corpus] : corpus, options);
  const { report, folder } = await follow(planned, options, {});
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
  readonly locate?: (plan: Plan, shards: readonly Shard[], sources: readonly string[]) => Plan;
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
  { inputs, plan: fresh, about }: Planned,
  options: ScanOptions,
  { part, join, provider, ended, locate }: Following,
): Promise<{ readonly report: Report | null; readonly folder: string }> {
  const emit = options.onEvent ?? (() => {});
  const passes = new Passes({ inputs, options, emit });
  // Who only joins what was scanned needs neither library nor device, but for a second pass.
  if (provider === undefined) passes.compile();
  const folder = RunFolder.open(resolve(options.out ?? "corpusgate-run"), options.fresh ?? false);
  try {
    const plan = folder.adopt(fresh, about);
    folder.sweep();
    join?.(folder, plan);
    const shards = part === undefined ? plan.shards : (partsOf(plan, part.count)[part.index - 1] ?? []);
    const tallies = new Map<string, ShardTally>();
    const open: Shard[] = [];
    for (const shard of shards) {
      const tally = folder.finished(shard, plan.planDigest);
      if (tally === null) open.push(shard);
      else tallies.set(shard.id, tally);
    }
    const done = shards.filter((shard) => tallies.has(shard.id));
    const bytesOf = (shards: readonly Shard[]) => shards.reduce((sum, shard) => sum + shard.bytes, 0);
    emit({ kind: "plan", plan, plannedBytes: bytesOf(shards), doneBytes: bytesOf(done), done, open });

    let merged: ReturnType<typeof mergeTallies>;
    let draw: Draw;
    try {
      if (provider === undefined) await passes.start();
      await passes.run(folder, plan, open, options.sampling?.keySpace ?? keySpace, tallies);
      if (part !== undefined) {
        ended?.(folder, { plan, shards, provider: passes.provider });
        return { report: null, folder: folder.path };
      }
      merged = mergeTallies(plan, tallies);
      const sizes = drawSizes(merged, inputs);
      draw = drawSamples(folder, plan, merged, sizes);
      // Chance may leave fewer small keys in the evidence than are to be drawn: those sources are read once more.
      const short = shortSources(merged, sizes, draw, keptOf(inputs, options));
      if (short.length > 0) {
        emit({ kind: "second-pass", sources: short });
        const again = plan.shards.filter((shard) =>
          Object.keys(tallies.get(shard.id)?.result.sources ?? {}).some((source) => short.includes(source)),
        );
        const located = locate?.(plan, again, short) ?? plan;
        await passes.run(folder, located, again, wholeKeySpace, tallies);
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
  readonly options: ScanOptions;
  readonly emit: (event: ScanEvent) => void;
}

/** The passes over the shards of a corpus, with one library and one device for all of them. */
class Passes {
  readonly #context: PassContext;
  #library: string | null = null;
  #device: DeviceThread | null | undefined;

  constructor(context: PassContext) {
    this.#context = context;
  }

  /** Compiles the library. */
  compile(): string {
    const { entries, options, compiled } = this.#context.inputs.library;
    this.#library ??= compileLibrary(entries, { ...options, overlap: "all" }, compiled).key;
    return this.#library;
  }

  /** What executes the classifier; null where none runs. */
  get provider(): string | null {
    return this.#device?.provider ?? null;
  }

  /** Starts what executes the classifier. */
  async start(): Promise<DeviceThread | null> {
    if (this.#device !== undefined) return this.#device;
    const { inputs, options, emit } = this.#context;
    const device = await startDevice(inputs, options);
    this.#device = device;
    for (const message of device?.notes ?? []) emit({ kind: "note", message });
    return device;
  }

  /** Scans shards and adds their tallies. */
  async run(
    folder: RunFolder,
    plan: Plan,
    shards: readonly Shard[],
    space: number,
    tallies: Map<string, ShardTally>,
  ): Promise<void> {
    if (shards.length === 0) return;
    const { inputs, options, emit } = this.#context;
    const [library, device] = [this.compile(), await this.start()];
    const batch = batchSize(options);
    const task = (shard: Shard, durable: boolean) =>
      nativeTask(shard, { plan, inputs, folder, options, space, durable, batch });
    const workers = options.workers ?? availableParallelism();
    const onProgress = (progress: ShardProgress) => emit({ kind: "progress", progress });
    const onShard = (shard: Shard) => emit({ kind: "shard", shard });
    const { signal } = options;
    const run = { folder, plan, workers, device, library, task, onProgress, onShard, signal };
    for (const [id, tally] of await runShards(run, shards)) tallies.set(id, tally);
  }

  /** Lets the device go. */
  async end(): Promise<void> {
    await this.#device?.release();
  }
}

async function startDevice(inputs: Inputs, options: ScanOptions): Promise<DeviceThread | null> {
  if (inputs.model === null) return null;
  const { onnxPath, input, output, outputs } = inputs.model;
  const device = options.device ?? "auto";
  return DeviceThread.start({ onnxPath, input, output, outputs: outputs.length, device, threads: 1 });
}

interface TaskContext {
  readonly plan: Plan;
  readonly inputs: Inputs;
  readonly folder: RunFolder;
  readonly options: ScanOptions;
  readonly space: number;
  readonly durable: boolean;
  /** Most bytes of text in a batch. */
  readonly batch: number;
}

/** The task of one shard, in the terms of `crates/scan`: numbers and paths, no clause and no risk but its bit. */
function nativeTask(shard: Shard, context: TaskContext): unknown {
  const { plan, inputs, folder, options, space, durable, batch } = context;
  const file = plan.files[shard.file];
  if (file === undefined) throw new ScanError("internal", `shard ${shard.id} names no file of the plan`);
  const { model, policy } = inputs;
  return {
    path: file.absolutePath,
    file: file.path,
    read: {
      format: file.format,
      encoding: file.encoding,
      textColumn: file.columns.text,
      idColumn: file.columns.id,
      sourceColumn: file.columns.source,
      // A compressed file is one shard however large it is, so at the end of a scan, or of one file alone, cores have
      // nothing to do. While all are busy it costs next to nothing: pieces of 256 KiB change hands. Not with one
      // worker: who asks for one means one core.
      inflateAhead: (options.workers ?? availableParallelism()) > 1,
    },
    identity: { size: file.size, modifiedNs: file.modifiedNs, head: file.head, foot: file.foot },
    range: shard.range,
    source: file.source,
    seed: plan.seed,
    keySpace: space,
    keepSmallest: keptOf(inputs, options),
    sampleOnly: inputs.sample !== null,
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
    batchBytes: batch,
    evidence: folder.evidencePath(shard.id),
    durable,
  };
}

/** Records of each source and shard that go into the evidence whatever their keys. */
function keptOf(inputs: Inputs, options: ScanOptions): number {
  return Math.max(options.sampling?.keptPerSource ?? keptPerSource, inputs.sample ?? 0);
}

/** How this plan can be asked for again, from any folder. */
function asked(paths: readonly string[], { libraryPath, policyPath }: Inputs, options: ScanOptions): Asked {
  const { phase, sample, stages, nonce, format, encoding, textColumn, idColumn, sourceColumn } = options;
  return {
    paths: paths.map((path) => resolve(path)),
    options: {
      ...{ library: libraryPath ?? undefined, policy: policyPath ?? undefined, phase, sample, stages, nonce },
      ...{ format, encoding, textColumn, idColumn, sourceColumn },
    },
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
