/** `corpusgate merge`: joins the parts of a plan to its report. */
import { Command } from "commander";
import type { MergeOptions } from "../parts.ts";
import { reportText } from "../report/report.ts";
import type { ScanEvent } from "../scan.ts";
import { withMachine } from "./options.ts";
import { writeOut } from "./output.ts";
import { Progress, progressStyle } from "./progress.ts";
import { connectSupervisor, withInterrupt } from "./supervised.ts";

interface MergeFlags extends Omit<MergeOptions, "onEvent" | "signal" | "memoryBytes"> {
  readonly memory?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** The sub-command. */
export function mergeCommand(): Command {
  const command = new Command("merge")
    .description("Join the parts of a plan, which scan --shard made, to the report of one scan.")
    .argument("<dir...>", "folders of parts, or folders that hold them, in any order")
    .requiredOption("--out <dir>", "run folder for the report")
    .option("--library <file>", "keyword library, where it lies elsewhere than where the plan was made")
    .option("--policy <file>", "policy, where it lies elsewhere");
  return withMachine(command)
    .option("--fresh", "start anew in the run folder")
    .option("--json", "report.json on stdout, progress as NDJSON on stderr")
    .option("--quiet", "no progress and no table")
    .addHelpText(
      "after",
      `
The report is that of one scan, byte for byte. Parts must be of one plan and have ended; a shard that two parts have
scanned must have the same results in both. The corpus is read only when chance left the parts too few records for the
draw: then it must lie where it lay for one of the parts.

Exit codes: those of the report (0, 1, 2), 64 parts that are missing, of different plans, or contradict each other (which
ones, and what to run again, is told), 70 the machine failed, 130 interrupted.

Examples:
  corpusgate merge shared --out run-1
  corpusgate merge host-a/out host-b/out host-c/out --out run-1 --json`,
    )
    .action(runMerge);
}

async function runMerge(folders: string[], flags: MergeFlags): Promise<void> {
  const supervisor = await connectSupervisor();
  const { memory, json = false, quiet = false, ...rest } = flags;
  const [{ merge }, { writeReport }] = await Promise.all([import("../parts.ts"), import("./report.ts")]);
  const progress = new Progress(progressStyle(json, quiet));
  const onEvent = (event: ScanEvent) => {
    if (event.kind === "shard") supervisor?.gotOn();
    progress.on(event);
  };
  const { report, folder } = await withInterrupt(supervisor, (signal) =>
    merge(folders, { ...rest, memoryBytes: memory, signal, onEvent }, { crash: supervisor?.crash }),
  ).finally(() => progress.end());
  process.exitCode = report.exitCode;
  if (json) await writeOut(reportText(report));
  else if (!quiet) await writeReport(report, folder);
}
