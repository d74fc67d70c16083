/** The run folder: its layout, its lock, and what a resume may take from it. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Plan, PlanFile, Shard } from "../corpus/plan.ts";
import { messageOf, ScanError } from "../errors.ts";
import { parseShardTally, type ShardTally } from "../tally/shard-tally.ts";

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
  #lock: string;

  private constructor(path: string, lock: string) {
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
      const folder = new RunFolder(path, takeLock(join(path, "run.lock")));
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
    rmSync(this.#lock, { force: true });
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
    const changed = (file: PlanFile, index: number) => {
      const before = begun?.files[index];
      return (["modifiedNs", "etag", "version"] as const).some((field) => before?.[field] !== file[field]);
    };
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

  /** Writes a shard's tally: from here on the shard is done. */
  finish(shard: Shard, text: string): void {
    this.write(join("tally", `${shard.id}.json`), text);
  }

  /** Writes a file whole or not at all: under another name, to disk, then renamed, and the folder to disk. */
  write(name: string, text: string): void {
    const path = join(this.path, name);
    const partial = `${path}.partial`;
    try {
      const file = openSync(partial, "w");
      try {
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(partial, path);
      syncFolder(join(path, ".."));
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

/** Locks by a file that names its process; a lock whose process is gone (killed, rebooted) is taken over. */
function takeLock(path: string): string {
  // Linked into place with its content, so that nobody reads a lock without a holder.
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }));
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        linkSync(own, path);
        return path;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        const holder = holderOf(path);
        if (attempt > 2 || (holder !== null && isAlive(holder))) {
          throw new ScanError("run-folder", `another scan (process ${holder?.pid ?? "unknown"}) holds ${path}`);
        }
        rmSync(path, { force: true });
      }
    }
  } finally {
    rmSync(own, { force: true });
  }
}

interface Holder {
  readonly pid: number;
  readonly started: string | null;
}

function isAlive(holder: Holder): boolean {
  const started = startOf(holder.pid);
  if (started !== null || holder.started !== null) return started === holder.started;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch {
    return false;
  }
}

function holderOf(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return null;
  }
}

/** When a process started (Linux), so that a number that the system used again is not taken for the old process. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
