/** A classifier's folder: `model.onnx` and `corpusgate.yaml`, which says what its outputs mean. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readYaml } from "../config/yaml.ts";
import { messageOf, ScanError } from "../errors.ts";
import { isRisk } from "../standard/risks.ts";

const score = z.number().min(0).max(1);

/** One output of a classifier. */
export const outputSchema = z.looseObject({
  name: z.string().min(1),
  /** The risk that the output was trained on; null for one that only confirms keywords. */
  risk: z.string().refine(isRisk, { error: "is not a risk" }).nullable(),
  /** score = σ(bias + scale · sum / √count) */
  scale: z.number(),
  bias: z.number(),
  /** A score from here on flags a record. */
  flag: score,
  /** A score from here on confirms a keyword that needs review. */
  review: score,
});

/** `corpusgate.yaml` of a model folder. What a model card says beside it is kept as it is. */
export const modelSchema = z.looseObject({
  version: z.literal(1),
  id: z.string().min(1),
  kind: z.literal("hashed-ngrams"),
  features: z.looseObject({ version: z.literal(1), buckets: z.int().positive(), windowChars: z.int().positive() }),
  input: z.string().min(1),
  output: z.string().min(1),
  outputs: z.array(outputSchema).min(1).max(32),
  files: z.record(z.string(), z.strictObject({ bytes: z.int().nonnegative(), sha256: z.string().length(64) })),
});

/** A classifier that was read and whose files are those that its card names. */
export interface FastModel {
  readonly id: string;
  readonly folder: string;
  readonly onnxPath: string;
  /** SHA-256 of `model.onnx` and of what decides a score beside it: features, scales, thresholds. */
  readonly digest: string;
  readonly features: Readonly<Record<string, unknown>>;
  readonly input: string;
  readonly output: string;
  readonly outputs: readonly z.output<typeof outputSchema>[];
}

/**
 * Reads a model folder and checks the digest of every file that it names.
 *
 * @throws ScanError `config` when the folder is not a model, or a file is missing or another one
 */
export function loadModel(folder: string): FastModel {
  const card = readYaml(join(folder, "corpusgate.yaml"), "model", modelSchema);
  for (const [name, expected] of Object.entries(card.files)) {
    const path = join(folder, name);
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch (error) {
      throw new ScanError("config", `model file ${path} cannot be read: ${messageOf(error)}`, { cause: error });
    }
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    if (sha256 !== expected.sha256) {
      throw new ScanError("config", `model file ${path} has SHA-256 ${sha256}; its card says ${expected.sha256}`);
    }
  }
  if (card.files["model.onnx"] === undefined) {
    throw new ScanError("config", `${join(folder, "corpusgate.yaml")}: files names no model.onnx`);
  }
  return {
    id: card.id,
    folder,
    onnxPath: join(folder, "model.onnx"),
    digest: createHash("sha256")
      .update(card.files["model.onnx"].sha256)
      .update(JSON.stringify([card.features, card.input, card.output]))
      .update(
        JSON.stringify(
          card.outputs.map(({ name, risk, scale, bias, flag, review }) => [name, risk, scale, bias, flag, review]),
        ),
      )
      .digest("hex"),
    features: card.features,
    input: card.input,
    output: card.output,
    outputs: card.outputs,
  };
}
