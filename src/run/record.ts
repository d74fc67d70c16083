/** Reads `run.json` of a run folder that this process does not hold: a plan that somebody else wrote. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Plan } from "../corpus/plan.ts";
import { sourceSchema } from "../corpus/register.ts";
import { messageOf, ScanError } from "../errors.ts";
import { phases } from "../standard/profiles.ts";
import type { RunRecord } from "./folder.ts";

const count = z.int().nonnegative();
const text = z.string();

/** The fields of a plan that are followed; what else a plan holds is kept. */
const planSchema = z
  .looseObject({
    phase: z.enum(phases),
    seed: text.length(64),
    planDigest: text.length(64),
    nonce: text.nullable(),
    sources: z.array(z.looseObject(sourceSchema.shape)),
    files: z.array(
      z.looseObject({
        source: text.nullable(),
        path: text,
        absolutePath: text,
        size: count,
        modifiedNs: text,
        head: text,
        foot: text,
        format: text.nullable(),
        encoding: text,
        columns: z.strictObject({ text: text.nullable(), id: text.nullable(), source: text.nullable() }),
        rows: count.nullable(),
        problem: z.strictObject({ code: text, detail: text }).nullable(),
      }),
    ),
    shards: z.array(
      z.looseObject({
        // It names files of the run folder.
        id: text.regex(/^[0-9a-f]{24}$/),
        file: count,
        range: z.strictObject({ unit: z.enum(["blocks", "bytes"]), start: count, end: count }),
        bytes: count,
      }),
    ),
  })
  .refine(({ files, shards }) => shards.every(({ file }) => file < files.length), {
    error: "a shard is of a file that the plan does not have",
  });

const recordSchema = z.object({
  schema: z.literal("corpusgate.run/1"),
  plan: planSchema,
  about: z.record(text, z.unknown()),
});

/**
 * Reads the record of a run folder.
 *
 * @returns null when the folder holds no `run.json`
 * @throws ScanError `run-folder` when it is not one of this version
 */
export function readRecord(folder: string): RunRecord | null {
  const path = join(folder, "run.json");
  if (!existsSync(path)) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ScanError("run-folder", `${path} is not readable: ${messageOf(error)}`, { cause: error });
  }
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const fault = `${issue?.path.join(".")}: ${issue?.message}`;
    throw new ScanError("run-folder", `${path} is not of this version of corpusgate: ${fault}`);
  }
  const { schema, plan, about } = parsed.data;
  return { schema, plan: plan as unknown as Plan, about };
}
