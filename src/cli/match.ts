/** `corpusgate match`: finds the entries of a library, or of each line's own keywords, in lines of text. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Command } from "commander";
import { z } from "zod";
import { type OffsetUnit, offsetUnits } from "../addon/addon.ts";
import type { Library } from "../api/library.ts";
import type { Hit, Matcher } from "../api/matcher.ts";
import { exitCodes, messageOf, ScanError } from "../errors.ts";
import { givenMatchOptionsSchema } from "../library/library.ts";
import { choice } from "./options.ts";
import { writeOut } from "./output.ts";

/** Longest line, in UTF-16 units. */
const maxLine = 16 * 1024 * 1024;

const caseSchema = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  text: z.string(),
  keywords: z.array(z.string()).optional(),
  options: givenMatchOptionsSchema
    .extend({
      /** Code-point offsets at which the text arrives in pieces. */
      chunks: z.array(z.int().nonnegative()).optional(),
    })
    .optional(),
});

interface MatchFlags {
  readonly library?: string;
  readonly cases?: string;
  readonly offsets: OffsetUnit;
}

/** The sub-command. */
export function matchCommand(): Command {
  return new Command("match")
    .description("Find the entries of a keyword library in lines of text.")
    .option("--library <file>", "library that lines without keywords of their own are matched with")
    .option("--cases <file>", "JSON lines {id, text, keywords?, options?} (default: stdin)")
    .addOption(choice("--offsets <unit>", "in what start and end count", offsetUnits).default("codepoint"))
    .addHelpText(
      "after",
      `
Writes a line {id, hits: [{entry, keyword, start, end, matched, level}]} for each line, in order.
A line that cannot be matched gives {id, error}, and the command ends with 2.

Examples:
  corpusgate match --library library.yaml < texts.jsonl
  corpusgate match --cases cases.jsonl --offsets utf16
  echo '{"id":1,"text":"有人走私香烟","keywords":["走私"]}' | corpusgate match`,
    )
    .action(runMatch);
}

async function runMatch(flags: MatchFlags): Promise<void> {
  const library = flags.library === undefined ? null : await (await libraryClass()).load(flags.library);
  const compiled = library?.compile() ?? null;
  const input = flags.cases === undefined ? process.stdin : createReadStream(flags.cases, "utf8");
  const opened = new Promise<never>((_, reject) => {
    input.once("error", (error: Error) => {
      reject(new ScanError("usage", `--cases ${flags.cases}: ${messageOf(error)}`, { cause: error }));
    });
  });
  let failed = false;
  const lines = async () => {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() === "") continue;
      const answer = await matchLine(line, library, compiled, flags.offsets);
      failed ||= "error" in answer;
      await writeOut(`${JSON.stringify(answer)}\n`);
    }
  };
  await Promise.race([lines(), opened]);
  process.exitCode = failed ? exitCodes["not-decided"] : exitCodes.pass;
}

/** Loaded when a line is matched, so that help and wrong options answer at once. */
async function libraryClass(): Promise<typeof Library> {
  return (await import("../api/library.ts")).Library;
}

type Answer = { id: unknown; hits: Hit[] } | { id: unknown; error: string };

async function matchLine(
  line: string,
  library: Library | null,
  compiled: Matcher | null,
  unit: OffsetUnit,
): Promise<Answer> {
  let id: unknown = null;
  try {
    if (line.length > maxLine)
      throw new ScanError("usage", `a line of ${line.length} characters; the limit is ${maxLine}`);
    const json = JSON.parse(line) as unknown;
    id = (json as { id?: unknown } | null)?.id ?? null;
    const parsed = caseSchema.safeParse(json);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new ScanError("usage", `${issue?.path.join(".") || "line"}: ${issue?.message}`);
    }
    const { text, keywords, options: given } = parsed.data;
    const { chunks, ...options } = given ?? {};
    if (keywords === undefined && given === undefined && compiled !== null) {
      return { id, hits: compiled.match(text, { offsets: unit }) };
    }
    if (keywords === undefined && library === null) {
      throw new ScanError("usage", "the line names no keywords, and no --library is given");
    }
    const matcher =
      keywords === undefined
        ? (library as Library).compile(options)
        : await (await libraryClass()).compile({ entries: [...new Set(keywords)], options });
    try {
      return {
        id,
        hits: chunks === undefined ? matcher.match(text, { offsets: unit }) : inChunks(matcher, text, chunks, unit),
      };
    } finally {
      if (matcher !== compiled) matcher.release();
    }
  } catch (error) {
    return { id, error: messageOf(error) };
  }
}

function inChunks(matcher: Matcher, text: string, cuts: readonly number[], unit: OffsetUnit): Hit[] {
  const points = [...text];
  const stream = matcher.stream({ offsets: unit });
  const bounds = [0, ...cuts.toSorted((a, b) => a - b), points.length];
  const hits = bounds.slice(1).flatMap((end, at) => stream.push(points.slice(bounds[at], end).join("")));
  return [...hits, ...stream.end()];
}
