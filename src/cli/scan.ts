/** `corpusgate scan`: the main job. */
import { Command } from "commander";
import type { Part } from "../corpus/order.ts";
import { ScanError } from "../errors.ts";
import type { PartResult } from "../parts.ts";
import { reportText } from "../report/report.ts";
import type { ScanEvent, ScanOptions, ScanSetting } from "../scan.ts";
import { parsePart, withInputs, withMachine } from "./options.ts";
import { printable, writeOut } from "./output.ts";
import { writePlanned } from "./plan.ts";
import { Progress, progressStyle } from "./progress.ts";
import { connectSupervisor, withInterrupt } from "./supervised.ts";

interface ScanFlags extends Omit<ScanOptions, "onEvent" | "signal" | "memoryBytes" | "shardBytes"> {
  readonly memory?: number;
  readonly shardSize?: number;
  readonly shard?: Part;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** The sub-command. Tests give it workers that fail. */
export function scanCommand(setting: Pick<ScanSetting, "script"> = {}): Command {
  const command = new Command("scan")
    .description("Scan a corpus and decide its sources (GB/T 45654, 5.1 a and 9.2 b).")
    .argument(
      "[corpus...]",
      "a corpus.yaml, or data files, folders and globs: each file is a source, the texts of a folder or glob are one, " +
        "and so is each split of a folder that datasets saved; also s3://bucket/key",
    )
    .option("--out <dir>", "run folder; the same plan resumes in it", "corpusgate-run");
  return withMachine(withInputs(command))
    .option("--shard <i/N>", "scan part i of N and decide nothing; merge joins the parts", parsePart)
    .option("--dry-run", "show what would be scanned, and with how much memory, and stop")
    .option("--update", "go on with another plan in the run folder: scan what is new or changed, take over the rest")
    .option("--fresh", "start anew in the run folder")
    .option("--json", "report.json on stdout, progress as NDJSON on stderr")
    .option("--quiet", "no progress and no table")
    .addHelpText(
      "after",
      `
With --shard, the part goes to the folder part-i-of-N below --out, so that machines may share --out or have one each. A
plan that lies there is followed, and the corpus need not be named again.

Files:
  Arrow IPC files and streams (.arrow .arrows .feather) and Parquet (.parquet); JSONL (.jsonl .ndjson), plain text and
  Markdown (.txt .text .md .markdown), WARC and WET (.warc .wet), each of these also as .gz and .zst.
  A text is one record. Texts that a folder or glob holds are one source, named after the folder; a text that is named
  itself is a source. That a file is a text only its extension or --format says.
  Columns of WARC are text, id (WARC-Record-ID), uri, host and date: --source-column host makes each host a source.
  HTML is matched as it is stored; a library with the option "markup: html" reads through its tags.

Examples:
  corpusgate scan corpus.yaml --library library.yaml --out run-1
  corpusgate scan crawl.jsonl.zst books.parquet --text-column content
  corpusgate scan posts.parquet --source-column site --phase pre
  corpusgate scan docs/
  corpusgate scan crawl.warc.wet.gz --source-column host
  corpusgate scan "s3://bucket/crawl/**/*.jsonl.zst" --out run-2
  corpusgate scan corpus.yaml --out run-1 --update       (files were added, changed or removed since)
  corpusgate scan corpus.yaml --json --quiet > report.json
  corpusgate scan --shard 2/8 --out shared`,
    )
    .action((corpus: string[], flags: ScanFlags) => runScan(corpus, flags, setting));
}

async function runScan(corpus: string[], flags: ScanFlags, { script }: ScanSetting): Promise<void> {
  const supervisor = await connectSupervisor();
  const { memory, shardSize, shard, dryRun, json = false, quiet = false, ...rest } = flags;
  const options: ScanOptions = { ...rest, memoryBytes: memory, shardBytes: shardSize };
  if (corpus.length === 0 && shard === undefined) throw new ScanError("usage", "name a corpus.yaml, or data files");
  if (dryRun) {
    if (corpus.length === 0) throw new ScanError("usage", "--dry-run shows a plan that is new: name the corpus");
    const { planOnly } = await import("../scan.ts");
    await writePlanned(await planOnly(corpus, options), options, json);
    return;
  }
  const progress = new Progress(progressStyle(json, quiet));
  const onEvent = (event: ScanEvent) => {
    if (event.kind === "shard") supervisor?.gotOn();
    progress.on(event);
  };
  const follow = { ...options, onEvent };
  const setting: ScanSetting = { script, crash: supervisor?.crash };
  // What only a scan needs is loaded here, so that help and wrong options answer at once.
  if (shard !== undefined) {
    const { scanPart } = await import("../parts.ts");
    const { folder, ...part } = await withInterrupt(supervisor, (signal) =>
      scanPart(corpus, shard, { ...follow, signal }, setting),
    ).finally(() => progress.end());
    if (json) await writeOut(`${JSON.stringify(part, null, 2)}\n`);
    else if (!quiet) await writeOut(partInWords(part, rest.out ?? "", folder));
    return;
  }
  const [{ scan }, { writeReport }] = await Promise.all([import("../scan.ts"), import("./report.ts")]);
  const { report, folder } = await withInterrupt(supervisor, (signal) =>
    scan(corpus, { ...follow, signal }, setting),
  ).finally(() => progress.end());
  process.exitCode = report.exitCode;
  if (json) await writeOut(reportText(report));
  else if (!quiet) await writeReport(report, folder);
}

function partInWords({ part, shards, bytes, planDigest }: PartResult, out: string, folder: string): string {
  const { index, count } = part;
  return printable(
    `part ${index} of ${count} is done: ${shards} shards, ${bytes} bytes, plan ${planDigest}\n` +
      `It decides nothing: when all parts are done, corpusgate merge ${out} --out RUN does.\n\npart: ${folder}\n`,
  );
}
