/** The draw of the samples from the evidence of a run. */
import { loadAddon } from "../addon/addon.ts";
import type { Plan } from "../corpus/plan.ts";
import type { RunFolder } from "../run/folder.ts";
import type { Merged } from "../tally/merge.ts";
import { type Draw, type DrawSizes, drawSchema } from "./drawn.ts";

/** Draws the samples and writes their rows into the run folder. */
export function drawSamples(folder: RunFolder, plan: Plan, merged: Merged, sizes: DrawSizes): Draw {
  // Records of a file that turned out to be damaged have no verdict, so nothing is drawn of it.
  const shards = plan.shards.filter(
    (shard) => merged.files[shard.file]?.counted === true && !merged.givenUp.has(shard.id),
  );
  const spec = {
    evidence: shards.map((shard) => ({
      path: folder.evidencePath(shard.id),
      file: plan.files[shard.file]?.path ?? "",
    })),
    perSource: Object.fromEntries(sizes.perSource),
    overall: sizes.overall,
    perSourcePath: folder.samplePath("technical"),
    overallPath: folder.samplePath("manual"),
  };
  return drawSchema.parse(loadAddon().drawSamples(spec));
}
