/** Everything that a scan is told, read and checked before a byte of the corpus is: register, library, policy, model. */
import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { CompiledLibrary } from "../addon/addon.ts";
import { compileLibrary } from "../addon/library.ts";
import { type FastModel, loadModel } from "../classify/model.ts";
import { baseOf, besideFile, registerOfPaths } from "../corpus/files.ts";
import type { Objects } from "../corpus/objects.ts";
import { type Corpus, corpusSchema, type Encoding, type Format, type Validation } from "../corpus/register.ts";
import { ScanError } from "../errors.ts";
import { severityNumber } from "../library/library.ts";
import { defaultPolicy, type Policy, policySchema, requiredStages, type Stage } from "../policy/policy.ts";
import { type Phase, preSample, profiles } from "../standard/profiles.ts";
import { riskMask, risks } from "../standard/risks.ts";
import { digestOf } from "./digest.ts";
import { type LoadedLibrary, loadLibrary } from "./library-file.ts";
import { readYaml } from "./yaml.ts";

/** What decides a verdict, as a caller names it. */
export interface InputOptions {
  readonly library?: string | undefined;
  readonly policy?: string | undefined;
  readonly phase?: Phase | undefined;
  /** Records to assess per source; without it min(1,000, all) before collection and all after. */
  readonly sample?: number | undefined;
  readonly stages?: readonly Stage[] | undefined;
  readonly nonce?: string | undefined;
  readonly format?: Format | undefined;
  readonly encoding?: Encoding | undefined;
  readonly validate?: Validation | undefined;
  readonly textColumn?: string | undefined;
  readonly idColumn?: string | undefined;
  readonly sourceColumn?: string | undefined;
}

/** What decides the verdict on a record, read. */
export interface Judgement {
  readonly library: LoadedLibrary;
  /** Where the library was read from; null for the one that comes with the package. */
  readonly libraryPath: string | null;
  readonly policy: Policy;
  /** Where the policy was read from; null for the built-in one. */
  readonly policyPath: string | null;
  readonly policyDigest: string;
  readonly stages: readonly Stage[];
  /** Stages that the policy needs and this scan leaves out: then no record is assessed. */
  readonly stagesMissing: readonly Stage[];
  readonly model: FastModel | null;
}

/** What decides a scan, read. */
export interface Inputs extends Judgement {
  readonly corpus: Corpus;
  /** Folder that the register's paths are relative to. */
  readonly base: string;
  readonly phase: Phase;
  readonly sourceColumn: string | null;
  readonly sample: number | null;
  readonly nonce: string | null;
}

/** The starter library and the fast classifier that come with the package. */
export const shipped = {
  library: fileURLToPath(new URL("../../examples/library/library.yaml", import.meta.url)),
  fastModel: fileURLToPath(new URL("../../models/fast", import.meta.url)),
};

/** Whether a path on the command line is a register and not data. */
function isRegister(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}

/**
 * Reads the inputs of a scan.
 *
 * @param paths - one `corpus.yaml`, or data files, folders and globs
 * @param objects - what is known of the objects that the paths name
 * @param register - the register that the paths stood for, where it is known: then they are not looked at
 * @throws ScanError `usage` or `config` naming the file, the place and the value
 */
export function loadInputs(
  paths: readonly string[],
  options: InputOptions,
  objects?: Objects,
  register?: Corpus,
): Inputs {
  const { corpus, base, file } =
    register === undefined
      ? loadCorpus(paths, options, objects)
      : { corpus: register, base: process.cwd(), file: null };
  const phase = options.phase ?? corpus.phase;
  const named = (option: string | undefined, inFile: string | undefined) =>
    option !== undefined ? resolve(option) : inFile !== undefined && file !== null ? besideFile(file, inFile) : null;
  return {
    ...loadJudgement({
      library: named(options.library, corpus.library),
      policy: named(options.policy, corpus.policy),
      stages: options.stages,
    }),
    corpus,
    base,
    phase,
    sourceColumn: options.sourceColumn ?? null,
    sample: options.sample ?? (phase === "pre" ? preSample : null),
    nonce: options.nonce ?? null,
  };
}

/** Where library, policy and classifier are; what is null is the one that comes with the package. */
export interface JudgementOptions {
  readonly library: string | LoadedLibrary | null;
  readonly policy: string | null;
  /** Folder of the fast classifier, in the place of the one that the policy names. */
  readonly model?: string | undefined;
  /** Stages to run; default those that the policy needs. */
  readonly stages?: readonly Stage[] | undefined;
}

