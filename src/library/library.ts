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
  /** The text is an expression `A&B~C`: all parts behind `&` are present, none behind `~` is. */
  readonly combo?: boolean | undefined;
}

const riskIds = z
  .array(z.string().refine(isRisk, { error: `is not a risk; the ids are ${risks[0]?.id} to ${risks.at(-1)?.id}` }))
  .min(1, { error: "needs at least one risk" });
/** Not white space, not a control, format or filler character: what a reader can see, as where texts are read. */
const visible = /[^\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\ufff0-\ufffb]/u;
/** Longest keyword or allow word, in bytes of UTF-8. */
const maxKeywordBytes = 1024;
const word = z
  .string()
  .refine((text) => visible.test(text), { error: "is empty" })
  .refine((text) => Buffer.byteLength(text) <= maxKeywordBytes, {
    error: ({ input }) =>
      `is ${Buffer.byteLength(input as string)} bytes; the limit of a keyword is ${maxKeywordBytes}`,
  });
const id = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._:/-]{0,127}$/u, {
  error: "is not an id: a letter or digit, then up to 127 of letters, digits and . _ : / -",
});

/** Most characters of `noise`. */
const maxNoise = 32;
/** Most edits of `fuzzy`: a keyword is known by two thirds of its letters, and few have more than nine. */
const maxEdits = 3;
const maxWithin = 0xffff_ffff;

const wholeNumber = (most: number) => {
  const error = `is not a whole number from 0 to ${most}`;
  return z.int({ error }).min(0, { error }).max(most, { error });
};
/** One of some names; `null` stands for the first, which means nothing. */
const nameOrNull = <T extends string>(none: T, ...others: T[]) =>
  z.union([z.enum([none, ...others]), z.null().transform(() => none)], {
    error: `is not one of ${[none, ...others].join(", ")}`,
  });

const matchFields = {
  /** Which ways of writing a keyword are seen: its own, those that mean the same, those that must be guessed too. */
  profile: z.enum(["exact", "standard", "aggressive"]),
  /** Keywords of alphabetic scripts match whole words only. */
  wordBoundary: z.boolean(),
  /** `leftmost-longest` reports hits that do not overlap, `all` every hit. A scan always uses `all`. */
  overlap: z.enum(["leftmost-longest", "all"]),
  /** Words that excuse any hit that they cover wholly. */
  allow: z.array(word),
  /** Every keyword is an expression `A&B~C`. */
  combo: z.boolean(),
  /** Most code points between neighbouring parts of a combination; `null` for any number. */
  within: wholeNumber(maxWithin).nullable(),
  /** Where the parts of a combination must stand together. */
  scope: z.enum(["text", "sentence"]),
  /** What may stand between two characters of a keyword: `wide` crosses clause marks and blank lines too. */
  gap: z.enum(["narrow", "wide"]),
  /** Characters to skip inside keywords. */
  noise: z.string().refine((text) => [...text].length <= maxNoise, {
    error: ({ input }) => `has ${[...(input as string)].length} characters; the limit is ${maxNoise}`,
  }),
  /** Markup of the text: tags and escapes are not text. */
  markup: nameOrNull("none", "html", "markdown"),
  /** The initials of a keyword's syllables stand for it. */
  pinyinInitials: z.boolean(),
  /** Most letters of a word that may be wrong, missing or too many. */
  fuzzy: wholeNumber(maxEdits),
  /** `lexicon` drops hits that cut the words of Chinese text. */
  cjkBoundary: nameOrNull("none", "lexicon"),
};

/** Options that a caller gives; what is left out stays left out, and a default of the library's stands. */
export const givenMatchOptionsSchema = z.strictObject(matchFields).partial();

/** How a library matches: the option names of the API, of `library.yaml` and of case files. */
export const matchOptionsSchema = z.strictObject({
  profile: matchFields.profile.default("standard"),
  wordBoundary: matchFields.wordBoundary.default(true),
  overlap: matchFields.overlap.default("leftmost-longest"),
  allow: matchFields.allow.default([]),
  combo: matchFields.combo.default(false),
  within: matchFields.within.default(null),
  scope: matchFields.scope.default("text"),
  gap: matchFields.gap.default("narrow"),
  noise: matchFields.noise.default(""),
  markup: matchFields.markup.default("none"),
  pinyinInitials: matchFields.pinyinInitials.default(false),
  fuzzy: matchFields.fuzzy.default(0),
  cjkBoundary: matchFields.cjkBoundary.default("none"),
});
export type MatchOptions = z.output<typeof matchOptionsSchema>;

export const entrySchema = z.strictObject({
  id,
  text: word,
  risks: riskIds,
  severity: z.enum(severities),
  allow: z.array(word).optional(),
  combo: z.boolean().optional(),
});

/** An entry of `library.yaml`: it may bring sentences that prove it, which `library check` matches. */
export const fileEntrySchema = entrySchema.extend({
  /** Sentences in which the entry must be found. */
  hit: z.array(z.string()).optional(),
  /** Sentences in which it must not. */
  miss: z.array(z.string()).optional(),
});
export type FileEntry = z.output<typeof fileEntrySchema>;

/** `library.yaml`. */
export const libraryFileSchema = z.strictObject({
  version: z.union([z.string().min(1), z.number()]).transform(String),
  name: z.string().min(1),
  description: z.string().optional(),
  entries: z.array(fileEntrySchema).default([]),
  lists: z.array(z.strictObject({ file: z.string().min(1), risks: riskIds, severity: z.enum(severities) })).default([]),
  options: matchOptionsSchema.prefault({}),
});
export type LibraryFile = z.output<typeof libraryFileSchema>;

