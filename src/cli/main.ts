#!/usr/bin/env node
/** The commands of `corpusgate`: one file per sub-command, the exit codes of errors.ts, errors on stderr. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { exitCodeOf, exitCodes, messageOf, ScanError } from "../errors.ts";
import { doctorCommand } from "./doctor.ts";
import { explainCommand } from "./explain.ts";
import { initCommand } from "./init.ts";
import { libraryCommand } from "./library.ts";
import { matchCommand } from "./match.ts";
import { mergeCommand } from "./merge.ts";
import { outliveReaders, printable } from "./output.ts";
import { pipeCommand } from "./pipe.ts";
import { planCommand } from "./plan.ts";
import { scanCommand } from "./scan.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = new Command("corpusgate")
  .description(
    "Scans training corpora for illegal and harmful content and decides, per source, whether it may be used.",
  )
  .version(version)
  .showHelpAfterError("(corpusgate --help shows the commands and options)")
  .exitOverride()
  .addHelpText(
    "after",
    `
Examples:
  corpusgate scan corpus.yaml --library library.yaml
  corpusgate scan data/ --text-column content --out run-1
  corpusgate init data/ --out corpus.yaml
  corpusgate doctor
  corpusgate pipe --library library.yaml < in.arrows > out.arrows
  corpusgate match --library library.yaml < texts.jsonl
  corpusgate explain --library library.yaml < texts.jsonl
  corpusgate library check library.yaml
  corpusgate library build library.yaml --out library.cglib

Exit codes: 0 all gates passed, 1 a gate failed, 2 something is not decided,
64 wrong use or invalid configuration, 70 internal error, 130 interrupted (resumable).`,
  );

const commands = [
  ...[scanCommand(), initCommand(), planCommand(), mergeCommand(), pipeCommand()],
  ...[matchCommand(), explainCommand(), libraryCommand(), doctorCommand()],
];
for (const command of commands) program.addCommand(command.exitOverride());

outliveReaders();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = endWith(error);
}

function endWith(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version end with 0; commander has already written what is wrong with the rest.
    return error.exitCode === 0 ? exitCodes.pass : exitCodes.usage;
  }
  const isOurs = error instanceof ScanError && error.code !== "internal";
  const detail = !isOurs && error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error);
  process.stderr.write(`corpusgate: ${printable(detail)}\n`);
  return exitCodeOf(error);
}
