/** The run folder: its layout, its lock, and what a resume may take from it. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Plan, PlanFile, Shard } from "../corpus/plan.ts";
import { messageOf, ScanError } from "../errors.ts";
import { parseShardTally, type ShardTally } from "../tally/shard-tally.ts";
import { Lock } from "./lock.ts";

/** What `run.json` holds: the plan, and what differs between runs of one plan. */
export interface RunRecord {
  readonly schema: "corpusgate.run/1";
  readonly plan: Plan;
  /** Engine version, host, options: for people; nothing in a report depends on it. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** Names in a run folder that are corpusgate's own; `--fresh` removes these and nothing else. */
const ownNames = ["run.json", "evidence", "tally", "sample", "report.json", "report.html"];

/** A run folder that this process holds. */
export class RunFolder {
  readonly path: string;
  #lock: Lock;

  private constructor(path: string, lock: Lock) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes or opens a run folder and locks it.
   *
   * @throws ScanError `run-folder` when another process scans into it, `environment` when it cannot be written
   */
  static open(path: string, fresh: boolean): RunFolder {
    try {
      mkdirSync(path, { recursive: true });
      const folder = new RunFolder(path, Lock.take(join(path, "run.lock")));
      if (fresh) for (const name of ownNames) rmSync(join(path, name), { recursive: true, force: true });
      for (const name of ["evidence", "tally", "sample"]) mkdirSync(join(path, name), { recursive: true });
      return folder;
    } catch (error) {
      if (error instanceof ScanError) throw error;
      throw new ScanError("environment", `run folder ${path} cannot be used: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Gives the folder to whoever comes next. */
  unlock(): void {
    this.#lock.release();
  }

  evidencePath(shard: string): string {
    return join(this.path, "evidence", `${shard}.arrow`);
  }

  samplePath(name: string): string {
    return join(this.path, "sample", `${name}.arrow`);
  }

  /**
   * Takes up the plan that the folder holds, or writes this one.
   *
   * The shards of a plan that was begun stand, whatever shard size this run asks for. A file that has another time of
   * change than the plan saw is scanned again.
   *
   * @returns the plan to follow
   * @throws ScanError `run-folder` when the folder holds another plan
   */
  adopt(plan: Plan, about: RunRecord["about"]): Plan {
    const begun = this.#begun();
    if (begun !== null && begun.planDigest !== plan.planDigest) {
      throw new ScanError(
        "run-folder",
        `run folder ${this.path} holds another plan (${begun.planDigest.slice(0, 12)}, this one is ` +
          `${plan.planDigest.slice(0, 12)}): files, library, model, policy or options differ; ` +
          "name another --out, or --fresh to start anew",
      );
    }
    const files = plan.files;
    const changed = (file: PlanFile, index: number) => begun?.files[index]?.modifiedNs !== file.modifiedNs;
    const shards = begun?.shards ?? plan.shards;
    for (const shard of begun === null ? [] : shards) {
      if (changed(files[shard.file] as PlanFile, shard.file)) rmSync(this.#tallyPath(shard.id), { force: true });
    }
    const adopted: Plan = { ...plan, shards };
    const record: RunRecord = { schema: "corpusgate.run/1", plan: adopted, about };
    this.write("run.json", `${JSON.stringify(record, null, 2)}\n`);
    return adopted;
  }

  /** The tally of a shard that an earlier run finished under the same plan; null when it is to be scanned. */
  finished(shard: Shard, planDigest: string): ShardTally | null {
    const path = this.#tallyPath(shard.id);
    if (!existsSync(path) || !existsSync(this.evidencePath(shard.id))) return null;
    return parseShardTally(readFileSync(path, "utf8"), planDigest, shard.id);
  }

  /**
   * Writes a shard's tally: from here on the shard is done. One that is not durable may be gone, or cut, after a crash of
   * the machine, and its shard is then scanned again.
   */
  finish(shard: Shard, text: string, durable = true): void {
    this.write(join("tally", `${shard.id}.json`), text, durable);
  }

  /** Writes a file whole or not at all: under another name, to disk, then renamed, and the folder to disk. */
  write(name: string, text: string, durable = true): void {
    const path = join(this.path, name);
    const partial = `${path}.partial`;
    try {
      const file = openSync(partial, "w");
      try {
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
        if (durable) fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(partial, path);
      if (durable) syncFolder(join(path, ".."));
    } catch (error) {
      throw new ScanError("environment", `${path} cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Removes what a killed run left half written. */
  sweep(): void {
    for (const folder of ["evidence", "tally", "."]) {
      for (const name of readdirSync(join(this.path, folder))) {
        if (name.endsWith(".partial")) rmSync(join(this.path, folder, name), { force: true });
      }
    }
  }

  #begun(): Plan | null {
    const path = join(this.path, "run.json");
    if (!existsSync(path)) return null;
    try {
      const record = JSON.parse(readFileSync(path, "utf8")) as RunRecord;
      if (record.schema === "corpusgate.run/1") return record.plan;
    } catch (error) {
      throw new ScanError("run-folder", `${path} is not readable (${messageOf(error)}); --fresh starts anew`);
    }
    throw new ScanError("run-folder", `${path} is not of this version of corpusgate; --fresh starts anew`);
  }

  #tallyPath(shard: string): string {
    return join(this.path, "tally", `${shard}.json`);
  }
}

/** A rename is durable when its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
