/**
 * A plan in parts, for several machines: write the plan, scan a part of it, join the parts to the report of one scan.
 *
 * Every part has a run folder of its own, `part-2-of-8`, below the folder that is named: machines may share that folder
 * over a network or have one each. A part is locked like any run folder, so two processes never scan the same one.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { loadAddon, type ObjectStorage } from "./addon/addon.ts";
import { digestOf } from "./config/digest.ts";
import { type InputOptions, type Inputs, loadInputs } from "./config/inputs.ts";
import { isUrl } from "./corpus/objects.ts";
import { type Part, partsOf } from "./corpus/order.ts";
import type { Plan, PlanFile, Shard } from "./corpus/plan.ts";
import { messageOf, ScanError } from "./errors.ts";
import { RunFolder, type RunRecord } from "./run/folder.ts";
import { readRecord } from "./run/record.ts";
import {
  type Asked,
  follow,
  type Planned,
  planOnly,
  type ScanOptions,
  type ScanResult,
  type ScanSetting,
  storageOf,
} from "./scan.ts";
import { parseShardTally } from "./tally/shard-tally.ts";

/** Writes a plan into a run folder and scans nothing. */
export async function writePlan(
  paths: readonly string[],
  options: ScanOptions = {},
): Promise<Planned & { readonly folder: string }> {
  const planned = await planOnly(paths, options);
  const { out = "corpusgate-run", fresh = false, update = false } = options;
  const folder = RunFolder.open(resolve(out), { fresh });
  try {
    return { ...planned, plan: folder.adopt(planned.plan, planned.about, update).plan, folder: folder.path };
  } finally {
    folder.unlock();
  }
}

/** A part that was scanned to its end; `part.json` of its folder. It decides nothing. */
const partSchema = z.strictObject({
  schema: z.literal("corpusgate.part/1"),
  planDigest: z.string(),
  part: z.strictObject({ index: z.int().positive(), count: z.int().positive() }),
  /** Shards of the part, and their stored bytes. */
  shards: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  /** What executed the classifier; null when it did not run. */
  provider: z.string().nullable(),
  decided: z.literal(false),
});
export type PartResult = z.output<typeof partSchema>;

/** Name of a part's folder. */
function folderOfPart({ index, count }: Part): string {
  return `part-${index}-of-${count}`;
}

/**
 * Scans a part of a plan.
 *
 * @param paths - as for `scan`; none: those of the plan in `options.out`
 * @param setting - as for `scan`
 * @returns what was scanned, and the part's folder
 * @throws ScanError as `scan`, and `run-folder` when `options.out` holds another plan
 */
export async function scanPart(
  paths: readonly string[],
  part: Part,
  options: ScanOptions = {},
  setting: ScanSetting = {},
): Promise<PartResult & { readonly folder: string }> {
  const shared = resolve(options.out ?? "corpusgate-run");
  const record = readRecord(shared);
  const planned = await plannedFor(paths, options, record, shared);
  const out = join(shared, folderOfPart(part));
  const about = { ...planned.about, part };
  let result: PartResult | null = null;
  await follow({ ...planned, about }, { ...options, out }, setting, {
    part,
    // Until it ends again, nobody is to take it for done.
    join: () => rmSync(join(out, partName), { force: true }),
    ended: (folder, { plan, shards, provider }) => {
      const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
      const { planDigest } = plan;
      const schema = "corpusgate.part/1" as const;
      result = { schema, planDigest, part, shards: shards.length, bytes, provider, decided: false };
      folder.write(partName, `${JSON.stringify(result, null, 2)}\n`);
    },
  });
  return { ...(result as unknown as PartResult), folder: out };
}

const partName = "part.json";

/** What a part follows: the plan of the shared folder, where it holds one, with the files as they are here. */
async function plannedFor(
  paths: readonly string[],
  options: ScanOptions,
  record: RunRecord | null,
  shared: string,
): Promise<Planned> {
  if (record === null) {
    if (paths.length === 0) {
      throw new ScanError("usage", `${shared} holds no plan: name the corpus, or write one with corpusgate plan`);
    }
    return planOnly(paths, options);
  }
  const { paths: before, options: then } = askedOf(record, shared);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const planned = await (paths.length > 0 ? planOnly(paths, options) : planOnly(before, { ...then, ...given }));
  if (planned.plan.planDigest !== record.plan.planDigest) {
    throw new ScanError(
      "run-folder",
      `${shared} holds another plan (${record.plan.planDigest}, this one is ${planned.plan.planDigest}): ` +
        "files, library, model, policy or options differ",
    );
  }
  return { ...planned, plan: { ...planned.plan, shards: record.plan.shards } };
}

