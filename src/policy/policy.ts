/** The policy: which stages a verdict needs, and which result of which stage makes a record flagged. */
import { z } from "zod";
import { profileIds } from "../standard/profiles.ts";
import { isRisk } from "../standard/risks.ts";

/** The stages of a scan, cheapest first. */
export const stages = ["keyword", "fast", "model"] as const;
export type Stage = (typeof stages)[number];

const threshold = z.number().min(0).max(1);

/** `policy.yaml`. Everything but the version has a default, and the resolved policy stands in the run folder. */
export const policySchema = z.strictObject({
  version: z.literal(1),
  /** The edition of the standard that decides what counts. */
  profile: z.enum(profileIds).default("tc260-003"),
  /** `required`: a record without this stage is not assessed. `off`: the stage does not run. */
  stages: z
    .strictObject({
      keyword: z.enum(["required", "off"]).default("required"),
      fast: z.enum(["required", "off"]).default("required"),
    })
    .prefault({}),
  /** Folder of the fast classifier, relative to the policy file; without it the one that corpusgate ships. */
  models: z.strictObject({ fast: z.string().min(1).optional() }).prefault({}),
  /**
   * Scores that decide, per risk, in place of those that the model was calibrated to: `flag` flags a record alone,
   * `review` confirms a keyword of severity `review`.
   */
  thresholds: z
    .record(
      z.string().refine(isRisk, { error: "is not a risk" }),
      z.strictObject({ flag: threshold.optional(), review: threshold.optional() }),
    )
    .default({}),
});

/** A policy with its defaults filled in. */
export type Policy = z.output<typeof policySchema>;

/** The policy of a scan that names none. */
export const defaultPolicy: Policy = policySchema.parse({ version: 1 });

/** The stages without which a record is not assessed. */
export function requiredStages(policy: Policy): Stage[] {
  return (["keyword", "fast"] as const).filter((stage) => policy.stages[stage] === "required");
}
