/** The tally of one shard as it lies in the run folder. Written last, by rename: it is what "done" means. */
import { z } from "zod";
import { riskOfBit } from "../standard/risks.ts";
import { DistinctSketch, IdSketch } from "./sketches.ts";
import { brokenIdentity, type Reason, reasons, type Tally } from "./tally.ts";

const count = z.int().nonnegative();

const sourceTally = z
  .strictObject({
    rows: count,
    empty: count,
    records: count,
    assessed: count,
    notAssessed: z.partialRecord(z.enum(reasons), count),
    flagged: count,
    unqualified: count,
    risks: z.record(z.string(), count),
    stages: z.strictObject({ keywordOnly: count, classifierOnly: count, both: count, neither: count }),
    textBytes: count,
    distinct: z.string(),
    ids: z.string(),
  })
  .transform(
    (raw): Tally => ({
      ...raw,
      notAssessed: raw.notAssessed as Partial<Record<Reason, number>>,
      risks: Object.fromEntries(Object.entries(raw.risks).map(([bit, n]) => [riskOfBit(Number(bit)), n])),
      distinct: DistinctSketch.parse(raw.distinct),
      ids: IdSketch.parse(raw.ids),
    }),
  );

/** What a shard's scan gives back, as native code writes it. */
export const shardResultSchema = z.strictObject({
  sources: z.record(z.string(), sourceTally),
  /** Set when the file turned out to be damaged while it was read, or the shard was given up. */
  damage: z
    .strictObject({ reason: z.enum(["file-damaged", "unreadable", "worker-died"]), detail: z.string() })
    .nullable(),
  /** Where the first records without a verdict are, for people who look for them. */
  places: z.array(z.strictObject({ reason: z.enum(reasons), position: count })),
  evidenceRows: count,
});

/** The tally file of one shard. */
export const shardTallySchema = z.strictObject({
  schema: z.literal("corpusgate.tally/1"),
  planDigest: z.string(),
  /** What the counts stand on beside the file: see `Plan.rules`. */
  rules: z.string(),
  shard: z.string(),
  file: z.string(),
  result: shardResultSchema,
});
export type ShardTally = z.output<typeof shardTallySchema>;

/**
 * Reads a tally file's text.
 *
 * @returns the tally, or null when the text is not one or belongs to another plan: the shard is then scanned again
 */
export function parseShardTally(text: string, planDigest: string, shard: string): ShardTally | null {
  const tally = parse(text, shard);
  return tally?.planDigest === planDigest ? tally : null;
}

/** What a tally is about. */
export type TallyHead = Pick<ShardTally, "planDigest" | "rules" | "shard" | "file">;

/** The text of a tally; `result` as native code gives it. */
export function tallyText({ planDigest, rules, shard, file }: TallyHead, result: unknown): string {
  return JSON.stringify({ schema: "corpusgate.tally/1", planDigest, rules, shard, file, result });
}

/** The result of a shard that was given up: nothing is known of its records. */
export function givenUpResult(detail: string): unknown {
  return { sources: {}, damage: { reason: "worker-died", detail }, places: [], evidenceRows: 0 };
}

/**
 * The tally of a shard whose counts were known and whose evidence was drawn anew, under another plan.
 *
 * @param counted - the text of its tally under the plan before
 * @param redrawn - the result of the redraw, which counts all readable records as if no stage had run
 * @returns null when the two did not read the same: then the counts do not stand
 */
export function redrawnTally(head: TallyHead, counted: string, redrawn: string): string | null {
  const before = (JSON.parse(counted) as { result: RawResult }).result;
  const now = JSON.parse(redrawn) as RawResult;
  if (readingOf(before) !== readingOf(now)) return null;
  return tallyText(head, { ...before, evidenceRows: now.evidenceRows });
}

/** A result as it is written, as far as two scans of one shard must agree on it. */
interface RawResult {
  readonly sources: Readonly<Record<string, { rows: number; empty: number; notAssessed: Record<string, number> }>>;
  readonly damage: unknown;
  readonly places: unknown;
  readonly evidenceRows: number;
}

function readingOf({ sources, damage, places }: RawResult): string {
  const read = Object.entries(sources).map(([id, { rows, empty, notAssessed }]) => {
    const { "stage-missing": _, ...unread } = notAssessed;
    return [id, rows, empty, Object.entries(unread).toSorted()];
  });
  return JSON.stringify([read.toSorted(), damage, places]);
}

/** Whether a text is a tally of this shard with verdicts under these rules, whatever the plan: then its counts stand. */
export function sameRules(text: string, rules: string, shard: string): boolean {
  const tally = parse(text, shard);
  return tally !== null && tally.rules === rules && tally.result.damage?.reason !== "worker-died";
}

function parse(text: string, shard: string): ShardTally | null {
  let parsed: ReturnType<typeof shardTallySchema.safeParse>;
  try {
    // Sketches and risks are decoded while they are checked, and throw when they are none.
    parsed = shardTallySchema.safeParse(JSON.parse(text));
  } catch {
    return null;
  }
  if (!parsed.success || parsed.data.shard !== shard) return null;
  const sound = Object.values(parsed.data.result.sources).every((tally) => brokenIdentity(tally) === null);
  return sound ? parsed.data : null;
}
