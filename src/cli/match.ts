/** `corpusgate match`: finds the entries of a library, or of each line's own keywords, in lines of text. */
import { Command } from "commander";
import { type OffsetUnit, offsetUnits } from "../addon/addon.ts";
import type { Hit } from "../api/matcher.ts";
import { answerLines, type Line, type LineFlags } from "./lines.ts";
import { choice } from "./options.ts";

interface MatchFlags extends LineFlags {
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

Options of a line, default first:
  profile         standard, exact, aggressive    wordBoundary    true, false
  overlap         leftmost-longest, all          allow           [words]
  combo           false, true                    within          null, 0 and more code points
  scope           text, sentence                 gap             narrow, wide
  noise           "", up to 32 characters        markup          none, html, markdown
  pinyinInitials  false, true                    fuzzy           0 to 3
  cjkBoundary     none, lexicon                  chunks          [code points]: the text in pieces

Examples:
  corpusgate match --library library.yaml < texts.jsonl
  corpusgate match --cases cases.jsonl --offsets utf16
  echo '{"id":1,"text":"有人走 私香烟","keywords":["走私"]}' | corpusgate match`,
    )
    .action((flags: MatchFlags) =>
      answerLines(
        flags,
        (line) => ({ hits: hitsOf(line, flags.offsets) }),
        (id, answer) => `${JSON.stringify({ id, ...answer })}\n`,
      ),
    );
}

function hitsOf({ text, matcher, entries, chunks }: Line, unit: OffsetUnit): Hit[] {
  if (chunks === null) return matcher.match(text, { offsets: unit });
  const points = [...text];
  const stream = matcher.stream({ offsets: unit });
  const bounds = [0, ...chunks.toSorted((a, b) => a - b), points.length];
  const found = bounds.slice(1).flatMap((end, at) => stream.push(points.slice(bounds[at], end).join("")));
  found.push(...stream.end());
  // A stream hands combinations out late, and without a text that has gone by; here the text is still at hand.
  const order = new Map(entries.map(({ id }, at) => [id, at]));
  const orderOf = (hit: { entry: string }) => order.get(hit.entry) ?? 0;
  return found
    .toSorted((a, b) => a.start - b.start || a.end - b.end || orderOf(a) - orderOf(b))
    .map((hit) => ({ ...hit, matched: hit.matched ?? cut(text, hit.start, hit.end, unit) }));
}

function cut(text: string, start: number, end: number, unit: OffsetUnit): string {
  switch (unit) {
    case "utf16":
      return text.slice(start, end);
    case "byte":
      return Buffer.from(text).toString("utf8", start, end);
    case "codepoint":
      return [...text].slice(start, end).join("");
  }
}