const askedSchema = z.object({
  paths: z.array(z.string()).min(1),
  options: z.record(z.string(), z.unknown()),
  storage: z.record(z.string(), z.unknown()).optional(),
});

function askedOf({ about }: RunRecord, folder: string): Asked {
  const parsed = askedSchema.safeParse(about.asked);
  if (!parsed.success) throw new ScanError("run-folder", `${folder}/run.json does not say what was planned`);
  const { paths, options, storage } = parsed.data;
  return { paths, options: options as InputOptions, storage };
}

/** How parts are merged. */
export interface MergeOptions
  extends Pick<
    ScanOptions,
    "out" | "fresh" | "workers" | "memoryBytes" | "device" | "signal" | "onEvent" | "sampling"
  > {
  /** Library and policy, where they lie elsewhere than on the machine that planned. */
  readonly library?: string | undefined;
  readonly policy?: string | undefined;
}

/** A folder of a part, ended or not. */
interface PartFolder {
  readonly path: string;
  readonly part: Part;
  readonly record: RunRecord;
  readonly ended: PartResult | null;
}

/**
 * Joins parts to the report that one scan of the plan gives, byte for byte. Their order does not matter.
 *
 * @param folders - folders of parts, or folders that hold them
 * @param setting - as for `scan`
 * @throws ScanError `run-folder` when a shard is missing, parts are of different plans, or two parts say different
 *   things of one shard
 */
export async function merge(
  folders: readonly string[],
  options: MergeOptions = {},
  setting: ScanSetting = {},
): Promise<ScanResult> {
  const out = resolve(options.out ?? "corpusgate-run");
  const parts = folders.flatMap((folder) => partFoldersIn(resolve(folder)));
  const [first] = parts;
  if (first === undefined) throw new ScanError("usage", "name folders of parts");
  if (parts.some(({ path }) => path === out)) throw new ScanError("usage", `--out ${out} is the folder of a part`);
  requireOnePlan(folders, parts);
  const { plan } = first.record;
  const chosen = chooseShards(plan, parts);
  const providers = new Set([...chosen.values()].flatMap(({ ended }) => ended?.provider ?? []));
  const asked = askedOf(first.record, first.path);
  const { library, policy, ...rest } = options;
  const inputOptions: InputOptions = {
    ...asked.options,
    ...(library === undefined ? {} : { library }),
    ...(policy === undefined ? {} : { policy }),
  };
  const register = { version: 1 as const, phase: plan.phase, storage: asked.storage, sources: [...plan.sources] };
  const inputs = loadInputs(asked.paths, inputOptions, undefined, register);
  const storage = storageOf(asked.storage, options.signal);
  requireSameRules(inputs, first.record);
  const { part: _, ...about } = first.record.about;
  const { report, folder } = await follow({ inputs, plan, about, storage }, { ...rest, out }, setting, {
    provider: [...providers].toSorted().join("+") || null,
    join: (folder, plan) => bring(folder, plan, chosen),
    locate: (plan, shards, sources) => locate(plan, shards, sources, parts, storage),
  });
  if (report === null) throw new ScanError("internal", "a merge gave no report");
  return { report, folder };
}

/** The folders of parts that a folder is or holds. */
function partFoldersIn(folder: string): PartFolder[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => /^part-\d+-of-\d+$/.test(name));
  } catch (error) {
    throw new ScanError("usage", `${folder} is no folder of parts: ${messageOf(error)}`, { cause: error });
  }
  const paths = [folder, ...names.map((name) => join(folder, name))];
  const found = paths.flatMap((path): PartFolder[] => {
    const record = readRecord(path);
    const part = partSchema.shape.part.safeParse(record?.about.part);
    return record === null || !part.success ? [] : [{ path, part: part.data, record, ended: readPart(path) }];
  });
  if (found.length === 0) throw new ScanError("usage", `${folder} holds no part of a plan (scan --shard makes them)`);
  return found.toSorted((a, b) => a.part.index - b.part.index || (a.path < b.path ? -1 : 1));
}

/** What a part ended with; null while it has not. */
function readPart(folder: string): PartResult | null {
  const path = join(folder, partName);
  if (!existsSync(path)) return null;
  try {
    return partSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    // Cut by a crash of the machine: the part is run again.
    return null;
  }
}

