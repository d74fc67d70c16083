/** How many records are drawn, and how the draw is named. The drawing itself is a hash, done where records are read. */
import { manualSample, technicalShare } from "../standard/profiles.ts";

/**
 * The draw, named in every report: the smallest keys, where the key of a record is SHA-256(seed ‖ NUL ‖ source ‖ NUL ‖
 * id ‖ NUL ‖ file ‖ NUL ‖ position), all as text. The same for any sharding, and it can be recomputed from the corpus.
 */
export const drawAlgorithm = "bottom-k/sha-256";

/**
 * Share of the key space whose records go into the evidence while a corpus is scanned, in parts of 2^32. A tenth is
 * drawn at the end; a hundredth more makes up for chance from 40,000 records a source on, `keptPerSource` below that.
 */
export const keySpace = Math.floor(0.11 * 2 ** 32);

/** All of the key space: what a second pass takes when chance left the first one short. */
export const wholeKeySpace = 2 ** 32;

/** Records of each source and shard that go into the evidence whatever their keys: those with the smallest ones. */
export const keptPerSource = manualSample;

/** Records of a source that the technical sample takes (9.2 b): ⌈N / 10⌉. */
export function technicalSize(records: number): number {
  return Math.ceil((records * technicalShare.num) / technicalShare.den);
}

/** Records that the manual sample takes (9.2 a): min(4,000, N). */
export function manualSize(records: number): number {
  return Math.min(manualSample, records);
}
