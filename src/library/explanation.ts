/** Why a text is matched as it is, as values and in words. Positions are code points, ends exclusive. */
import type { Level } from "./level.ts";

/** All changes of one kind; kinds are named as in the readme's table of evasions: `case`, `width`, `trad-simp`, … */
export interface ExplainedStep {
  readonly kind: string;
  readonly changes: readonly ExplainedChange[];
  /** Changes that are not listed. */
  readonly more: number;
}

/** A part of the text and what it becomes; `to` is empty where it is dropped. */
export interface ExplainedChange {
  readonly start: number;
  readonly end: number;
  readonly from: string;
  readonly to: string;
}

/** One character of a keyword, or several that are shown as one, in the text; `how` lists what had to be seen through. */
export interface ShownChar {
  readonly start: number;
  readonly end: number;
  readonly from: string;
  readonly to: string;
  readonly how: readonly string[];
}

/** A hit, and how it is seen: character by character, or the parts of a combination. */
export interface ExplainedHit<L = Level> {
  readonly start: number;
  readonly end: number;
  readonly level: L;
  readonly matched: string;
  readonly characters: readonly ShownChar[];
  readonly parts: readonly { readonly part: string; readonly start: number; readonly end: number }[];
}

/** What stood in the way of a keyword. */
export type Obstacle<E = string> =
  | { readonly code: "nowhere"; readonly wanted: string }
  | { readonly code: "other"; readonly at: number; readonly there: string | null; readonly wanted: string }
  | {
      readonly code: "boundary";
      readonly at: number;
      readonly there: string;
      readonly edge: "before" | "behind" | "spelled";
    }
  | { readonly code: "clause"; readonly at: number; readonly there: string }
  | { readonly code: "separators"; readonly at: number; readonly count: number; readonly limit: number }
  | { readonly code: "no-gap"; readonly at: number }
  | {
      readonly code:
        | "partly-spaced"
        | "path"
        | "other-script"
        | "no-letter"
        | "too-long"
        | "not-exact"
        | "cuts-word"
        | "other-sentence";
    }
  | { readonly code: "excused"; readonly word: string; readonly start: number; readonly end: number }
  | { readonly code: "overlapped"; readonly entry: E; readonly start: number; readonly end: number }
  | { readonly code: "too-far"; readonly gap: number; readonly limit: number }
  | { readonly code: "forbidden"; readonly word: string; readonly start: number; readonly end: number };

/** Where a keyword, or a part of a combination, came nearest to being found, and what stood in the way. */
export interface Miss<E = string> {
  /** The part of a combination that is missing. */
  readonly part?: string;
  /** Characters that the place shows, of all that the keyword has. */
  readonly found: number;
  readonly of: number;
  readonly start: number | null;
  readonly end: number | null;
  readonly why: Obstacle<E>;
}

/** An option with another value, under which the entry was tried and found. */
export interface Would {
  readonly option: string;
  readonly value: string | number | boolean | null;
}

/** One entry in a text: its hits, or why it has none. */
export interface ExplainedEntry<E = string, L = Level> {
  /** Id of the entry. */
  readonly entry: E;
  readonly hits: readonly ExplainedHit<L>[];
  readonly misses: readonly Miss<E>[];
  readonly would: readonly Would[];
}

/** A text, explained. */
export interface Explanation<E = string, L = Level> {
  /** What leads from the text to its normal form. */
  readonly steps: readonly ExplainedStep[];
  readonly normal: string;
  /** What the normal form may be read as beside itself; the keyword decides which of it counts. */
  readonly readings: readonly ExplainedStep[];
  readonly entries: readonly ExplainedEntry<E, L>[];
}

/** As native code gives it: entries and levels by number. */
export type NativeExplanation = Explanation<number, number>;

/** What stood in the way, in words. */
export function missInWords(miss: Miss): string {
  const { part, found, of, start, end, why } = miss;
  const place = start === null || end === null ? "" : `at ${start}..${end}`;
  const all = found === of ? (of === 1 ? `its character ${place}` : `all ${of} characters ${place}`) : "";
  const some = all === "" ? `${found} of ${of} characters ${place}` : all;
  const words = obstacleInWords(why, some, place);
  return part === undefined ? words : `part "${part}" is missing: ${words}`;
}

function obstacleInWords(why: Obstacle, some: string, place: string): string {
  switch (why.code) {
    case "nowhere":
      return `its first character "${why.wanted}" is nowhere in the text`;
    case "other": {
      const there = why.there === null ? "the text ends" : `"${why.there}" stands at ${why.at}`;
      return `${some}, then ${there} where "${why.wanted}" is wanted`;
    }
    case "boundary":
      return why.edge === "spelled"
        ? `${some}, but the spelling goes on with "${why.there}" at ${why.at}: word boundary`
        : `${some}, but "${why.there}" ${why.edge} it, at ${why.at}, belongs to the same word: word boundary`;
    case "clause":
      return why.there.includes("\n")
        ? `${some}, then a blank line stands between, at ${why.at}`
        : `${some}, then the clause mark "${why.there}" stands between, at ${why.at}`;
    case "separators":
      return `${some}, then ${why.count} separators from ${why.at} on; the limit is ${why.limit}`;
    case "no-gap":
      return `${some}, then the white space of the keyword is missing at ${why.at}`;
    case "partly-spaced":
      return `${some}, but white space parts some of the letters and not all, or too few letters`;
    case "path":
      return `${some}, but in a path, a host name or a number`;
    case "other-script":
      return `${some}, but only look-alikes of another script`;
    case "no-letter":
      return `${some}, but only digits and symbols, no real letter`;
    case "too-long":
      return `${some}, then the place is stretched too long`;
    case "not-exact":
      return `${some}, but in another form than the keyword's own`;
    case "excused":
      return `it stands ${place}, covered by the allow word "${why.word}" at ${why.start}..${why.end}`;
    case "overlapped":
      return `it stands ${place}, but the hit of ${why.entry} at ${why.start}..${why.end} is reported in its place`;
    case "cuts-word":
      return `it stands ${place}, but across the words of the text`;
    case "other-sentence":
      return "its parts are there, but in no sentence together";
    case "too-far":
      return `its parts are there, but at the nearest ${why.gap} code points lie between two of them; within is ${why.limit}`;
    case "forbidden":
      return `the part "${why.word}" must not be there, but is at ${why.start}..${why.end}`;
  }
}

/** An option as it is written in `library.yaml`. */
export function optionInWords({ option, value }: Would): string {
  return `${option}: ${value === null ? "null" : String(value)}`;
}
