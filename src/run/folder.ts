/** The run folder: its layout, its lock, and what a resume may take from it. */
import { randomUUID } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
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
import { dirname, join } from "node:path";
import type { Plan, PlanFile, Shard } from "../corpus/plan.ts";
import { messageOf, ScanError } from "../errors.ts";
import { parseShardTally, type ShardTally, sameRules } from "../tally/shard-tally.ts";
import { type Crash, Journal, journalName } from "./journal.ts";
import { Lock } from "./lock.ts";

/** What `run.json` holds: the plan, and what differs between runs of one plan. */
export interface RunRecord {
  readonly schema: "corpusgate.run/1";
  readonly plan: Plan;
  /** Engine version, host, options: for people; nothing in a report depends on it. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** Names in a run folder that are corpusgate's own; `--fresh` removes these and nothing else. */
const ownNames = ["run.json", "evidence", "tally", "sample", "report.json", "report.html", journalName];

/** How a run takes up what a folder holds. */
export interface OpenOptions {
  /** Removes what an earlier run left. */
  readonly fresh: boolean;
  /** The run that this process belongs to, and how the process before it crashed; without it, a run of its own. */
  readonly crash?: Crash | undefined;
}

/** The plan to follow, and what of it an earlier plan has settled. */
export interface Adopted {
  readonly plan: Plan;
  /** Whether the folder held another plan, whose shards were taken over where files and rules are the same. */
  readonly updated: boolean;
}

/** A run folder that this process holds. */
export class RunFolder {
  readonly path: string;
  readonly journal: Journal;
  readonly #lock: Lock;

  private constructor(path: string, lock: Lock, journal: Journal) {
    this.path = path;
    this.#lock = lock;
    this.journal = journal;
  }

