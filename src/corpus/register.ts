/** The source register: `corpus.yaml`, or the register that paths on the command line stand for. */
import { z } from "zod";
import { phases } from "../standard/profiles.ts";

/** Formats that a source may name; without one a file's first bytes tell. */
export const formats = [
  ...(["arrow-file", "arrow-stream", "parquet", "jsonl", "jsonl.gz", "jsonl.zst"] as const),
  ...(["text", "text.gz", "text.zst", "warc", "warc.gz", "warc.zst"] as const),
] as const;
export type Format = (typeof formats)[number];

/** Whether a file of the format is one record without columns. */
export function isText(format: string | null): boolean {
  return format === "text" || format === "text.gz" || format === "text.zst";
}

/** Encodings of text that is not UTF-8 by its format. */
export const encodings = ["utf-8", "gb18030"] as const;
export type Encoding = (typeof encodings)[number];

/** What is checked of Arrow and Parquet files: every value of every column, or only those that are read. */
export const validations = ["full", "projected"] as const;
export type Validation = (typeof validations)[number];

/** Only text is scanned; records of other modalities are counted as not assessed. */
export const modalities = ["text", "image", "audio", "video"] as const;

/** The source that records without a registered source belong to; it never passes (GB/T 45652, 6.2 a). */
export const unregistered = "unregistered";

const columnName = z.string().min(1);
const sourceId = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._/ -]{0,127}$/u, {
  error: "is not a source id: a letter or digit, then up to 127 of letters, digits, space and . _ / -",
});

/** One source of `corpus.yaml`. */
export const sourceSchema = z.strictObject({
  id: sourceId.refine((id) => id !== unregistered, { error: "is kept for records without a source" }),
  name: z.string().optional(),
  /** Kind of source in the words of GB/T 45652, 6.2, such as `open-data-set`. */
  kind: z.string().min(1).optional(),
  language: z.string().min(1).optional(),
  /** Whether the source is Chinese (5.1 b matches domestic and foreign sources). */
  domestic: z.boolean().optional(),
  modality: z.enum(modalities).default("text"),
  licence: z.string().min(1).optional(),
  /**
   * Paths and globs, relative to `corpus.yaml`. A folder stands for the data files in it; one that `save_to_disk` of
   * Hugging Face `datasets` wrote, for the files that its `state.json` lists, of all splits or, as `data/train`, of one.
   * URLs `s3://bucket/key` likewise, also with globs; a folder of objects is no saved dataset.
   */
  files: z.array(z.string().min(1)).min(1, { error: "needs at least one path or glob" }),
  format: z.enum(formats).optional(),
  encoding: z.enum(encodings).default("utf-8"),
  /** `full` finds damage in any column; `projected` is faster where files have many that are not read. */
  validate: z.enum(validations).default("full"),
  /**
   * Names of columns, or paths to what lies in them: `meta.id`, `messages[].content`. A column of the whole name goes
   * before the path. Texts in lists are joined by line feeds; the path of an id goes through structs (objects) only.
   */
  columns: z.strictObject({ text: columnName.optional(), id: columnName.optional() }).prefault({}),
  /** A source over the limit that is not used for training does not fail the corpus (5.1 a). */
  usedForTraining: z.boolean().default(true),
  /** Licence, collection, contract and authorisation records; kept as they are. */
  provenance: z.record(z.string(), z.unknown()).optional(),
});
export type Source = z.output<typeof sourceSchema>;

/** How object stores are reached. What is secret is not written down: it comes from the environment. */
const storageSchema = z
  .looseObject({
    /** Address of the store; without one `AWS_ENDPOINT_URL`, else that of AWS. */
    endpoint: z.string().optional(),
    /** Region of the buckets; without one `AWS_REGION`. */
    region: z
      .string()
      .regex(/^[a-z0-9-]+$/i, { error: "is not a region such as eu-central-1" })
      .optional(),
    /** A connection that is silent for this long is broken off. */
    timeoutSeconds: z.int().min(1).max(600).optional(),
    /** How often a request is tried again, with growing pauses. */
    retries: z.int().min(0).max(100).optional(),
  })
  .superRefine(({ endpoint, region: _, timeoutSeconds: __, retries: ___, ...rest }, context) => {
    // Named, never shown: what was written there may be a secret.
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: "unrecognized_keys", keys: [key], message: `"${key}" ${message}` });
    for (const key of Object.keys(rest)) {
      if (/key|secret|token|password|credential|profile/i.test(key)) {
        refuse(
          key,
          "is not written into a corpus.yaml: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN are set in the environment",
        );
      } else refuse(key, "is not one of endpoint, region, timeoutSeconds, retries");
    }
    if (endpoint === undefined) return;
    if (endpoint.includes("@"))
      refuse(
        "endpoint",
        "holds credentials: those are set in the environment, as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
      );
    else if (!/^https?:\/\/[^/\s]+/i.test(endpoint))
      refuse("endpoint", "is not a URL such as https://minio.example:9000");
  });

/** `corpus.yaml`. */
export const corpusSchema = z
  .strictObject({
    version: z.literal(1),
    name: z.string().optional(),
    phase: z.enum(phases).default("post"),
    /** Keyword library and policy, relative to this file; options of the command go before them. */
    library: z.string().min(1).optional(),
    policy: z.string().min(1).optional(),
    storage: storageSchema.optional(),
    sources: z.array(sourceSchema).min(1, { error: "needs at least one source" }),
  })
  .superRefine((corpus, context) => {
    const seen = new Set<string>();
    corpus.sources.forEach((source, index) => {
      if (seen.has(source.id)) {
        context.addIssue({ code: "custom", path: ["sources", index, "id"], message: "is used by an earlier source" });
      }
      seen.add(source.id);
    });
  });
export type Corpus = z.output<typeof corpusSchema>;
