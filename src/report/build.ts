/** Makes the report from counts, draw and gates. Pure: no file, no clock. */
import type { Inputs } from "../config/inputs.ts";
import type { Plan } from "../corpus/plan.ts";
import { type Source, unregistered } from "../corpus/register.ts";
import { type Draw, drawnOf } from "../evidence/drawn.ts";
import { gateSource, gateTechnicalSample } from "../gate/gate.ts";
import { severities } from "../library/library.ts";
import { drawAlgorithm, manualSize, technicalSize } from "../sampling/sampling.ts";
import { sourceClauses, sourceLimit } from "../standard/profiles.ts";
import type { Merged, SourceCounts } from "../tally/merge.ts";
import { addTally, brokenIdentity, emptyTally, sum, type Tally } from "../tally/tally.ts";
import type { Counts, FileReport, Report, Result, SourceReport, TechnicalSample } from "./report.ts";

/** What a report is made of. */
export interface ReportParts {
  readonly inputs: Inputs;
  readonly plan: Plan;
  readonly merged: Merged;
  readonly draw: Draw;
  /** What executed the classifier; null when it did not run. */
  readonly provider: string | null;
}

/** Builds the report of a scan. */
export function buildReport(parts: ReportParts): Report {
  const { inputs, plan, merged } = parts;
  const register = new Map(inputs.corpus.sources.map((source) => [source.id, source]));
  const totals = emptyTally();
  const sources: SourceReport[] = [];
  for (const counts of merged.sources) {
    const tally = inputs.sample === null ? counts.tally : sampledTally(counts, parts.draw);
    const broken = brokenIdentity(tally);
    if (broken !== null) throw new RangeError(`source ${counts.id}: ${broken}`);
    addTally(totals, tally);
    sources.push(sourceReport(counts, tally, register.get(counts.id), parts));
  }
  const technicalSample = technicalReport(parts, sources);
  const decided: Result[] = sources.map((source) => source.gate.result);
  // Before collection there is no corpus yet that 9.2 b could speak of.
  if (plan.phase !== "pre") decided.push(technicalSample.result);
  const result = decided.includes("fail") ? "fail" : decided.every((one) => one === "pass") ? "pass" : "not-decided";
  const models = inputs.model === null || parts.provider === null ? [] : [modelReport(inputs.model, parts.provider)];
  return {
    schema: "corpusgate.report/1",
    phase: plan.phase,
    profile: inputs.policy.profile,
    planDigest: plan.planDigest,
    seed: plan.seed,
    nonce: plan.nonce,
    result,
    exitCode: result === "pass" ? 0 : result === "fail" ? 1 : 2,
    reasons: overallReasons(sources, technicalSample, plan.phase),
    stagesRun: inputs.stages,
    totals: countsOf(totals),
    sources,
    technicalSample,
    manualSample: {
      algorithm: drawAlgorithm,
      required: inputs.sample === null ? manualSize(technicalSample.population) : 0,
      drawn: parts.draw.overall,
    },
    library: {
      name: inputs.library.name,
      version: inputs.library.version,
      digest: inputs.library.digest,
      entries: inputs.library.distinct,
      bySeverity: Object.fromEntries(
        severities.map((severity) => [
          severity,
          inputs.library.entries.filter((entry) => entry.severity === severity).length,
        ]),
      ) as Report["library"]["bySeverity"],
    },
    policy: { digest: inputs.policyDigest, profile: inputs.policy.profile },
    models,
    files: merged.files.map(
      ({ file, status, reason }): FileReport => ({
        path: file.path,
        source: file.source,
        status,
        reason,
        format: file.format,
        bytes: file.size,
      }),
    ),
  };
}

/** A source of which only a sample was assessed: the verdicts of the drawn records, the rest without the stages. */
function sampledTally({ id, tally }: SourceCounts, draw: Draw): Tally {
  const drawn = drawnOf(draw, id);
  const waiting = (tally.notAssessed["stage-missing"] ?? 0) - drawn.assessed;
  const { "stage-missing": _, ...others } = tally.notAssessed;
  return {
    ...tally,
    assessed: drawn.assessed,
    notAssessed: waiting > 0 ? { ...others, "stage-missing": waiting } : others,
    flagged: drawn.flagged,
    unqualified: drawn.unqualified,
    risks: drawn.risks,
    stages: drawn.stages,
  };
}

