/** The task of one shard, as the workers hand it to the addon. */
import { availableParallelism } from "node:os";
import type { ObjectStorage } from "./addon/addon.ts";
import { type Inputs, nativeJudgement } from "./config/inputs.ts";
import type { Plan, Shard } from "./corpus/plan.ts";
import { ScanError } from "./errors.ts";
import type { MemoryPlan } from "./pool/memory.ts";
import type { TaskMode } from "./pool/run-shards.ts";
import type { RunFolder } from "./run/folder.ts";
import { keptPerSource } from "./sampling/sampling.ts";

/** What a user may set of a task. */
export interface TaskOptions {
  readonly workers?: number | undefined;
  /** Share of the key space, in parts of 2^32, and records per source that the first pass keeps for the draw. */
  readonly sampling?: { readonly keySpace: number; readonly keptPerSource: number } | undefined;
}

/** What all tasks of a pass share. */
export interface TaskContext {
  readonly plan: Plan;
  readonly inputs: Inputs;
  /** How objects are reached. */
  readonly storage: ObjectStorage;
  readonly folder: RunFolder;
  readonly options: TaskOptions;
  /** Share of the key space that goes into the evidence, in parts of 2^32. */
  readonly space: number;
  readonly memory: MemoryPlan;
}

/** The task of one shard, in the terms of `crates/scan`: numbers and paths, no clause and no risk but its bit. */
export function nativeTask(shard: Shard, { redraw, durable }: TaskMode, context: TaskContext): unknown {
  const { plan, inputs, storage, folder, options, space, memory } = context;
  const file = plan.files[shard.file];
  if (file === undefined) throw new ScanError("internal", `shard ${shard.id} names no file of the plan`);
  return {
    path: file.absolutePath,
    file: file.path,
    read: {
      format: file.format,
      encoding: file.encoding,
      validate: file.validate,
      textColumn: file.columns.text,
      idColumn: file.columns.id,
      sourceColumn: file.columns.source,
      // A compressed file is one shard however large it is, so at the end of a scan, or of one file alone, cores have
      // nothing to do. While all are busy it costs next to nothing: pieces of 256 KiB change hands. Not with one
      // worker: who asks for one means one core.
      inflateAhead: (options.workers ?? availableParallelism()) > 1,
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
    redraw,
    ...nativeJudgement(inputs),
    batchBytes: memory.batchBytes,
    packIds: memory.packIds,
    evidence: folder.evidencePath(shard.id),
    durable,
  };
}

/** Records of each source and shard that go into the evidence whatever their keys. */
export function keptOf(inputs: Inputs, options: TaskOptions): number {
  return Math.max(options.sampling?.keptPerSource ?? keptPerSource, inputs.sample ?? 0);
}
