/** `corpusgate library`: what is wrong in a keyword library, its figures, and its compiled form. */
import { Command } from "commander";
import type { LibraryBuild } from "../api/build.ts";
import type { Finding, LibraryCheck, LibraryStats } from "../api/check.ts";
import { exitCodes, ScanError } from "../errors.ts";
import { faultOf } from "../library/fault.ts";
import { givenMatchOptionsSchema, type MatchOptions } from "../library/library.ts";
import { choice } from "./options.ts";
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
    .description("Compile a keyword library, or open a compiled one, and tell its figures.")
    .argument("<file>", "library.yaml, or a file of library build")
    .option("--json", "the figures as one JSON object")
    .action(runStats);
  const build = new Command("build")
    .description("Compile a keyword library to a file that opens at once and is shared by all processes that use it.")
    .argument("<library>", "library.yaml, or a file of library build")
    .requiredOption("--out <file>", "the file to write, which may replace a compiled library but nothing else")
    .addOption(choice("--profile <name>", "ways of writing that are seen", ["standard", "exact", "aggressive"]))
    .option("--no-word-boundary", "keywords of alphabetic scripts match inside words too")
    .option("--combo", "every keyword is an expression A&B~C")
    .addOption(choice("--gap <width>", "what may stand between two characters", ["narrow", "wide"]))
    .option("--noise <characters>", "characters to skip inside keywords")
    .addOption(choice("--markup <kind>", "markup of the texts", ["none", "html", "markdown"]))
    .option("--pinyin-initials", "the initials of a keyword's syllables stand for it")
    .option("--fuzzy <edits>", "most letters that may be wrong, 0 to 3", Number)
    .option("--json", "the figures as one JSON object")
    .addHelpText(
      "after",
      `
Options go before those of the library and make it another one, with another digest; without them the digest is that of
the library. The file is used wherever a library is: match, explain, scan, library stats. It holds all of the library and
is refused, with the reason, by versions of corpusgate that compile otherwise: build it again then. A text or a scan that
asks for other options of these compiles the library anew; overlap, within, scope and cjkBoundary may differ.

Exit codes: 0 written, 64 wrong use or an invalid library, 70 the file cannot be written.

Examples:
  corpusgate library build library.yaml --out library.cglib
  corpusgate match --library library.cglib < texts.jsonl`,
    )
    .action(runBuild);
  const command = new Command("library").description("Check a keyword library, tell its figures, or compile it.");
  for (const one of [check, stats, build]) command.addCommand(one.exitOverride());
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

interface BuildFlags extends Partial<Omit<MatchOptions, "wordBoundary">> {
  readonly out: string;
  /** True unless `--no-word-boundary` is given: then the library decides. */
  readonly wordBoundary: boolean;
  readonly json?: boolean;
}

async function runBuild(library: string, { out, json, wordBoundary, ...flags }: BuildFlags): Promise<void> {
  const { buildLibrary } = await import("../api/build.ts");
  const given = wordBoundary ? flags : { ...flags, wordBoundary };
  const parsed = givenMatchOptionsSchema.safeParse(given);
  if (!parsed.success) throw new ScanError("usage", `--${faultOf(parsed.error, given)}`);
  const built = buildLibrary(library, out, parsed.data as Partial<MatchOptions>);
  await writeOut(json ? `${JSON.stringify(built, null, 2)}\n` : buildInWords(built));
}

function buildInWords({ name, version, digest, entries, routes, patterns, ...built }: LibraryBuild): string {
  return inRows([
    ["name", `${name}, version ${version}`],
    ["digest", digest],
    ["entries", number(entries)],
    ["routes", routesInWords(routes)],
    ["patterns", number(patterns)],
    ["compiled in", `${built.compileMs.toFixed(0)} ms`],
    ["file", `${built.file}, ${(built.bytes / 2 ** 20).toFixed(1)} MiB`],
    ["file digest", built.fileDigest],
    ["opens in", `${built.openMs.toFixed(1)} ms`],
  ]);
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
    ["routes", routesInWords(stats.routes)],
    ["patterns", number(stats.patterns)],
    ["memory", `${(stats.heapBytes / 2 ** 20).toFixed(1)} MiB`],
  ];
  if (stats.compileMs !== null) rows.push(["compiled in", `${stats.compileMs.toFixed(0)} ms`]);
  if (stats.fileDigest !== null) rows.push(["file digest", stats.fileDigest]);
  if (stats.openMs !== null) rows.push(["opened in", `${stats.openMs.toFixed(1)} ms`]);
  return inRows(rows);
}

function routesInWords(routes: LibraryStats["routes"]): string {
  return routes.map((route) => `${route.name} ${number(route.patterns)} (${route.kernel})`).join(", ");
}

function inRows(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, value]) => `${name.padEnd(13)}${printable(value)}\n`).join("");
}

function number(count: number): string {
  return count.toLocaleString("en-US");
}
