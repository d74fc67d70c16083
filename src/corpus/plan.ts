/** The plan of a scan: the files with their identities, the shards, and the digests that make two plans the same. */
import { createHash } from "node:crypto";
import type { Addon, BlockInfo, Inspection, ReadOptions } from "../addon/addon.ts";
import { digestOf } from "../config/digest.ts";
import { ScanError } from "../errors.ts";
import type { Phase } from "../standard/profiles.ts";
import { compareText, filesOfSource } from "./files.ts";
import { isUrl, type Objects } from "./objects.ts";
import { type Corpus, isText, type Source } from "./register.ts";

/** Version of what a scan computes; a tally of another version is not reused. */
export const engineVersion = 1;

/** Why a file cannot be read at all; such a file has no rows that could be counted. */
export type FileProblem = "missing" | "unreadable" | "unknown-format" | "file-damaged";

/** A file of the plan. */
export interface PlanFile {
  readonly source: string | null;
  readonly path: string;
  readonly absolutePath: string;
  readonly size: number;
  /** Nanoseconds as text; it guards a resume and is no part of any digest. */
  readonly modifiedNs: string;
  /** BLAKE3 of the first and the last 64 KiB, in hexadecimal. */
  readonly head: string;
  readonly foot: string;
  /** Of an object: what its store calls the content, and its version. They guard a resume too. */
  readonly etag?: string | null;
  readonly version?: string | null;
  readonly format: string | null;
  readonly encoding: string;
  readonly validate: string;
  readonly columns: { readonly text: string | null; readonly id: string | null; readonly source: string | null };
  /** Rows where the format counts them without reading all. */
  readonly rows: number | null;
  readonly problem: { readonly code: FileProblem | "modality"; readonly detail: string } | null;
}

/** A part of a file: the unit of work, of retry and of resume. */
export interface Shard {
  /** Made of the file's identity and the range, never of a number in a list. */
  readonly id: string;
  /** Index of its file in the plan. */
  readonly file: number;
  readonly range: ShardRange;
  /** Stored bytes, for progress. */
  readonly bytes: number;
  /** Rows where the blocks say them without being read. */
  readonly rows: number | null;
}

/** Blocks `[start, end)` of a file that is made of them, or the bytes `[start, end)` in which lines start. */
export interface ShardRange {
  readonly unit: "blocks" | "bytes";
  readonly start: number;
  readonly end: number;
}

/** What is scanned, under which rules, in which parts. */
export interface Plan {
  readonly phase: Phase;
  readonly seed: string;
  readonly planDigest: string;
  /** Digest of what decides the counts of a shard beside its file: a tally under the same rules stands in another plan. */
  readonly rules: string;
  readonly nonce: string | null;
  readonly sources: readonly Source[];
  readonly files: readonly PlanFile[];
  readonly shards: readonly Shard[];
}

/** What decides a plan beside the files. */
export interface PlanInputs {
  readonly corpus: Corpus;
  readonly base: string;
  readonly phase: Phase;
  readonly sourceColumn: string | null;
  readonly libraryDigest: string;
  readonly policyDigest: string;
  readonly modelDigests: readonly string[];
  readonly stages: readonly string[];
  /** Records to assess per source; null for all. */
  readonly sample: number | null;
  readonly nonce: string | null;
  readonly shardBytes: number;
  /** What is known of the objects that the register names; their store is not asked here. */
  readonly objects?: Objects | undefined;
}

