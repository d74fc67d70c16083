/** `corpusgate pipe`: an Arrow IPC stream in, the same stream with verdicts out, record batch by record batch. */
import { Command } from "commander";
import { devices } from "../classify/messages.ts";
import { ScanError } from "../errors.ts";
import { stages } from "../policy/policy.ts";
import { choice, parseBytes, parseList } from "./options.ts";
import { printable, writeBytes } from "./output.ts";

interface PipeFlags {
  readonly library?: string;
  readonly policy?: string;
  readonly stages?: (typeof stages)[number][];
  readonly device?: (typeof devices)[number];
  readonly textColumn?: string;
  readonly idColumn?: string;
  readonly memory?: number;
  readonly onlyVerdicts?: boolean;
  readonly json?: boolean;
}

/** The sub-command. */
export function pipeCommand(): Command {
  return new Command("pipe")
    .description("Judge the records of an Arrow IPC stream on stdin; write the stream with its verdicts to stdout.")
    .option("--library <file>", "keyword library (default: the starter library)")
    .option("--policy <file>", "policy (default: the built-in one)")
    .option(
      "--stages <list>",
      "stages to run: keyword,fast,model (default: those that the policy needs)",
      parseList(stages),
    )
    .addOption(choice("--device <device>", "what runs the classifier; cuda means CUDA or an error", devices))
    .option("--text-column <name>", "column of the text (default: text, else content, else the only string column)")
    .option("--id-column <name>", "column of the record id, which is repeated as cg_id (default: none)")
    .option("--only-verdicts", "leave out the columns that came")
    .option(
      "--memory <size>",
      "memory to stay within; a record batch may have an eighth of it (default: a quarter of the machine's)",
      parseBytes,
    )
    .option("--json", "notes and the counts at the end as NDJSON on stderr")
    .addHelpText(
      "after",
      `
The columns that came go out byte for byte, in the same record batches, and behind them:
  cg_verdict  clean, flagged, unqualified, empty, not-assessed
  cg_reason   why it is not assessed, else null
  cg_risks    list of risk ids
  cg_entries  list of the ids of entries that hit
  cg_spans    list of {entry, start, end}: the first 64 hits, in bytes of the text
  cg_hits     number of hits
  cg_score    the highest score of the classifier, and
  cg_output   the output that gave it

A record batch is answered as soon as it is judged. Verdicts decide no gate: the command ends with 0 when the stream was
answered whole. A stream that is malformed, cut off or over a limit is answered up to the record batch that stderr names,
without an end marker, and the command ends with 2.

Examples:
  corpusgate pipe --library library.yaml < in.arrows > out.arrows
  producer | corpusgate pipe --text-column body --only-verdicts --id-column url | consumer`,
    )
    .action(runPipe);
}

async function runPipe(flags: PipeFlags): Promise<void> {
  if (process.stdin.isTTY) throw new ScanError("usage", "stdin is a terminal; pipe reads an Arrow IPC stream from it");
  const { memory, textColumn, idColumn, onlyVerdicts, json, ...judgement } = flags;
  // Loaded here, so that help and wrong options answer at once.
  const { Scanner } = await import("../api/scanner.ts");
  const say = (message: string) =>
    process.stderr.write(json ? `${JSON.stringify({ kind: "note", message })}\n` : `${printable(message)}\n`);
  const scanner = await Scanner.open({ ...judgement, memoryBytes: memory });
  try {
    for (const note of scanner.notes) say(note);
    const answer = scanner.scanStream(process.stdin, { textColumn, idColumn, onlyVerdicts });
    try {
      for await (const bytes of answer) {
        // Whoever reads has seen enough: nobody is there to be told more.
        if (!(await writeBytes(bytes))) return;
      }
      if (!answer.summary.endMarker) say("the stream was closed without an end marker, behind a whole record batch");
    } catch (error) {
      if (!(error instanceof ScanError)) {
        const isOfSystem = error instanceof Error && "syscall" in error;
        throw isOfSystem ? new ScanError("environment", `stdin: ${error.message}`, { cause: error }) : error;
      }
      const hint = error.message.endsWith("verdicts alone") ? " (--only-verdicts)" : "";
      throw new ScanError(error.code, `stdin: ${error.message}${hint}`, { cause: error });
    } finally {
      if (json) process.stderr.write(`${JSON.stringify({ kind: "summary", ...answer.summary })}\n`);
    }
  } finally {
    await scanner.close();
    // A source that goes on would keep the process.
    process.stdin.destroy();
  }
}
