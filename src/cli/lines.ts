/** Lines `{id, text, keywords?, options?}` that `match` and `explain` read, each with the matcher that it asks for. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { Library } from "../api/library.ts";
import type { Matcher } from "../api/matcher.ts";
import { exitCodes, messageOf, ScanError } from "../errors.ts";
import { faultOf } from "../library/fault.ts";
import { type Entry, givenMatchOptionsSchema } from "../library/library.ts";
import { writeOut } from "./output.ts";

/** Longest line, in UTF-16 units. */
const maxLine = 16 * 1024 * 1024;

const lineSchema = z.looseObject({
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

/** A text and what to look for in it. */
export interface Line {
  readonly text: string;
  readonly matcher: Matcher;
  readonly entries: readonly Pick<Entry, "id" | "text">[];
  /** Code-point offsets at which the text arrives in pieces. */
  readonly chunks: readonly number[] | null;
}

/** Where lines come from. */
export interface LineFlags {
  readonly library?: string;
  readonly cases?: string;
}

/**
 * Reads lines and writes an answer for each, in order: what `answer` makes of it, or `{id, error}`. The command ends
 * with 2 when there was an error.
 *
 * @param write - makes the text of an answer
 * @param onLibrary - sees the library before any line, and may refuse it
 */
export async function answerLines<A>(
  flags: LineFlags,
  answer: (line: Line) => A,
  write: (id: unknown, answer: A | { error: string }) => string,
  onLibrary: (library: Library) => void = () => {},
): Promise<void> {
  const library = flags.library === undefined ? null : await (await libraryClass()).load(flags.library);
  if (library !== null) onLibrary(library);
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
      let id: unknown = null;
      let answered: A | { error: string };
      try {
        if (line.length > maxLine) {
          throw new ScanError("usage", `a line of ${line.length} characters; the limit is ${maxLine}`);
        }
        const json = JSON.parse(line) as unknown;
        id = (json as { id?: unknown } | null)?.id ?? null;
        answered = await withMatcher(json, library, compiled, answer);
      } catch (error) {
        answered = { error: messageOf(error) };
        failed = true;
      }
      await writeOut(write(id, answered));
    }
  };
  await Promise.race([lines(), opened]);
  process.exitCode = failed ? exitCodes["not-decided"] : exitCodes.pass;
}

async function withMatcher<A>(
  json: unknown,
  library: Library | null,
  compiled: Matcher | null,
  answer: (line: Line) => A,
): Promise<A> {
  const parsed = lineSchema.safeParse(json);
  if (!parsed.success) {
    const fault = faultOf(parsed.error, json);
    throw new ScanError("usage", parsed.error.issues[0]?.path.length === 0 ? `line: ${fault}` : fault);
  }
  const { text, keywords, options: given } = parsed.data;
  const { chunks = null, ...options } = given ?? {};
  if (keywords === undefined && library === null) {
    throw new ScanError("usage", "the line names no keywords, and no --library is given");
  }
  const words = [...new Set(keywords)];
  const entries =
    keywords === undefined ? (library as Library).entries : words.map((word) => ({ id: word, text: word }));
  if (keywords === undefined && Object.keys(options).length === 0 && compiled !== null) {
    return answer({ text, matcher: compiled, entries, chunks });
  }
  const matcher =
    keywords === undefined
      ? (library as Library).compile(options)
      : await (await libraryClass()).compile({ entries: words, options });
  try {
    return answer({ text, matcher, entries, chunks });
  } finally {
    if (matcher !== compiled) matcher.release();
  }
}

/** Loaded when a line is matched, so that help and wrong options answer at once. */
async function libraryClass(): Promise<typeof Library> {
  return (await import("../api/library.ts")).Library;
}