/** Looks at every file and cuts the plan. Reads heads, feet and indexes, no records. */
export function planScan(addon: Addon, inputs: PlanInputs): Plan {
  const files: PlanFile[] = [];
  const shards: Shard[] = [];
  const claimed = new Map<string, string>();
  for (const source of inputs.corpus.sources) {
    for (const found of filesOfSource(source, inputs.base, inputs.objects)) {
      const owner = claimed.get(found.absolutePath);
      if (owner !== undefined) {
        throw new ScanError("config", `${found.path} belongs to two sources, "${owner}" and "${source.id}"`);
      }
      claimed.set(found.absolutePath, source.id);
      const common = {
        source: inputs.sourceColumn === null ? source.id : null,
        path: found.path,
        absolutePath: found.absolutePath,
        size: found.stats?.size ?? 0,
        modifiedNs: "0",
        head: "",
        foot: "",
        format: null,
        encoding: source.encoding,
        validate: source.validate,
        columns: { text: null, id: null, source: null },
        rows: null,
      };
      if (found.stats === null) {
        files.push({
          ...common,
          problem: { code: "missing", detail: isUrl(found.path) ? "no such object" : "no such file" },
        });
        continue;
      }
      if (source.modality !== "text") {
        files.push({ ...common, rows: 1, problem: { code: "modality", detail: `${source.modality} is not scanned` } });
        continue;
      }
      const options = readOptionsOf(source, inputs.sourceColumn);
      const known = inputs.objects?.inspection(found.absolutePath, options);
      const inspection = known ?? addon.inspectFile(found.absolutePath, options);
      if (inspection.error !== null && inspection.error.code === "usage") {
        throw new ScanError("config", inspection.error.message);
      }
      const file: PlanFile = {
        ...common,
        ...identityOf(inspection),
        // A text has no column that could name its source, so it keeps the one that it is registered under.
        source: isText(inspection.format) ? source.id : common.source,
        problem: problemOf(inspection),
      };
      files.push(file);
      if (file.problem === null) {
        shards.push(...cutShards(file, files.length - 1, inspection, inputs.shardBytes));
      }
    }
  }
  const seed = digestOf({
    schema: "corpusgate.seed/1",
    files: files
      .map(({ path, size, head, foot }) => ({ path, size, head, foot }))
      .toSorted((a, b) => compareText(a.path, b.path)),
    library: inputs.libraryDigest,
    models: [...inputs.modelDigests],
    policy: inputs.policyDigest,
    phase: inputs.phase,
    nonce: inputs.nonce,
  });
  const rules = digestOf({
    schema: "corpusgate.rules/1",
    engine: engineVersion,
    library: inputs.libraryDigest,
    models: [...inputs.modelDigests],
    policy: inputs.policyDigest,
    stages: [...inputs.stages],
    sample: inputs.sample,
  });
  const planDigest = digestOf({
    schema: "corpusgate.plan/1",
    engine: engineVersion,
    seed,
    stages: [...inputs.stages],
    sample: inputs.sample,
    sources: inputs.corpus.sources.map(({ id, modality, encoding, validate, usedForTraining }) => ({
      id,
      modality,
      encoding,
      validate,
      usedForTraining,
    })),
    files: files.map(({ source, path, format, columns }) => ({ source, path, format, columns: { ...columns } })),
  });
  const { phase, nonce, corpus } = inputs;
  return { phase, seed, planDigest, rules, nonce, sources: corpus.sources, files, shards };
}

/** How the files of a source are read. */
export function readOptionsOf(source: Source, sourceColumn: string | null): ReadOptions {
  return {
    format: source.format ?? null,
    encoding: source.encoding,
    validate: source.validate,
    textColumn: source.columns.text ?? null,
    idColumn: source.columns.id ?? null,
    sourceColumn,
  };
}

function identityOf(inspection: Inspection): Partial<PlanFile> {
  const { size, modifiedNs, head, foot, etag, version, format, columns, rows } = inspection;
  const object = etag == null && version == null ? {} : { etag: etag ?? null, version: version ?? null };
  return { size, modifiedNs, head, foot, ...object, format, columns, rows };
}

function problemOf({ error, damage }: Inspection): PlanFile["problem"] {
  const problem = error ?? damage;
  return problem === null ? null : { code: problem.code as FileProblem, detail: problem.message };
}

/** Cuts a file into shards of about `shardBytes` stored bytes, at block borders or, where lines allow it, anywhere. */
function cutShards(file: PlanFile, index: number, inspection: Inspection, shardBytes: number): Shard[] {
  const shard = (range: ShardRange, bytes: number, rows: number | null = null): Shard => ({
    id: shardId(file, range),
    file: index,
    range,
    bytes,
    rows,
  });
  if (inspection.splittable) {
    const count = Math.max(1, Math.ceil(file.size / shardBytes));
    const cut = (part: number) => Math.floor((file.size * part) / count);
    return Array.from({ length: count }, (_, part) => {
      const [start, end] = [cut(part), cut(part + 1)];
      return shard({ unit: "bytes", start, end }, end - start);
    });
  }
  const shards: Shard[] = [];
  let start = 0;
  let bytes = 0;
  let rows: number | null = 0;
  inspection.blocks.forEach((block: BlockInfo, at) => {
    bytes += block.length;
    rows = rows === null || block.rows === null ? null : rows + block.rows;
    if (bytes >= shardBytes || at === inspection.blocks.length - 1) {
      shards.push(shard({ unit: "blocks", start, end: at + 1 }, bytes, rows));
      start = at + 1;
      bytes = 0;
      rows = 0;
    }
  });
  return shards;
}

function shardId(file: PlanFile, range: ShardRange): string {
  const identity = [file.path, file.size, file.head, file.foot, range.unit, range.start, range.end].join("\0");
  return createHash("sha256").update(identity).digest("hex").slice(0, 24);
}
