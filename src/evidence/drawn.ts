/** What a draw is, as values: how many records are to be drawn, what was drawn, and where that is too little. Pure. */
import { z } from "zod";
import { manualSize, technicalSize } from "../sampling/sampling.ts";
import type { Merged } from "../tally/merge.ts";
import type { StageCounts } from "../tally/tally.ts";

const count = z.int().nonnegative();

/** The draw as native code gives it back. */
export const drawSchema = z.strictObject({
  sources: z.record(
    z.string(),
    z.strictObject({
      /** Rows that the draw of this source alone gives. */
      smallest: count,
      /** Rows of the technical sample: those and the source's part of the manual sample. */
      drawn: count,
      assessed: count,
      flagged: count,
      unqualified: count,
      risks: z.record(z.string(), count),
      stages: z.partialRecord(z.enum(["keywordOnly", "classifierOnly", "both", "neither"]), count),
    }),
  ),
  overall: count,
});

/** What was drawn: per source, and over all sources for people to check. */
export type Draw = z.output<typeof drawSchema>;

/** Counts of the drawn records of one source; all zero where nothing was drawn. */
export function drawnOf(draw: Draw, source: string): Omit<Draw["sources"][string], "stages"> & { stages: StageCounts } {
  const drawn = draw.sources[source] ?? {
    smallest: 0,
    drawn: 0,
    assessed: 0,
    flagged: 0,
    unqualified: 0,
    risks: {},
    stages: {},
  };
  return { ...drawn, stages: { keywordOnly: 0, classifierOnly: 0, both: 0, neither: 0, ...drawn.stages } };
}

/** How many records are to be drawn. */
export interface DrawSizes {
  /** Per source, in the order of the report. */
  readonly perSource: ReadonlyMap<string, number>;
  /** Over all of them. */
  readonly overall: number;
}

/**
 * What the samples take: per source used for training ⌈N / 10⌉ records, and min(4,000, N) over all; before
 * collection, the sample of each source and nothing for people yet.
 */
export function drawSizes(
  merged: Merged,
  inputs: {
    readonly sample: number | null;
    readonly corpus: { readonly sources: readonly { id: string; usedForTraining: boolean }[] };
  },
): DrawSizes {
  const unused = new Set(inputs.corpus.sources.filter((source) => !source.usedForTraining).map((source) => source.id));
  if (inputs.sample !== null) {
    const size = inputs.sample;
    return { perSource: new Map(merged.sources.map(({ id }) => [id, size])), overall: 0 };
  }
  const used = merged.sources.filter(({ id }) => !unused.has(id));
  return {
    perSource: new Map(used.map(({ id, tally }) => [id, technicalSize(tally.records)])),
    overall: manualSize(used.reduce((sum, { tally }) => sum + tally.records, 0)),
  };
}

/**
 * Sources whose evidence may lack records that are to be drawn, though the corpus has them.
 *
 * @param kept - records of each source and shard that are in the evidence whatever their keys
 */
export function shortSources(merged: Merged, sizes: DrawSizes, draw: Draw, kept: number): string[] {
  return merged.sources
    .filter(({ id, tally }) => {
      const wanted = sizes.perSource.get(id);
      if (wanted === undefined) return false;
      const readable = tally.assessed + (tally.notAssessed["stage-missing"] ?? 0);
      // The draw over all sources may want any record of a source that kept fewer than it draws.
      if (kept < Math.min(sizes.overall, readable)) return true;
      return drawnOf(draw, id).smallest < Math.min(wanted, readable);
    })
    .map(({ id }) => id);
}