function requireOnePlan(folders: readonly string[], parts: readonly PartFolder[]): void {
  const plans = folders.flatMap((folder) => {
    const record = readRecord(resolve(folder));
    return record === null ? [] : [{ path: resolve(folder), record }];
  });
  const [first, ...others] = [...parts, ...plans];
  if (first === undefined) return;
  for (const other of others) {
    const [ours, theirs] = [first.record.plan, other.record.plan];
    const refuse = (what: string, one: string, two: string) => {
      throw new ScanError("run-folder", `${what}: ${first.path} has ${one}, ${other.path} has ${two}`);
    };
    if (ours.planDigest !== theirs.planDigest) refuse("parts of different plans", ours.planDigest, theirs.planDigest);
    const [cut, otherCut] = [ours, theirs].map(({ shards }) => digestOf(shards.map(({ id }) => id).toSorted()));
    if (cut !== otherCut) {
      refuse("one plan in different shards (give all parts one plan, or one --shard-size)", cut ?? "", otherCut ?? "");
    }
    const [sources, otherSources] = [ours, theirs].map(({ sources }) => digestOf(JSON.parse(JSON.stringify(sources))));
    if (sources !== otherSources) refuse("different registers of the same sources", sources ?? "", otherSources ?? "");
  }
}

function requireSameRules({ library, policyDigest, model }: Inputs, { about }: RunRecord): void {
  const before = z.object({
    library: z.object({ digest: z.string() }),
    policy: z.object({ digest: z.string() }),
    model: z.object({ digest: z.string() }).nullable(),
  });
  const parsed = before.safeParse(about);
  const rules = [
    ["library", parsed.data?.library.digest, library.digest],
    ["policy", parsed.data?.policy.digest, policyDigest],
    ["model", parsed.data?.model?.digest, model?.digest],
  ];
  for (const [what, then, now] of rules) {
    if (then !== now) {
      throw new ScanError("config", `the parts were scanned with the ${what} ${then}; the one that is here is ${now}`);
    }
  }
}

/**
 * A part for each shard of the plan that has scanned it.
 *
 * @throws ScanError `run-folder` naming the parts to run again, or the shard of which two parts say different things
 */
function chooseShards(plan: Plan, parts: readonly PartFolder[]): Map<string, PartFolder> {
  const chosen = new Map<string, PartFolder>();
  const missing = new Set<string>();
  const tallies = new Map(parts.map(({ path }) => [path, namesIn(join(path, "tally"))]));
  for (const shard of plan.shards) {
    const having = parts.flatMap((part) => {
      if (part.ended === null || tallies.get(part.path)?.has(`${shard.id}.json`) !== true) return [];
      const tally = parseShardTally(readFileSync(tallyPath(part.path, shard), "utf8"), plan.planDigest, shard.id);
      const isGivenUp = tally?.result.damage?.reason === "worker-died";
      const isWhole = tally !== null && (isGivenUp || existsSync(evidencePath(part.path, shard)));
      return isWhole ? [{ part, isGivenUp }] : [];
    });
    // One that a part gave up and another scanned is scanned.
    const scanned = having.filter(({ isGivenUp }) => !isGivenUp);
    const [first, ...others] = (scanned.length > 0 ? scanned : having.slice(0, 1)).map(({ part }) => part);
    if (first === undefined) {
      missing.add(shard.id);
      continue;
    }
    for (const other of others) {
      const isSame = [tallyPath, evidencePath].every((path) =>
        isSameFile(path(first.path, shard), path(other.path, shard)),
      );
      if (!isSame) {
        const where = `${plan.files[shard.file]?.path}, ${shard.range.unit} ${shard.range.start} to ${shard.range.end}`;
        throw new ScanError(
          "run-folder",
          `shard ${shard.id} (${where}) was scanned twice, with different results: ${first.path} and ${other.path}`,
        );
      }
    }
    chosen.set(shard.id, first);
  }
  if (missing.size > 0) throw new ScanError("run-folder", missingInWords(plan, parts, missing));
  return chosen;
}

function namesIn(folder: string): ReadonlySet<string> {
  return new Set(existsSync(folder) ? readdirSync(folder) : []);
}

function tallyPath(folder: string, shard: Shard): string {
  return join(folder, "tally", `${shard.id}.json`);
}

function evidencePath(folder: string, shard: Shard): string {
  return join(folder, "evidence", `${shard.id}.arrow`);
}

function isSameFile(a: string, b: string): boolean {
  if (statSync(a).size !== statSync(b).size) return false;
  const [first, second] = [openSync(a, "r"), openSync(b, "r")];
  const [one, two] = [Buffer.alloc(1 << 20), Buffer.alloc(1 << 20)];
  try {
    for (;;) {
      const [read, other] = [readSync(first, one), readSync(second, two)];
      if (read !== other || one.compare(two, 0, other, 0, read) !== 0) return false;
      if (read === 0) return true;
    }
  } finally {
    closeSync(first);
    closeSync(second);
  }
}