/**
 * Reads library, policy and classifier.
 *
 * @throws ScanError `usage` or `config` naming the file, the place and the value
 */
export function loadJudgement(options: JudgementOptions): Judgement {
  const { library: given } = options;
  const libraryPath = typeof given === "string" ? given : null;
  const library = given === null || typeof given === "string" ? loadLibrary(given ?? shipped.library) : given;
  const { policy, policyFile } = loadPolicy(options.policy);
  const required = requiredStages(policy);
  const stages = options.stages ?? required;
  if (stages.includes("model")) {
    throw new ScanError("usage", "stage model: the policy names no transformer, so only keyword and fast can run");
  }
  const stagesMissing = required.filter((stage) => !stages.includes(stage));
  const folder = policy.models.fast;
  const modelFolder =
    options.model ?? (folder === undefined ? shipped.fastModel : besideFile(policyFile ?? "", folder));
  return {
    library,
    libraryPath,
    policy,
    policyPath: policyFile,
    policyDigest: digestOf({ ...policy, models: {} }),
    stages,
    stagesMissing,
    model: stages.includes("fast") ? loadModel(modelFolder) : null,
  };
}

function loadCorpus(
  paths: readonly string[],
  options: InputOptions,
  objects: Objects | undefined,
): { corpus: Corpus; base: string; file: string | null } {
  const [first] = paths;
  if (first === undefined) throw new ScanError("usage", "name a corpus.yaml, or data files");
  if (!paths.some(isRegister)) {
    const { corpus, base } = registerOfPaths(paths, options, objects);
    return { corpus, base, file: null };
  }
  if (paths.length > 1)
    throw new ScanError("usage", `${first}: a register is scanned alone; ${paths.length} paths were named`);
  for (const option of ["format", "encoding", "validate", "textColumn", "idColumn", "sourceColumn"] as const) {
    if (options[option] !== undefined) {
      const flag = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      throw new ScanError("usage", `--${flag} is for data files; ${first} says it per source`);
    }
  }
  return { corpus: readYaml(first, "corpus", corpusSchema), base: baseOf(first), file: resolve(first) };
}

function loadPolicy(path: string | null): { policy: Policy; policyFile: string | null } {
  if (path === null) return { policy: defaultPolicy, policyFile: null };
  const policy = readYaml(path, "policy", policySchema);
  const folder = policy.models.fast;
  if (folder !== undefined) {
    const absolute = besideFile(path, folder);
    if (!existsSync(absolute) || !statSync(absolute).isDirectory()) {
      throw new ScanError(
        "config",
        `${path}: models.fast: ${absolute} is not a folder (paths are relative to ${dirname(path)})`,
      );
    }
  }
  return { policy, policyFile: path };
}

/** The numbers that native code judges by: masks and thresholds of policy, profile and model. */
export function nativeRules(policy: Policy, model: FastModel | null, bit: (risk: string) => number) {
  const profile = profiles[policy.profile];
  return {
    blockSeverity: severityNumber("block"),
    reviewSeverity: severityNumber("review"),
    flaggedMask: profile.flaggedMask,
    unqualifiedMask: profile.unqualifiedMask,
    outputs: (model?.outputs ?? []).map(({ risk, flag, review }) => {
      const own = risk === null ? undefined : policy.thresholds[risk];
      return { mask: risk === null ? 0 : bit(risk), flag: own?.flag ?? flag, review: own?.review ?? review };
    }),
  };
}

/** What decides a verdict, in the terms of native code. */
export function nativeJudgement(judgement: Judgement) {
  const { policy, model, stages, stagesMissing } = judgement;
  return {
    rules: nativeRules(policy, model, (risk) => riskMask([risk])),
    keywords: stages.includes("keyword"),
    classifier:
      model === null
        ? null
        : {
            features: model.features,
            outputs: model.outputs.map(({ scale, bias }) => ({ scale, bias })),
            names: model.outputs.map(({ name }) => name),
          },
    stageMissing: stagesMissing.length > 0,
    riskNames: risks.map((risk) => risk.id),
  };
}

/** Compiles the library of a judgement: all hits of a record count, also those that overlap. */
export function compileJudgement({ library }: Judgement): CompiledLibrary {
  return compileLibrary(library.entries, { ...library.options, overlap: "all" }, library.compiled);
}
