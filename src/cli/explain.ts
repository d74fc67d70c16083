/** `corpusgate explain`: why lines of text are matched as they are. */
import { Command } from "commander";
import { ScanError } from "../errors.ts";
import {
  type ExplainedEntry,
  type ExplainedHit,
  type ExplainedStep,
  type Explanation,
  missInWords,
  optionInWords,
} from "../library/explanation.ts";
import { answerLines, type Line, type LineFlags } from "./lines.ts";
import { printable } from "./output.ts";

/** Changes of one kind, and characters of one text, that the lines show; `--json` has all. */
const shownChanges = 12;
const shownChars = 200;

interface ExplainFlags extends LineFlags {
  readonly entry?: string[];
  readonly json?: boolean;
}

/** The sub-command. */
export function explainCommand(): Command {
  return new Command("explain")
    .description("Tell why lines of text are matched as they are: the steps, and what keeps an entry from being found.")
    .option("--library <file>", "library that lines without keywords of their own are matched with")
    .option("--cases <file>", "JSON lines {id, text, keywords?, options?} (default: stdin)")
    .option("--entry <id...>", "entries to explain where they are not found (default: all of up to 20)")
    .option("--json", "one JSON object a line instead of text")
    .addHelpText(
      "after",
      `
For each line: the steps from the text to its normal form, what it may be read as, and for each entry its hits character
by character, or the place where it came nearest, what stood in the way, and options that would find it (they were
tried). Positions are code points. Entries that are found are always told. The lines are those of match.

--json writes {id, steps, normal, readings, entries: [{entry, keyword, hits, misses, would, words}]}:
  steps, readings  [{kind, changes: [{start, end, from, to}], more}]
  hits             [{start, end, level, matched, characters: [{start, end, from, to, how}], parts}]
  misses           [{part?, found, of, start, end, why: {code, …}}], in words in words
  would            [{option, value}]
A line that cannot be explained gives {id, error}, and the command ends with 2.

Examples:
  corpusgate explain --library library.yaml --entry smuggle-1 < texts.jsonl
  echo '{"id":1,"text":"有人走。私香烟","keywords":["走私"]}' | corpusgate explain`,
    )
    .action(runExplain);
}

type Answer = { readonly line: Line; readonly explanation: Explanation };

function runExplain(flags: ExplainFlags): Promise<void> {
  const asked = flags.entry;
  return answerLines<Answer>(
    flags,
    (line) => {
      const { text, matcher } = line;
      return { line, explanation: matcher.explain(text, asked === undefined ? {} : { entries: asked }) };
    },
    (id, answer) => {
      if ("error" in answer) return flags.json ? `${JSON.stringify({ id, ...answer })}\n` : inLines(id, [answer.error]);
      const { line, explanation } = answer;
      return flags.json
        ? `${JSON.stringify(jsonOf(id, line, explanation))}\n`
        : inLines(id, linesOf(line, explanation));
    },
    (library) => {
      const unknown = asked?.find((id) => !library.entries.some((entry) => entry.id === id));
      if (unknown !== undefined) throw new ScanError("usage", `--entry ${unknown}: the library has no such entry`);
    },
  );
}

function inLines(id: unknown, lines: readonly string[]): string {
  return `${[`${JSON.stringify(id)}:`, ...lines.map((line) => `  ${line}`)].map(printable).join("\n")}\n\n`;
}

function jsonOf(id: unknown, line: Line, { steps, normal, readings, entries }: Explanation): object {
  const keywordOf = keywords(line);
  const told = entries.map(({ entry, hits, misses, would }) => ({
    ...{ entry, keyword: keywordOf(entry), hits, misses, would },
    words: misses.map(missInWords),
  }));
  return { id, steps, normal, readings, entries: told };
}

function linesOf(line: Line, { steps, normal, readings, entries }: Explanation): string[] {
  const keywordOf = keywords(line);
  return [
    `text: ${visible(line.text)}`,
    ...steps.map((step) => `  ${stepInWords(step, "dropped")}`),
    ...(steps.length > 0 ? [`normal form: ${visible(normal)}`] : []),
    ...(readings.length > 0
      ? ["may be read as:", ...readings.map((step) => `  ${stepInWords(step, "left out")}`)]
      : []),
    ...entries.flatMap((entry) => entryInWords(entry, keywordOf(entry.entry))),
    ...(entries.length === 0 ? ["no entry is found"] : []),
  ];
}

function keywords({ entries }: Line): (id: string) => string {
  const known = new Map(entries.map(({ id, text }) => [id, text]));
  return (id) => known.get(id) ?? id;
}

function stepInWords({ kind, changes, more }: ExplainedStep, toNothing: string): string {
  const joined = joinNeighbours(changes, ({ to }) => String(to === ""));
  const shown = joined.slice(0, shownChanges).map(({ start, end, from, to }) => {
    const becomes = to === "" ? toNothing : `→ ${visible(to)}`;
    return `${start}..${end} ${visible(from)} ${becomes}`;
  });
  const rest = joined.length - shown.length + more;
  return `${kind}: ${[...shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ")}`;
}

function entryInWords({ entry, hits, misses, would }: ExplainedEntry, keyword: string): string[] {
  const name = entry === keyword ? visible(keyword) : `${entry} ${visible(keyword)}`;
  return [
    ...hits.flatMap((hit) => hitInWords(name, keyword, hit)),
    ...misses.map((miss) => `${name}: no hit: ${missInWords(miss)}`),
    ...(would.length > 0 ? [`  would match with ${would.map(optionInWords).join(", or with ")}`] : []),
  ];
}

function hitInWords(
  name: string,
  keyword: string,
  { start, end, level, matched, characters, parts }: ExplainedHit,
): string[] {
  const seen = joinNeighbours(characters, ({ how }) => how.join(", "))
    .filter(({ how }) => how.length > 0)
    .map(({ start, end, from, to, how }) => `  ${start}..${end} ${visible(from)} is ${visible(to)}: ${how.join(", ")}`);
  // The text is in normal form already: then the keyword is not.
  const own = level === "folded" && seen.length === 0 ? [`  the keyword itself is folded: ${visible(keyword)}`] : [];
  return [
    `${name}: hit at ${start}..${end} ${visible(matched)}, level ${level}`,
    ...seen,
    ...own,
    ...parts.map(({ part, start, end }) => `  part ${visible(part)} at ${start}..${end}`),
  ];
}

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly from: string;
  readonly to: string;
}

/** Pieces that stand side by side and are of one kind as one piece, so that a word is told once. */
function joinNeighbours<P extends Piece>(pieces: readonly P[], kindOf: (piece: P) => string): P[] {
  const joined: P[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (last !== undefined && last.end === piece.start && kindOf(last) === kindOf(piece)) {
      joined[joined.length - 1] = { ...last, end: piece.end, from: last.from + piece.from, to: last.to + piece.to };
    } else {
      joined.push(piece);
    }
  }
  return joined;
}

/** A piece of text in quotes, with what cannot be seen by itself made visible. */
function visible(text: string): string {
  const cut = text.length > shownChars ? `${text.slice(0, shownChars)}…` : text;
  const marked = cut
    .replaceAll("\n", "⏎")
    .replaceAll("\t", "⇥")
    // A mark without its letter, and variation selectors anywhere.
    .replace(/^\p{M}|[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu, (mark) => `⟨U+${hexOf(mark)}⟩`);
  return `"${printable(marked)}"`;
}

function hexOf(char: string): string {
  return (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}