/** How many shards are missing, and which parts to run again. */
function missingInWords(plan: Plan, parts: readonly PartFolder[], missing: ReadonlySet<string>): string {
  // Where parts of several divisions came together, the one that most of them are of is completed.
  const counts = parts.map(({ part }) => part.count);
  const votes = (count: number) => counts.filter((one) => one === count).length;
  const count = counts.reduce((best, one) => (votes(one) > votes(best) ? one : best));
  const lines = partsOf(plan, count).flatMap((shards, at) => {
    const lacking = shards.filter(({ id }) => missing.has(id)).length;
    if (lacking === 0) return [];
    const own = parts.filter(({ part }) => part.count === count && part.index === at + 1);
    const why =
      own.length === 0 ? "is not there" : own.some(({ ended }) => ended !== null) ? "is damaged" : "did not end";
    return [`part ${at + 1} of ${count} ${why} (${lacking} shards): run scan --shard ${at + 1}/${count} again`];
  });
  return `${missing.size} of ${plan.shards.length} shards are missing\n${lines.join("\n")}`;
}

/** Brings tallies and evidence of parts into the folder of the merge. */
function bring(folder: RunFolder, plan: Plan, chosen: ReadonlyMap<string, PartFolder>): void {
  // What a merge before this one brought, and perhaps read once more, stands.
  const open = plan.shards.filter((shard) => folder.finished(shard, plan) === null);
  if (open.length === 0) return;
  for (const shard of open) {
    const part = chosen.get(shard.id);
    // A shard that was given up has none.
    if (part !== undefined && existsSync(evidencePath(part.path, shard))) {
      linkOrCopy(evidencePath(part.path, shard), folder.evidencePath(shard.id));
    }
  }
  // Evidence is durable before its tally is written.
  loadAddon().syncFiles(folder.path);
  for (const shard of open) {
    const part = chosen.get(shard.id);
    if (part !== undefined) folder.finish(shard, readFileSync(tallyPath(part.path, shard), "utf8"), false);
  }
  loadAddon().syncFiles(folder.path);
}

/** The same file under another name where the file system can; evidence is never changed in its place. */
function linkOrCopy(from: string, to: string): void {
  try {
    rmSync(to, { force: true });
    try {
      linkSync(from, to);
    } catch {
      copyFileSync(from, to, constants.COPYFILE_FICLONE);
    }
  } catch (error) {
    throw new ScanError("environment", `${from} cannot be copied to ${to}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * The plan with its files as they are on this machine, for shards that are read once more.
 *
 * @throws ScanError `environment` naming files that are not here as they were planned
 */
async function locate(
  plan: Plan,
  shards: readonly Shard[],
  sources: readonly string[],
  parts: readonly PartFolder[],
  storage: ObjectStorage,
): Promise<Plan> {
  const wanted = new Set(shards.map(({ file }) => file));
  const faults: string[] = [];
  const files: PlanFile[] = [];
  for (const [index, file] of plan.files.entries()) {
    if (!wanted.has(index)) {
      files.push(file);
      continue;
    }
    const places = new Set(parts.map(({ record }) => record.plan.files[index]?.absolutePath ?? file.absolutePath));
    const found: (PlanFile | string)[] = [];
    for (const path of places) found.push(await lookAt(file, path, storage));
    const here = found.find((one): one is PlanFile => typeof one !== "string");
    if (here === undefined) faults.push(`${file.path}: ${found[0]}`);
    files.push(here ?? file);
  }
  if (faults.length > 0) {
    const shown = [...faults.slice(0, 3), ...(faults.length > 3 ? [`and ${faults.length - 3} more`] : [])];
    throw new ScanError(
      "environment",
      `the parts kept too few records for the draw, so ${sources.join(", ")} must be read once more, and ` +
        `${faults.length} of ${wanted.size} files are not here as they were planned (${shown.join("; ")}): ` +
        "merge where the corpus lies as it did for one of the parts",
    );
  }
  return { ...plan, files };
}

/** A file of the plan at a place, or why it is not there. */
async function lookAt(file: PlanFile, absolutePath: string, storage: ObjectStorage): Promise<PlanFile | string> {
  const { format, encoding, validate, columns } = file;
  const addon = loadAddon();
  const options = {
    ...{ format, encoding, validate },
    ...{ textColumn: columns.text, idColumn: columns.id, sourceColumn: columns.source },
  };
  const found = isUrl(absolutePath)
    ? await addon.inspectObject(absolutePath, { ...options, storage })
    : addon.inspectFile(absolutePath, options);
  if (found.error !== null) return found.error.message;
  const isSame = found.size === file.size && found.head === file.head && found.foot === file.foot;
  return isSame ? { ...file, absolutePath, modifiedNs: found.modifiedNs } : "it is another file";
}
