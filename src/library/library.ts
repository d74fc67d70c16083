/** Keyword libraries as values: what a library file holds, how lists become entries, what is wrong with them. */
import { z } from "zod";
import { isRisk, risks } from "../standard/risks.ts";

/** What a hit of an entry means: it flags alone, needs the classifier or a person, or is only noted. */
export const severities = ["info", "review", "block"] as const;
export type Severity = (typeof severities)[number];

/** The number that stands for a severity in native code. */
export function severityNumber(severity: Severity): number {
  return severities.indexOf(severity);
}

/** One keyword with its risks. */
export interface Entry {
  readonly id: string;
  readonly text: string;
  readonly risks: readonly string[];
  readonly severity: Severity;
  /** Words that excuse a hit of this entry when they cover all of it. */
  readonly allow?: readonly string[] | undefined;
}

const riskIds = z
  .array(z.string().refine(isRisk, { error: `is not a risk; the ids are ${risks[0]?.id} to ${risks.at(-1)?.id}` }))
  .min(1, { error: "needs at least one risk" });
/** Not white space, not a control, format or filler character: what a reader can see, as where texts are read. */
const visible = /[^\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\ufff0-\ufffb]/u;
const word = z.string().refine((text) => visible.test(text), { error: "is empty" });
const id = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._:/-]{0,127}$/u, {
  error: "is not an id: a letter or digit, then up to 127 of letters, digits and . _ : / -",
});

const matchFields = {
  /** Keywords of alphabetic scripts match whole words only. */
  wordBoundary: z.boolean(),
  /** `leftmost-longest` reports hits that do not overlap, `all` every hit. A scan always uses `all`. */
  overlap: z.enum(["leftmost-longest", "all"]),
  /** Words that excuse any hit that they cover wholly. */
  allow: z.array(word),
};

/** Options that a caller gives; what is left out stays left out, and a default of the library's stands. */
export const givenMatchOptionsSchema = z.strictObject(matchFields).partial();

/** How a library matches: the option names of the API and of case files. */
export const matchOptionsSchema = z.strictObject({
  wordBoundary: matchFields.wordBoundary.default(true),
  overlap: matchFields.overlap.default("leftmost-longest"),
  allow: matchFields.allow.default([]),
});
export type MatchOptions = z.output<typeof matchOptionsSchema>;

export const entrySchema = z.strictObject({
  id,
  text: word,
  risks: riskIds,
  severity: z.enum(severities),
  allow: z.array(word).optional(),
});

/** `library.yaml`. */
export const libraryFileSchema = z.strictObject({
  version: z.union([z.string().min(1), z.number()]).transform(String),
  name: z.string().min(1),
  description: z.string().optional(),
  entries: z.array(entrySchema).default([]),
  lists: z.array(z.strictObject({ file: z.string().min(1), risks: riskIds, severity: z.enum(severities) })).default([]),
  options: matchOptionsSchema.prefault({}),
});
export type LibraryFile = z.output<typeof libraryFileSchema>;

/** A finding about a library that does not stop it from being used. */
export interface Lint {
  readonly place: string;
  readonly message: string;
}

/** Longest keyword, in bytes of UTF-8. */
const maxKeywordBytes = 1024;

/**
 * The entries of a word list: one word a line; blank lines and lines that start with `#` are skipped.
 *
 * @param name - name of the list, the first part of the entries' ids: `name:line`
 * @returns the entries, and a fault for each line that cannot be one
 */
export function entriesOfList(
  text: string,
  name: string,
  list: { risks: readonly string[]; severity: Severity },
): { entries: Entry[]; faults: Lint[] } {
  const entries: Entry[] = [];
  const faults: Lint[] = [];
  text.split("\n").forEach((line, index) => {
    const word = line.trim();
    if (word === "" || word.startsWith("#")) return;
    if (!visible.test(word)) {
      faults.push({ place: `line ${index + 1}`, message: "holds nothing visible" });
      return;
    }
    const bytes = Buffer.byteLength(word);
    if (bytes > maxKeywordBytes) {
      faults.push({
        place: `line ${index + 1}`,
        message: `${bytes} bytes; the limit of a keyword is ${maxKeywordBytes}`,
      });
      return;
    }
    entries.push({ id: `${name}:${index + 1}`, text: word, risks: list.risks, severity: list.severity });
  });
  return { entries, faults };
}

/** Entries that repeat another one's id (an error of the file) or its folded text (a lint). */
export function repeatedEntries(entries: readonly Entry[]): { ids: string[]; texts: Lint[] } {
  const byId = new Set<string>();
  const byText = new Map<string, Entry>();
  const ids: string[] = [];
  const texts: Lint[] = [];
  for (const entry of entries) {
    if (byId.has(entry.id)) ids.push(entry.id);
    byId.add(entry.id);
    const folded = foldedText(entry);
    const first = byText.get(folded);
    if (first === undefined) byText.set(folded, entry);
    else texts.push({ place: entry.id, message: `has the same text as ${first.id}` });
  }
  return { ids, texts };
}

/** Number of distinct entries after folding, as the standard counts them (8.1). */
export function distinctEntries(entries: readonly Entry[]): number {
  return new Set(entries.map(foldedText)).size;
}

/** What makes two entries the same keyword. */
function foldedText(entry: Entry): string {
  return entry.text.trim().normalize("NFKC").toLowerCase();
}
