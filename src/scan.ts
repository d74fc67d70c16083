/** The main job: corpus → plan → shards → tallies → samples → gates → report. Reads like the flow; parts do the work. */
import { cpus, totalmem } from "node:os";
import { resolve } from "node:path";
import { loadAddon, type ObjectStorage } from "./addon/addon.ts";
import { compileLibrary } from "./addon/library.ts";
import { DeviceThread } from "./classify/device.ts";
import type { Device } from "./classify/messages.ts";
import { type InputOptions, type Inputs, loadInputs, nativeRules } from "./config/inputs.ts";
import { isUrl, ObjectLookup } from "./corpus/objects.ts";
import { type Plan, planScan, readOptionsOf, type Shard } from "./corpus/plan.ts";
import { ScanError } from "./errors.ts";
import { drawSamples } from "./evidence/draw.ts";
import { type Draw, drawSizes, shortSources } from "./evidence/drawn.ts";
import type { ShardProgress } from "./pool/messages.ts";
import { runShards } from "./pool/run-shards.ts";
import { buildReport } from "./report/build.ts";
import { renderHtml } from "./report/html.ts";
import { type Report, reportText } from "./report/report.ts";
import { RunFolder } from "./run/folder.ts";
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

/** Most bytes of text in a batch. More does not scan faster, and every worker holds some batches. */
const batchBytes = { most: 1 << 20, least: 1 << 16 };
/** Memory that one batch takes in a worker, as a multiple of its text: feature ids, padding, hits, batches waiting. */
const batchFactor = 64;
const defaultShardBytes = 128 * 1024 * 1024;

/** What a scan is of. */
interface Planned {
  readonly inputs: Inputs;
  readonly plan: Plan;
  /** How objects are reached. */
  readonly storage: ObjectStorage;
}

/** Numbers of the scans of this process: by them the reads of one can be stopped. */
let scans = 0;

/** Plans a scan without running it: what `--dry-run` shows. */
export async function planOnly(paths: readonly string[], options: ScanOptions = {}): Promise<Planned> {
  const addon = loadAddon();
  const stop = ++scans;
  options.signal?.addEventListener("abort", () => addon.stopReads(stop), { once: true });
  const sourceColumn = options.sourceColumn ?? null;
  const onLine = {
    ...{ format: options.format ?? null, encoding: options.encoding ?? "utf-8", sourceColumn },
    ...{ textColumn: options.textColumn ?? null, idColumn: options.idColumn ?? null },
  };
  const ofPaths = new ObjectLookup(addon, { stop }, options.signal);
  await ofPaths.resolve(paths.filter(isUrl).map((pattern) => ({ pattern, options: onLine })));
  const inputs = loadInputs(paths, options, ofPaths);
  const storage = { ...inputs.corpus.storage, stop };
  const objects = inputs.corpus.storage === undefined ? ofPaths : new ObjectLookup(addon, storage, options.signal);
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
  return { inputs, plan, storage };
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
  const emit = options.onEvent ?? (() => {});
  const { inputs, plan: fresh, storage } = await planOnly(typeof corpus === "string" ? [corpus] : corpus, options);
  const compiled = compileLibrary(
    inputs.library.entries,
    { ...inputs.library.options, overlap: "all" },
    inputs.library.compiled,
  );
  const folder = RunFolder.open(resolve(options.out ?? "corpusgate-run"), options.fresh ?? false);
  try {
    const plan = folder.adopt(fresh, about(inputs));
    folder.sweep();
    const tallies = new Map<string, ShardTally>();
    const open: Shard[] = [];
    for (const shard of plan.shards) {
      const tally = folder.finished(shard, plan.planDigest);
      if (tally === null) open.push(shard);
      else tallies.set(shard.id, tally);
    }
    const bytesOf = (shards: readonly Shard[]) => shards.reduce((sum, shard) => sum + shard.bytes, 0);
    emit({ kind: "plan", plan, plannedBytes: bytesOf(plan.shards), doneBytes: bytesOf(plan.shards) - bytesOf(open) });

    const device = await startDevice(inputs, options);
    let draw: Draw;
    let merged: ReturnType<typeof mergeTallies>;
    try {
      for (const message of device?.notes ?? []) emit({ kind: "note", message });
      const pass = async (shards: readonly Shard[], space: number) => {
        const task = (shard: Shard) =>
          nativeTask(shard, { plan, inputs, storage, folder, options, space, library: compiled.key });
        const workers = options.workers ?? cpus().length;
        const onProgress = (progress: ShardProgress) => emit({ kind: "progress", progress });
        const onShard = (shard: Shard) => emit({ kind: "shard", shard });
        const run = { folder, plan, workers, device, task, onProgress, onShard, signal: options.signal };
        for (const [id, tally] of await runShards(run, shards)) tallies.set(id, tally);
      };
      await pass(open, options.sampling?.keySpace ?? keySpace);
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
        await pass(again, wholeKeySpace);
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

interface TaskContext {
  readonly plan: Plan;
  readonly inputs: Inputs;
  readonly storage: ObjectStorage;
  readonly folder: RunFolder;
  readonly options: ScanOptions;
  readonly space: number;
  readonly library: string;
}

/** The task of one shard, in the terms of `crates/scan`: numbers and paths, no clause and no risk but its bit. */
function nativeTask(shard: Shard, context: TaskContext): { library: string; task: unknown } {
  const { plan, inputs, storage, folder, options, space, library } = context;
  const file = plan.files[shard.file];
  if (file === undefined) throw new ScanError("internal", `shard ${shard.id} names no file of the plan`);
  const { model, policy } = inputs;
  const memory = options.memoryBytes ?? totalmem() / 4;
  const share = memory / ((options.workers ?? cpus().length) * batchFactor);
  const task = {
    path: file.absolutePath,
    file: file.path,
    read: {
      format: file.format,
      encoding: file.encoding,
      textColumn: file.columns.text,
      idColumn: file.columns.id,
      sourceColumn: file.columns.source,
      storage,
    },
    identity: {
      ...{ size: file.size, modifiedNs: file.modifiedNs, head: file.head, foot: file.foot },
      ...{ etag: file.etag, version: file.version },
    },
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
    batchBytes: Math.floor(Math.min(batchBytes.most, Math.max(batchBytes.least, share))),
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
