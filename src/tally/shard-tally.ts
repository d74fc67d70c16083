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
  /** Set when the file turned out to be damaged while it was read. */
  damage: z.strictObject({ reason: z.enum(["file-damaged", "unreadable"]), detail: z.string() }).nullable(),
  /** Where the first records without a verdict are, for people who look for them. */
  places: z.array(z.strictObject({ reason: z.enum(reasons), position: count })),
  evidenceRows: count,
});

/** The tally file of one shard. */
export const shardTallySchema = z.strictObject({
  schema: z.literal("corpusgate.tally/1"),
  planDigest: z.string(),
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
  let parsed: ReturnType<typeof shardTallySchema.safeParse>;
  try {
    // Sketches and risks are decoded while they are checked, and throw when they are none.
    parsed = shardTallySchema.safeParse(JSON.parse(text));
  } catch {
    return null;
  }
  if (!parsed.success || parsed.data.planDigest !== planDigest || parsed.data.shard !== shard) return null;
  const sound = Object.values(parsed.data.result.sources).every((tally) => brokenIdentity(tally) === null);
  return sound ? parsed.data : null;
}