function sourceReport(
  counts: SourceCounts,
  tally: Tally,
  source: Source | undefined,
  parts: ReportParts,
): SourceReport {
  const { inputs, plan } = parts;
  const gate = gateSource({ assessed: tally.assessed, flagged: tally.flagged, records: tally.records }, sourceLimit);
  const usedForTraining = source?.usedForTraining ?? true;
  const reasons: string[] = [];
  let result: Result = gate.result;
  if (gate.result === "fail") reasons.push("over-limit");
  if (gate.result === "not-decided") reasons.push("nothing-assessed");
  if (inputs.stagesMissing.length > 0) reasons.push("stage-missing");
  for (const status of new Set(counts.uncounted.map((file) => file.status))) {
    reasons.push(
      status === "missing" ? "file-missing" : status === "file-damaged" ? "rows-not-countable" : `file-${status}`,
    );
  }
  if (counts.uncounted.length > 0) result = "not-decided";
  if (counts.id === unregistered && tally.records > 0) {
    result = "fail";
    reasons.push("unregistered");
  }
  if (result === "fail" && !usedForTraining && plan.phase !== "pre") {
    result = "pass";
    reasons.push("not-used-for-training");
  }
  const duplicateIds = tally.ids.repeated();
  const warnings: string[] = [];
  if (duplicateIds.count > 0) {
    warnings.push(`${duplicateIds.exact ? "" : "about "}${duplicateIds.count} records have an id that another one has`);
  }
  const unread = sum(tally.notAssessed) - (tally.notAssessed["stage-missing"] ?? 0);
  if (unread > 0) warnings.push(`${unread} records could not be read and have no verdict`);
  return {
    id: counts.id,
    kind: source?.kind ?? null,
    language: source?.language ?? null,
    licence: source?.licence ?? null,
    usedForTraining,
    ...countsOf(tally),
    share: gate.share,
    gate: { clause: sourceClauses[plan.phase], result, reasons },
    interval: gate.interval,
    duplicateIds,
    warnings,
  };
}

/** 9.2 b over the sources that are used for training. */
function technicalReport({ inputs, merged, draw }: ReportParts, sources: readonly SourceReport[]): TechnicalSample {
  const used = sources.filter((source) => source.usedForTraining);
  const total = (count: (source: SourceReport) => number) => used.reduce((sum, source) => sum + count(source), 0);
  const population = total((source) => source.records);
  const all = population > 0 && total((source) => source.assessed) === population;
  const drawn = used.map((source) => drawnOf(draw, source.id));
  const ofDrawn = (count: (drawn: ReturnType<typeof drawnOf>) => number) =>
    drawn.reduce((sum, one) => sum + count(one), 0);
  const assessed = all ? population : ofDrawn((one) => one.assessed);
  const unqualified = all ? total((source) => source.unqualified) : ofDrawn((one) => one.unqualified);
  const gate = gateTechnicalSample({ population, assessed, qualified: assessed - unqualified });
  const reasons: string[] = [...gate.reasons];
  let result: Result = gate.result;
  const trained = new Set(used.map((source) => source.id));
  if (result !== "fail" && merged.sources.some(({ id, uncounted }) => trained.has(id) && uncounted.length > 0)) {
    result = "not-decided";
    reasons.push("rows-not-countable");
  }
  if (inputs.stagesMissing.length > 0) {
    result = "not-decided";
    reasons.push("stage-missing");
  }
  if (inputs.phase === "pre") {
    // 9.2 b speaks of the training data, which does not exist before collection.
    result = "not-decided";
    reasons.splice(0, reasons.length, "before-collection");
  }
  return {
    algorithm: drawAlgorithm,
    population,
    required: technicalSize(population),
    drawn: ofDrawn((one) => one.drawn),
    assessed,
    qualified: assessed - unqualified,
    over: all ? "all" : "sample",
    result,
    reasons,
  };
}

function overallReasons(sources: readonly SourceReport[], technical: TechnicalSample, phase: Plan["phase"]): string[] {
  const ofSources = (result: Result) => sources.filter((source) => source.gate.result === result).map(({ id }) => id);
  const reasons = [
    ["fail", ofSources("fail")],
    ["not decided", ofSources("not-decided")],
  ] as const;
  const lines = reasons.flatMap(([word, ids]) =>
    ids.length === 0 ? [] : [`${sourceClauses[phase]} ${word}: ${ids.join(", ")}`],
  );
  if (phase !== "pre" && technical.result !== "pass") {
    const word = technical.result === "fail" ? "fail" : "not decided";
    lines.push(`9.2b ${word}: ${technical.reasons.join(", ")}`);
  }
  return lines;
}

function countsOf(tally: Tally): Counts {
  const { rows, empty, records, assessed, notAssessed, flagged, unqualified, risks, stages, textBytes } = tally;
  return {
    rows,
    empty,
    records,
    assessed,
    notAssessed,
    flagged,
    unqualified,
    risks,
    stages,
    textBytes,
    distinctEstimate: tally.distinct.estimate(),
  };
}

function modelReport(model: NonNullable<Inputs["model"]>, provider: string): Report["models"][number] {
  const trained = model.outputs.flatMap((output) => (output.risk === null ? [] : [output.risk]));
  return { id: model.id, digest: model.digest, provider, risks: [...new Set(trained)].toSorted() };
}
