/** `corpusgate library`: what is wrong in a keyword library, and its figures. */
import { Command } from "commander";
import type { Finding, LibraryCheck, LibraryStats } from "../api/check.ts";
import { exitCodes } from "../errors.ts";
import { printable, writeOut } from "./output.ts";

/** The sub-command, with those below it. */
export function libraryCommand(): Command {
  const check = new Command("check")
    .description("Tell what is wrong or suspicious in a keyword library, with file, line and entry.")
    .argument("<file>", "library.yaml")
    .option("--json", "{file, entries, errors, lints, findings: [{severity, code, file, line, entry, message}]}")
    .addHelpText(
      "after",
      `
Errors: a wrong field, an id that is used twice, a keyword of which nothing is left, an expression that is none, and an
entry that is not found in its own \`hit\` sentences, or is found in its \`miss\` sentences.
Lints: the same keyword twice, keywords that an allow word always covers, allow words that excuse nothing, single
characters, words of two letters, parts of combinations that are unreachable or say nothing new.

Exit codes: 0 no errors, 64 errors or no such file.`,
    )
    .action(runCheck);
  const stats = new Command("stats")
    .description("Compile a keyword library and tell its figures.")
    .argument("<file>", "library.yaml")
    .option("--json", "the figures as one JSON object")
    .action(runStats);
  const command = new Command("library").description("Check a keyword library, or tell its figures.");
  for (const one of [check, stats]) command.addCommand(one.exitOverride());
  return command;
}

async function runCheck(file: string, flags: { readonly json?: boolean }): Promise<void> {
  const { checkLibrary } = await import("../api/check.ts");
  const checked = checkLibrary(file);
  await writeOut(flags.json ? `${JSON.stringify(checked, null, 2)}\n` : checkInWords(checked));
  process.exitCode = checked.errors > 0 ? exitCodes.usage : exitCodes.pass;
}

async function runStats(file: string, flags: { readonly json?: boolean }): Promise<void> {
  const { statsOfLibrary } = await import("../api/check.ts");
  const stats = statsOfLibrary(file);
  await writeOut(flags.json ? `${JSON.stringify(stats, null, 2)}\n` : statsInWords(stats));
}

function checkInWords({ file, entries, errors, lints, findings }: LibraryCheck): string {
  const count = (number: number, what: string) => `${number} ${number === 1 ? what : `${what}s`}`;
  const total = `${file}: ${entries} ${entries === 1 ? "entry" : "entries"}, ${count(errors, "error")}, ${count(lints, "lint")}`;
  return `${[...findings.map(findingInWords), total].map(printable).join("\n")}\n`;
}

function findingInWords({ severity, code, file, line, entry, message }: Finding): string {
  // One finding is one line, so that other programs can count them.
  const told = message.replace(/\s*\n\s*/g, "; ");
  return `${file}:${line}: ${severity}: ${code}: ${entry === null ? "" : `${entry}: `}${told}`;
}

function statsInWords(stats: LibraryStats): string {
  const { lengths } = stats;
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .map(([name, count]) => `${name} ${number(count)}`)
      .join(", ");
  const rows: [string, string][] = [
    ["name", `${stats.name}, version ${stats.version}`],
    ["digest", stats.digest],
    ["entries", `${number(stats.entries)}, of which ${number(stats.distinct)} distinct in normal form`],
    ["combinations", number(stats.combinations)],
    ["severities", counts(stats.bySeverity)],
    ["risks", counts(stats.byRisk)],
    ["lengths", `${lengths.least} to ${lengths.most} characters, median ${lengths.median}`],
    ["routes", stats.routes.map((route) => `${route.name} ${number(route.patterns)} (${route.kernel})`).join(", ")],
    ["patterns", number(stats.patterns)],
    ["memory", `${(stats.heapBytes / 2 ** 20).toFixed(1)} MiB`],
    ["compiled in", `${stats.compileMs.toFixed(0)} ms`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(13)}${printable(value)}\n`).join("");
}

function number(count: number): string {
  return count.toLocaleString("en-US");
}
