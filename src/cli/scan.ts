/** `corpusgate scan`: the main job. */
import { Command } from "commander";
import { devices } from "../classify/messages.ts";
import { encodings, formats } from "../corpus/register.ts";
import { exitCodes, ScanError } from "../errors.ts";
import { stages } from "../policy/policy.ts";
import { reportText } from "../report/report.ts";
import type { ScanOptions } from "../scan.ts";
import { phases } from "../standard/profiles.ts";
import { choice, parseBytes, parseCount, parseHex, parseList } from "./options.ts";
import { printable, writeOut } from "./output.ts";
import { Progress, type ProgressStyle } from "./progress.ts";

interface ScanFlags extends Omit<ScanOptions, "onEvent" | "signal" | "memoryBytes" | "shardBytes"> {
  readonly memory?: number;
  readonly shardSize?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** The sub-command. */
export function scanCommand(): Command {
  return new Command("scan")
    .description("Scan a corpus and decide its sources (GB/T 45654, 5.1 a and 9.2 b).")
    .argument(
      "<corpus...>",
      "a corpus.yaml, or data files, folders and globs: each file is a source; also s3://bucket/key",
    )
    .option("--out <dir>", "run folder; the same plan resumes in it", "corpusgate-run")
    .option("--library <file>", "keyword library (default: the one that corpus.yaml names, else the starter library)")
    .option("--policy <file>", "policy (default: the one that corpus.yaml names, else the built-in one)")
    .addOption(choice("--phase <phase>", "before collection, after it, or what is handed to training", phases))
    .option("--sample <n>", "records to assess per source (default: 1000 before collection, else all)", parseCount)
    .option(
      "--stages <list>",
      "stages to run: keyword,fast,model (default: those that the policy needs)",
      parseList(stages),
    )
    .addOption(choice("--device <device>", "what runs the classifier; cuda means CUDA or an error", devices))
    .option("--workers <n>", "scan workers (default: one per core)", parseCount)
    .option("--memory <size>", "memory to stay within (default: a quarter of the machine's)", parseBytes)
    .option("--shard-size <size>", "size of a shard", parseBytes, 128 * 1024 * 1024)
    .option("--nonce <hex>", "randomness of an auditor, which enters the seed", parseHex)
    .addOption(choice("--format <format>", "format of data files (default: told by their bytes)", formats))
    .addOption(choice("--encoding <encoding>", "encoding of data files' text", encodings))
    .option("--text-column <name>", "column of the text (default: text, else content, else the only string column)")
    .option("--id-column <name>", "column of the record id (default: id)")
    .option("--source-column <name>", "column whose values are the sources")
    .option("--dry-run", "show what would be scanned, and stop")
    .option("--fresh", "start anew in the run folder")
    .option("--json", "report.json on stdout, progress as NDJSON on stderr")
    .option("--quiet", "no progress and no table")
    .addHelpText(
      "after",
      `
Examples:
  corpusgate scan corpus.yaml --library library.yaml --out run-1
  corpusgate scan crawl.jsonl.zst books.parquet --text-column content
  corpusgate scan posts.parquet --source-column site --phase pre
  corpusgate scan "s3://bucket/crawl/**/*.jsonl.zst" --out run-2
  corpusgate scan corpus.yaml --json --quiet > report.json`,
    )
    .action(runScan);
}

async function runScan(corpus: string[], flags: ScanFlags): Promise<void> {
  const { memory, shardSize, dryRun, json, quiet, ...rest } = flags;
  const options: ScanOptions = { ...rest, memoryBytes: memory, shardBytes: shardSize };
  if (dryRun) {
    await showPlan(corpus, options, json ?? false);
    return;
  }
  // What only a scan needs is loaded here, so that help and wrong options answer at once.
  const [{ scan }, { renderTable }] = await Promise.all([import("../scan.ts"), import("../report/table.ts")]);
  const style: ProgressStyle = quiet ? "quiet" : json ? "json" : process.stderr.isTTY ? "terminal" : "lines";
  const progress = new Progress(style);
  const { report, folder } = await withInterrupt((signal) =>
    scan(corpus, { ...options, signal, onEvent: (event) => progress.on(event) }),
  ).finally(() => progress.end());
  process.exitCode = report.exitCode;
  if (json) await writeOut(reportText(report));
  else if (!quiet) {
    const columns = process.stdout.columns ?? 120;
    await writeOut(renderTable(report, { columns, color: process.stdout.isTTY === true && !process.env.NO_COLOR }));
    await writeOut(`\nreport: ${printable(folder)}/report.html and report.json\n`);
  }
}

/** Runs with a signal that SIGINT and SIGTERM abort; a second one ends the process at once. */
async function withInterrupt<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    process.stderr.write("\nstopping after the batches in hand; once more to stop at once\n");
    controller.abort(new ScanError("interrupted", "interrupted"));
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    return await run(controller.signal);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

async function showPlan(corpus: string[], options: ScanOptions, json: boolean): Promise<void> {
  const { planOnly } = await import("../scan.ts");
  const { inputs, plan } = await planOnly(corpus, options);
  if (json) {
    await writeOut(`${JSON.stringify(plan, null, 2)}\n`);
    return;
  }
  const bytes = plan.shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const lines = [
    `plan ${plan.planDigest}`,
    `phase ${plan.phase}, stages ${inputs.stages.join(", ")}, library ${inputs.library.name} (${inputs.library.entries.length} entries)`,
    ...plan.files.map((file, index) => {
      const shards = plan.shards.filter((shard) => shard.file === index).length;
      const what =
        file.problem === null ? `${file.format}, ${shards} shards` : `${file.problem.code}: ${file.problem.detail}`;
      return `${file.source ?? "(by column)"}\t${file.path}\t${file.size} bytes\t${what}`;
    }),
    `${plan.files.length} files, ${plan.shards.length} shards, ${bytes} bytes`,
  ];
  await writeOut(`${lines.map(printable).join("\n")}\n`);
}
