/** `corpusgate plan`: what a scan would do, written down for the machines that do it in parts. Also what `--dry-run` shows. */
import { Command } from "commander";
import { costOf } from "../corpus/order.ts";
import type { Plan, PlanFile } from "../corpus/plan.ts";
import type { MemoryPlan } from "../pool/memory.ts";
import type { Planned, ScanOptions } from "../scan.ts";
import { withInputs } from "./options.ts";
import { printable, writeOut } from "./output.ts";

interface PlanFlags extends Omit<ScanOptions, "onEvent" | "signal" | "memoryBytes" | "shardBytes"> {
  readonly out: string;
  readonly shardSize?: number;
  readonly json?: boolean;
}

/** The sub-command. */
export function planCommand(): Command {
  const command = new Command("plan")
    .description("Write the plan of a scan into a run folder, and scan nothing.")
    .argument("<corpus...>", "a corpus.yaml, or data files, folders and globs: each file is a source")
    .requiredOption("--out <dir>", "run folder for run.json");
  return withInputs(command)
    .option("--fresh", "take the place of another plan in the folder; parts that were scanned stay")
    .option("--json", "the plan as JSON on stdout")
    .addHelpText(
      "after",
      `
The plan names all files with their digests, and the shards. Each machine then scans its part, and merge joins the parts to
the report that one scan gives, byte for byte. The corpus must lie at the same place on each machine; the folder may be
shared over a network, or each machine has its own with a copy of run.json in it.

Exit codes: 0 written, 64 wrong use, or the folder holds another plan, 70 the folder cannot be written.

Examples:
  corpusgate plan corpus.yaml --library library.yaml --out shared
  corpusgate scan --shard 1/3 --out shared
  corpusgate merge shared --out run-1`,
    )
    .action(runPlan);
}

async function runPlan(corpus: string[], { shardSize, json, ...rest }: PlanFlags): Promise<void> {
  const options: ScanOptions = { ...rest, shardBytes: shardSize };
  const { writePlan } = await import("../parts.ts");
  const { folder, ...planned } = await writePlan(corpus, options);
  await writePlanned(planned, options, json ?? false);
  if (json) return;
  await writeOut(
    printable(
      `\nwritten to ${folder}/run.json; on each of N machines: corpusgate scan --shard i/N --out ${rest.out}\n` +
        `then: corpusgate merge ${rest.out} --out RUN\n`,
    ),
  );
}

/** What a scan would do, in bytes and shards. */
interface PlanSummary {
  /** Stored bytes to read. */
  readonly bytes: number;
  readonly shards: number;
  /** Stored bytes of the largest shard: nothing ends before it. */
  readonly largestShard: number;
  readonly memory: MemoryPlan;
}

/** Writes a plan to stdout, as lines or as JSON, with what it takes to follow it. */
export async function writePlanned({ inputs, plan }: Planned, options: ScanOptions, json: boolean): Promise<void> {
  const { memoryOf } = await import("../scan.ts");
  const summary: PlanSummary = {
    bytes: plan.shards.reduce((sum, shard) => sum + shard.bytes, 0),
    shards: plan.shards.length,
    largestShard: plan.shards.reduce((most, shard) => Math.max(most, shard.bytes), 0),
    memory: memoryOf(inputs, options),
  };
  if (json) {
    await writeOut(`${JSON.stringify({ ...plan, summary }, null, 2)}\n`);
    return;
  }
  const { name, entries } = inputs.library;
  const lines = [
    `plan ${plan.planDigest}`,
    `phase ${plan.phase}, stages ${inputs.stages.join(", ")}, library ${name} (${entries.length} entries)`,
    ...fileLines(plan),
    `${plan.files.length} files, ${summary.shards} shards, ${summary.bytes} bytes`,
    ...skewLines(plan),
    ...memoryLines(summary.memory),
  ];
  await writeOut(`${lines.map(printable).join("\n")}\n`);
}

function fileLines(plan: Plan): string[] {
  const shards = new Map<number, number>();
  for (const { file } of plan.shards) shards.set(file, (shards.get(file) ?? 0) + 1);
  const what = (file: PlanFile, index: number) =>
    file.problem === null
      ? `${file.format}, ${shards.get(index) ?? 0} shards`
      : `${file.problem.code}: ${file.problem.detail}`;
  return plan.files.map(
    (file, index) => `${file.source ?? "(by column)"}\t${file.path}\t${file.size} bytes\t${what(file, index)}`,
  );
}

/** A shard that is more than so much of all work keeps one worker busy while the others have ended. */
const longShare = 0.25;

function skewLines(plan: Plan): string[] {
  const costs = plan.shards.map((shard) => costOf(plan, shard));
  const all = costs.reduce((sum, cost) => sum + cost, 0);
  return plan.shards.flatMap((shard, at) => {
    const share = (costs[at] ?? 0) / all;
    const path = plan.files[shard.file]?.path;
    const isAlone = plan.shards.length > 1 && share > longShare;
    return isAlone ? [`${path}: one shard is about ${(share * 100).toFixed(0)} % of the work, and cannot be cut`] : [];
  });
}

function memoryLines({ budget, workers, workersAsked, batchBytes, perWorker, shared, total }: MemoryPlan): string[] {
  const line =
    `memory: at most ${mebibytes(total)} of ${mebibytes(budget)}: ${mebibytes(shared)} shared, ` +
    `${workers} workers with ${mebibytes(perWorker)} each, batches of ${mebibytes(batchBytes)}`;
  return workers < workersAsked ? [line, `${workers} of ${workersAsked} workers: it holds no more`] : [line];
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 2 : 0)} MiB`;
}