  /**
   * Makes or opens a run folder and locks it.
   *
   * @throws ScanError `run-folder` when another process scans into it, `environment` when it cannot be written
   */
  static open(path: string, { fresh, crash = { run: randomUUID(), how: null } }: OpenOptions): RunFolder {
    try {
      makeFolder(path);
      const lock = Lock.take(join(path, "run.lock"));
      try {
        const journal = Journal.open(path, crash);
        // What the process before this one scanned in the same run is not what an earlier run left.
        const old = fresh && !journal.goesOn ? ownNames.filter((name) => name !== journalName) : [];
        for (const name of old) rmSync(join(path, name), { recursive: true, force: true });
        for (const name of ["evidence", "tally", "sample"]) mkdirSync(join(path, name), { recursive: true });
        return new RunFolder(path, lock, journal);
      } catch (error) {
        lock.release();
        throw error;
      }
    } catch (error) {
      if (error instanceof ScanError) throw error;
      throw new ScanError("environment", `run folder ${path} cannot be used: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Gives the folder to whoever comes next. */
  unlock(): void {
    this.journal.close();
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
   * change than the plan saw is scanned again. With `update`, another plan is taken up too: the shards of files that it
   * saw as they are now stand with their tallies, if the rules are the same, and all else of it is removed.
   *
   * @throws ScanError `run-folder` when the folder holds another plan and it is not to be updated, `corpus-changed` when
   *   it is that of this very run
   */
  adopt(plan: Plan, about: RunRecord["about"], update: boolean): Adopted {
    const begun = this.#begun();
    const followed = this.journal.plan;
    if (followed !== null && followed !== plan.planDigest) {
      throw new ScanError(
        "corpus-changed",
        `the corpus changed while it was scanned: ${differences(begun, plan)}; run folder ${this.path} keeps what was ` +
          "scanned of the other files: --update goes on with the corpus as it is now",
      );
    }
    const isOther = begun !== null && begun.planDigest !== plan.planDigest;
    if (isOther && !update) {
      throw new ScanError(
        "run-folder",
        `run folder ${this.path} holds another plan (${begun.planDigest.slice(0, 12)}, this one is ` +
          `${plan.planDigest.slice(0, 12)}): ${differences(begun, plan)}; name another --out, --update to scan only ` +
          "what is new or changed, or --fresh to start anew",
      );
    }
    const shards = begun === null ? plan.shards : shardsToFollow(begun, plan, isOther);
    const stands = new Set(begun === null ? [] : standing(begun, plan, shards));
    // Before the new plan is written: a tally in the folder of a plan is about files that the plan saw.
    if (isOther) for (const name of ["report.json", "report.html"]) rmSync(join(this.path, name), { force: true });
    this.#keepOnly(stands);
    if (update && !this.journal.goesOn) this.#removeGivenUp(stands);
    const adopted: Plan = { ...plan, shards };
    const record: RunRecord = { schema: "corpusgate.run/1", plan: adopted, about };
    this.write("run.json", `${JSON.stringify(record, null, 2)}\n`);
    this.journal.follow(plan.planDigest);
    return { plan: adopted, updated: isOther };
  }

  /** The tally of a shard that was finished under this plan; null when it is to be scanned. */
  finished(shard: Shard, plan: Plan): ShardTally | null {
    const text = this.#tallyText(shard);
    const tally = text === null ? null : parseShardTally(text, plan.planDigest, shard.id);
    // A shard that was given up has none.
    if (tally === null || tally.result.damage?.reason === "worker-died") return tally;
    return existsSync(this.evidencePath(shard.id)) ? tally : null;
  }

  /**
   * The text of the tally of a shard that was finished under another plan with the same rules: its counts stand, and
   * what is drawn of it is to be drawn anew. Null when it is to be scanned.
   */
  counted(shard: Shard, plan: Plan): string | null {
    const text = this.#tallyText(shard);
    if (text === null || !existsSync(this.evidencePath(shard.id))) return null;
    return sameRules(text, plan.rules, shard.id) ? text : null;
  }

  /**
   * Writes a shard's tally: from here on the shard is done. One that is not durable may be gone, or cut, after a crash of
   * the machine, and its shard is then scanned again.
   */
  finish(shard: Shard, text: string, durable = true): void {
    // The evidence has its name; it must keep it if the tally does.
    if (durable) syncFolder(join(this.path, "evidence"));
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

  /** Removes the tallies and the evidence of all shards but these. */
  #keepOnly(shards: ReadonlySet<string>): void {
    // Tallies first: evidence without a tally is nothing, a tally without evidence is a shard to be scanned.
    for (const folder of ["tally", "evidence"]) {
      for (const name of readdirSync(join(this.path, folder))) {
        if (!shards.has(name.replace(/\.[^.]*$/, ""))) rmSync(join(this.path, folder, name), { force: true });
      }
    }
  }

  /** Removes the tallies of shards that were given up, so that they are tried again. */
  #removeGivenUp(shards: ReadonlySet<string>): void {
    for (const shard of shards) {
      const path = this.#tallyPath(shard);
      if (existsSync(path) && readFileSync(path, "utf8").includes('"damage":{"reason":"worker-died"')) {
        rmSync(path, { force: true });
      }
    }
  }

  #tallyText(shard: Shard): string | null {
    const path = this.#tallyPath(shard.id);
    return existsSync(path) ? readFileSync(path, "utf8") : null;
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

/** Everything of a file that its tallies depend on, but its path. */
function sight(file: PlanFile): string {
  const { source, size, modifiedNs, head, foot, etag, version, format, encoding, validate, columns, problem } = file;
  return JSON.stringify([
    source,
    size,
    modifiedNs,
    head,
    foot,
    etag,
    version,
    format,
    encoding,
    validate,
    columns,
    problem === null,
  ]);
}

/** The shards of the plan that was begun where it saw a file as it is now, else those of the new one. */
function shardsToFollow(begun: Plan, plan: Plan, isOther: boolean): readonly Shard[] {
  if (!isOther) return begun.shards;
  const before = new Map(begun.files.map((file, index) => [file.path, { sight: sight(file), index }]));
  const [oldShards, newShards] = [shardsByFile(begun), shardsByFile(plan)];
  return plan.files.flatMap((file, index) => {
    const old = before.get(file.path);
    if (old === undefined || old.sight !== sight(file)) return newShards.get(index) ?? [];
    return (oldShards.get(old.index) ?? []).map((shard) => ({ ...shard, file: index }));
  });
}

function shardsByFile(plan: Plan): Map<number, Shard[]> {
  const shards = new Map<number, Shard[]>();
  for (const shard of plan.shards) {
    const ofFile = shards.get(shard.file);
    if (ofFile === undefined) shards.set(shard.file, [shard]);
    else ofFile.push(shard);
  }
  return shards;
}

/** Ids of shards whose tallies stand: the plan that was begun has them, under the same rules, and saw their files so. */
function standing(begun: Plan, plan: Plan, shards: readonly Shard[]): string[] {
  if (begun.rules !== plan.rules) return [];
  const before = new Map(begun.files.map((file) => [file.path, sight(file)]));
  const known = new Set(begun.shards.map(({ id }) => id));
  return shards.flatMap((shard) => {
    const file = plan.files[shard.file] as PlanFile;
    return known.has(shard.id) && before.get(file.path) === sight(file) ? [shard.id] : [];
  });
}

/** Files that a message names. */
const namedFiles = 3;

/** In what two plans differ, for people: files by name, everything else by kind. */
function differences(begun: Plan | null, plan: Plan): string {
  if (begun === null) return "there is no plan in it";
  const before = new Map(begun.files.map((file) => [file.path, file]));
  const now = new Set(plan.files.map((file) => file.path));
  const changes = plan.files.flatMap((file) => {
    const old = before.get(file.path);
    if (old === undefined) return [`${file.path} is new`];
    if (old.problem === null && file.problem?.code === "missing") return [`${file.path} is gone`];
    if (old.size !== file.size) return [`${file.path} had ${old.size} bytes and has ${file.size}`];
    if (old.head !== file.head || old.foot !== file.foot) return [`${file.path} has other content`];
    return sight({ ...old, modifiedNs: "" }) === sight({ ...file, modifiedNs: "" })
      ? []
      : [`${file.path} is read otherwise`];
  });
  for (const path of before.keys()) if (!now.has(path)) changes.push(`${path} is gone`);
  if (changes.length > namedFiles)
    changes.splice(namedFiles, changes.length, `${changes.length - namedFiles} more files`);
  if (begun.rules !== plan.rules) changes.push("library, model, policy, stages or sample differ");
  return changes.length === 0 ? "options or sources differ" : changes.join(", ");
}

/** Makes a folder and those above it. Node says of one on a read-only file system that it does not exist. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    let above = path;
    while (!existsSync(above) && above !== dirname(above)) above = dirname(above);
    accessSync(above, constants.W_OK);
    throw error;
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