/**
 * What a compiled library was made of, as it is saved beside it: columns, because a library of 100,000 entries is read at
 * every start. Entry `i` has the id `ids[i]`, the text `texts[i]` and the risks and severity of `kinds[kindOf[i]]`.
 */
export const librarySourceSchema = z.strictObject({
  name: z.string().min(1),
  version: z.string().min(1),
  digest: z.string().regex(/^[0-9a-f]{64}$/, { error: "is not a SHA-256 in hexadecimal digits" }),
  distinct: z.int().nonnegative(),
  lints: z.array(z.strictObject({ place: z.string(), message: z.string() })),
  options: matchOptionsSchema,
  ids: z.array(z.string()),
  texts: z.array(z.string()),
  kinds: z.array(z.strictObject({ risks: riskIds, severity: z.enum(severities) })),
  kindOf: z.array(z.int().nonnegative()),
  /** By index, what only few entries have. */
  allow: z.record(z.string(), z.array(z.string())),
  combo: z.record(z.string(), z.boolean()),
});
export type LibrarySource = z.output<typeof librarySourceSchema>;

/** Entries as columns. */
export function columnsOf(
  entries: readonly Entry[],
): Pick<LibrarySource, "ids" | "texts" | "kinds" | "kindOf" | "allow" | "combo"> {
  const columns = {
    ...{ ids: entries.map(({ id }) => id), texts: entries.map(({ text }) => text) },
    kinds: [] as LibrarySource["kinds"],
    kindOf: [] as number[],
    allow: {} as Record<string, string[]>,
    combo: {} as Record<string, boolean>,
  };
  const known = new Map<string, number>();
  entries.forEach(({ risks, severity, allow, combo }, at) => {
    const key = JSON.stringify([risks, severity]);
    const kind = known.get(key) ?? known.size;
    if (kind === known.size) {
      known.set(key, kind);
      columns.kinds.push({ risks: [...risks], severity });
    }
    columns.kindOf.push(kind);
    if (allow !== undefined) columns.allow[at] = [...allow];
    if (combo !== undefined) columns.combo[at] = combo;
  });
  return columns;
}

/**
 * The entries that columns hold.
 *
 * @returns the entries, or what is wrong with the columns
 */
export function entriesOf(source: LibrarySource): Entry[] | string {
  const { ids, texts, kinds, kindOf, allow, combo } = source;
  for (const [name, { length }] of Object.entries({ texts, kindOf })) {
    if (length !== ids.length) return `${name} has ${length} values; there are ${ids.length} ids`;
  }
  const wrong = kindOf.findIndex((kind) => kind >= kinds.length);
  if (wrong >= 0) return `kindOf[${wrong}]: ${kindOf[wrong]}: the limit is ${kinds.length}, exclusive`;
  return ids.map((id, at) => ({
    ...{ id, text: texts[at] as string, ...(kinds[kindOf[at] as number] as LibrarySource["kinds"][number]) },
    ...(allow[at] === undefined ? {} : { allow: allow[at] }),
    ...(combo[at] === undefined ? {} : { combo: combo[at] }),
  }));
}

/** A finding about a library that does not stop it from being used. */
export interface Lint {
  readonly place: string;
  readonly message: string;
}

/** A line of a word list that cannot be a keyword. */
export interface ListFault {
  readonly line: number;
  readonly message: string;
}

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
): { entries: Entry[]; faults: ListFault[] } {
  const entries: Entry[] = [];
  const faults: ListFault[] = [];
  text.split("\n").forEach((line, index) => {
    const word = line.trim();
    if (word === "" || word.startsWith("#")) return;
    if (!visible.test(word)) {
      faults.push({ line: index + 1, message: "holds nothing visible" });
      return;
    }
    const bytes = Buffer.byteLength(word);
    if (bytes > maxKeywordBytes) {
      faults.push({ line: index + 1, message: `${bytes} bytes; the limit of a keyword is ${maxKeywordBytes}` });
      return;
    }
    entries.push({ id: `${name}:${index + 1}`, text: word, risks: list.risks, severity: list.severity });
  });
  return { entries, faults };
}

/** An entry as it is matched, without the sentences that prove it: they are no part of a library's identity. */
export function withoutProof({ hit: _, miss: __, ...entry }: Entry & Partial<Pick<FileEntry, "hit" | "miss">>): Entry {
  return entry;
}

/** Whether an entry's text is an expression. */
export function isCombo(entry: Entry, options: Pick<MatchOptions, "combo">): boolean {
  return entry.combo === true || options.combo;
}

/** Line of an entry in the list that it is from: the last part of its id. */
export function lineInList({ id }: Entry): number {
  return Number(id.slice(id.lastIndexOf(":") + 1));
}

/** Ids that more than one entry has, each once. */
export function repeatedIds(entries: readonly Entry[]): string[] {
  const known = new Set<string>();
  const repeated = new Set<string>();
  for (const { id } of entries) {
    if (known.has(id)) repeated.add(id);
    known.add(id);
  }
  return [...repeated];
}

/** What stands for "no normal form" among the firsts. */
export const noForm = 0xffff_ffff;

/**
 * Entries that repeat another one's keyword.
 *
 * @param firsts - for each entry the index of the first one with the same normal form, as native code tells
 */
export function repeatedTexts(entries: readonly Entry[], firsts: ArrayLike<number>): Lint[] {
  return entries.flatMap(({ id }, at) => {
    const first = firsts[at] as number;
    if (first === at || first === noForm) return [];
    return [{ place: id, message: `has the same text as ${entries[first]?.id}` }];
  });
}

/** Number of distinct entries, as the standard counts them (8.1): the first ones of their normal form. */
export function distinctCount(firsts: ArrayLike<number>): number {
  return Array.from(firsts).reduce((count, first, at) => count + (first === at ? 1 : 0), 0);
}
