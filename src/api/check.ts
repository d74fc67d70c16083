/** What is wrong or suspicious in a keyword library, and its figures. */
import { loadAddon } from "../addon/addon.ts";
import { compileLibrary } from "../addon/library.ts";
import { examineLibrary, loadLibrary, type PlacedEntry } from "../config/library-file.ts";
import { messageOf } from "../errors.ts";
import { missInWords, optionInWords } from "../library/explanation.ts";
import { looksLikeExpression, parseExpression } from "../library/expression.ts";
import { type Entry, isCombo, type MatchOptions, noForm, type Severity, severities } from "../library/library.ts";
import { risks } from "../standard/risks.ts";
import { Matcher } from "./matcher.ts";

/** Findings that are errors: the library cannot be used, or not as it says. */
export const errorCodes = ["invalid", "repeated-id", "empty", "combo", "hit", "miss"] as const;
/** Findings that deserve a look. */
export const lintCodes = [
  "duplicate",
  "excused",
  "idle-allow",
  "single-character",
  "short-word",
  "unreachable-part",
  "redundant-part",
  "not-combo",
] as const;
export type FindingCode = (typeof errorCodes)[number] | (typeof lintCodes)[number];

/** One finding and where it is. */
export interface Finding {
  readonly severity: "error" | "lint";
  readonly code: FindingCode;
  readonly file: string;
  readonly line: number;
  /** Id of the entry; null where none is concerned. */
  readonly entry: string | null;
  readonly message: string;
}

/** All findings of a library, in the order of its files and lines. */
export interface LibraryCheck {
  readonly file: string;
  /** Entries that could be read. */
  readonly entries: number;
  readonly errors: number;
  readonly lints: number;
  readonly findings: readonly Finding[];
}

/** Fewest letters of a word of an alphabetic script that is no lint. */
const leastLetters = 3;

/**
 * Checks a library: the form of its files, ids, keywords that are empty, double, too short or never reported,
 * combinations, and the sentences that entries bring to prove them.
 *
 * @throws ScanError `config` when the library file itself is missing or not text
 */
export function checkLibrary(path: string): LibraryCheck {
  const { entries, options, allowLines, faults } = examineLibrary(path);
  const findings: Finding[] = faults.map((fault) => ({ severity: "error", code: "invalid", ...fault }));
  const check = new Check(entries, options, findings);
  check.ids();
  check.keywords();
  check.allowWords(path, allowLines);
  check.combinations();
  check.proofs();
  const order = new Map(
    [path, ...entries.map(({ file }) => file)].toReversed().map((file, at, all) => [file, all.length - at]),
  );
  findings.sort((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line);
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return { file: path, entries: entries.length, errors, lints: findings.length - errors, findings };
}

/** A check in the making: each step adds what it finds. */
class Check {
  readonly #placed: readonly PlacedEntry[];
  readonly #options: MatchOptions;
  readonly #findings: Finding[];
  /** Entries that can be compiled, by their place among all. */
  readonly #usable = new Set<number>();

  constructor(placed: readonly PlacedEntry[], options: MatchOptions, findings: Finding[]) {
    this.#placed = placed;
    this.#options = options;
    this.#findings = findings;
  }

  ids(): void {
    const first = new Map<string, PlacedEntry>();
    for (const placed of this.#placed) {
      const known = first.get(placed.entry.id);
      if (known === undefined) first.set(placed.entry.id, placed);
      else this.#add("repeated-id", placed, `the id is used before, at ${placeOf(known)}`);
    }
  }

  keywords(): void {
    const entries = this.#placed.map(({ entry }) => entry);
    const isCombination = entries.map((entry) => isCombo(entry, this.#options));
    const forms = loadAddon().normalForms(entries.map(({ text }, at) => [text, isCombination[at] as boolean]));
    this.#placed.forEach((placed, at) => {
      const { entry } = placed;
      const first = forms.firsts[at] as number;
      if (first === noForm) {
        if (isCombination[at]) this.#add("combo", placed, this.#whyNoCombination(entry));
        else this.#add("empty", placed, "nothing of the keyword is left in normal form");
        return;
      }
      this.#usable.add(at);
      const known = this.#placed[first] as PlacedEntry;
      if (first !== at) this.#add("duplicate", placed, `has the same keyword as ${known.entry.id} (${placeOf(known)})`);
      const characters = forms.characters[at] as number;
      if (isCombination[at]) return;
      if (characters === 1) {
        this.#add("single-character", placed, "one character: it is found in every word that has it");
      } else if (characters > 1 && characters < leastLetters && forms.alphabetic[at] === 1) {
        this.#add("short-word", placed, `a word of ${characters} letters is many things`);
      }
      if (looksLikeExpression(entry.text)) {
        this.#add("not-combo", placed, "is matched as it is written; with combo: true it is a combination");
      }
    });
  }

  allowWords(path: string, lines: readonly number[]): void {
    const usable = this.#usableEntries();
    const words = this.#options.allow;
    const owners = usable.filter(({ entry }) => (entry.allow ?? []).length > 0);
    if (words.length === 0 && owners.length === 0) return;
    // One keyword and its excuse are the same where they are the same in normal form.
    const texts: [string, boolean][] = usable.map(({ entry }) => [entry.text, isCombo(entry, this.#options)]);
    const own = owners.flatMap((owner) => (owner.entry.allow ?? []).map((word) => ({ owner, word })));
    const all = [...words.map((word) => ({ owner: null, word })), ...own];
    const { firsts } = loadAddon().normalForms([...texts, ...all.map(({ word }): [string, boolean] => [word, false])]);
    const sameAs = new Map<number, PlacedEntry[]>();
    usable.forEach((placed, at) => {
      const first = firsts[at] as number;
      const same = sameAs.get(first);
      if (same === undefined) sameAs.set(first, [placed]);
      else same.push(placed);
    });
    const options: MatchOptions = { ...this.#options, overlap: "all", allow: [] };
    const bare = new Matcher(
      usable.map(({ entry }) => ({ ...entry, allow: undefined })),
      options,
    );
    all.forEach(({ owner, word }, at) => {
      const excused = sameAs.get(firsts[usable.length + at] as number) ?? [];
      for (const placed of excused.filter((placed) => owner === null || placed === owner)) {
        const whose = owner === null ? `the allow word "${word}" of the options` : `its own allow word "${word}"`;
        this.#add("excused", placed, `is never reported: ${whose} covers every hit of it`);
      }
      const found = bare.match(word).map(({ entry }) => entry);
      if (owner === null && found.length === 0) {
        const message = `no entry is found in the allow word "${word}": it excuses nothing`;
        this.#findings.push({
          ...{ severity: "lint", code: "idle-allow", file: path, line: lines[at] ?? 1, entry: null, message },
        });
      } else if (owner !== null && !found.includes(owner.entry.id)) {
        this.#add("idle-allow", owner, `is not found in its allow word "${word}", which excuses nothing`);
      }
    });
    bare.release();
  }

  combinations(): void {
    const combos = this.#usableEntries().filter(({ entry }) => isCombo(entry, this.#options));
    if (combos.length === 0) return;
    const parts = combos.map(({ entry }) => parseExpression(entry.text));
    const names = [...new Set(parts.flatMap(({ present, absent }) => [...present, ...absent]))];
    const options: MatchOptions = { ...this.#options, combo: false, allow: [], overlap: "all" };
    const matcher = new Matcher(
      names.map((text) => partEntry(text)),
      options,
    );
    combos.forEach((placed, at) => {
      const { present, absent } = parts[at] as (typeof parts)[number];
      present.forEach((part, index) => {
        const within = new Set(matcher.match(part).map(({ keyword }) => keyword));
        for (const name of absent.filter((name) => within.has(name))) {
          const message = `is never found: "${part}" must be there, and shows "${name}", which must not`;
          this.#add("unreachable-part", placed, message);
        }
        for (const name of present.filter((name, other) => other !== index && within.has(name))) {
          // Of two equal parts one is told.
          if (name !== part || present.indexOf(part) === index) {
            this.#add("redundant-part", placed, `"${name}" is found wherever "${part}" is`);
          }
        }
      });
    });
    matcher.release();
  }

  proofs(): void {
    const usable = this.#usableEntries();
    if (!usable.some(({ hit, miss }) => hit.length + miss.length > 0)) return;
    // As a scan matches, where no hit hides another one.
    const matcher = new Matcher(
      usable.map(({ entry }) => entry),
      { ...this.#options, overlap: "all" },
    );
    for (const placed of usable) {
      const { id } = placed.entry;
      const hitsOf = (sentence: string) => matcher.match(sentence).filter(({ entry }) => entry === id);
      for (const sentence of placed.hit.filter((sentence) => hitsOf(sentence).length === 0)) {
        const [explained] = matcher.explain(sentence, { entries: [id] }).entries.filter(({ entry }) => entry === id);
        const why = (explained?.misses ?? []).map(missInWords).join("; ");
        const would = explained?.would.map(optionInWords).join(" or ") ?? "";
        const hint = would === "" ? "" : `; it would be with ${would}`;
        this.#add("hit", placed, `is not found in "${sentence}": ${why}${hint}`);
      }
      for (const sentence of placed.miss) {
        const [found] = hitsOf(sentence);
        if (found === undefined) continue;
        const where = `at ${found.start}..${found.end}, as "${found.matched}" (${found.level})`;
        this.#add("miss", placed, `is found in "${sentence}" ${where}`);
      }
    }
    matcher.release();
  }

  #usableEntries(): PlacedEntry[] {
    return this.#placed.filter((_, at) => this.#usable.has(at));
  }

  #add(code: FindingCode, { file, line, entry }: PlacedEntry, message: string): void {
    const severity = (errorCodes as readonly string[]).includes(code) ? "error" : "lint";
    this.#findings.push({ severity, code, file, line, entry: entry.id, message });
  }

  #whyNoCombination(entry: Entry): string {
    try {
      loadAddon().releaseLibrary(compileLibrary([entry], this.#options).key);
      return "nothing of a part is left in normal form";
    } catch (error) {
      return messageOf(error).replace(/^.*entry 0 (is no combination: )?/, "");
    }
  }
}

function placeOf({ file, line }: PlacedEntry): string {
  return `${file}:${line}`;
}

function partEntry(text: string): Entry {
  return { id: text, text, risks: ["A1h"], severity: "info" };
}

/** Figures of a library. */
export interface LibraryStats {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly entries: number;
  /** Keywords that differ in normal form, as the standard counts them (8.1). */
  readonly distinct: number;
  readonly combinations: number;
  readonly bySeverity: Readonly<Record<Severity, number>>;
  /** Entries of each risk that has any; an entry may have several. */
  readonly byRisk: Readonly<Record<string, number>>;
  /** Code points of the keywords. */
  readonly lengths: { readonly least: number; readonly median: number; readonly most: number };
  /** The ways in which the patterns are found on this machine. */
  readonly routes: Matcher["stats"]["routes"];
  /** Patterns in normal form: keywords, parts of combinations, allow words, each once. */
  readonly patterns: number;
  /** Bytes of the compiled library. */
  readonly heapBytes: number;
  /** How long compiling took, in milliseconds; null for a library that was compiled before. */
  readonly compileMs: number | null;
  /** How long opening it took, in milliseconds, and the digest of the file; null for one that is compiled when it is read. */
  readonly openMs: number | null;
  readonly fileDigest: string | null;
}

/**
 * Compiles a library, or opens one that was compiled before, and tells its figures.
 *
 * @throws ScanError `config` as `Library.load` and `compile` do
 */
export function statsOfLibrary(path: string): LibraryStats {
  const { name, version, digest, entries, distinct, options, compiled } = loadLibrary(path);
  const start = performance.now();
  const matcher = new Matcher(entries, options, compiled);
  const tookMs = performance.now() - start;
  const { routes, patterns, heapBytes } = matcher.stats;
  matcher.release();
  const count = (holds: (entry: Entry) => boolean) => entries.filter(holds).length;
  const lengths = entries.map(({ text }) => [...text.trim()].length).sort((a, b) => a - b);
  const byRisk = risks.map(({ id }) => [id, count((entry) => entry.risks.includes(id))] as const);
  return {
    ...{ file: path, name, version, digest, entries: entries.length, distinct },
    combinations: count((entry) => isCombo(entry, options)),
    bySeverity: Object.fromEntries(
      severities.map((severity) => [severity, count((entry) => entry.severity === severity)]),
    ) as Record<Severity, number>,
    byRisk: Object.fromEntries(byRisk.filter(([, entries]) => entries > 0)),
    lengths: {
      least: lengths[0] ?? 0,
      median: lengths[Math.floor(lengths.length / 2)] ?? 0,
      most: lengths.at(-1) ?? 0,
    },
    ...{ routes, patterns, heapBytes, compileMs: compiled === null ? tookMs : null },
    ...{ openMs: compiled === null ? null : tookMs, fileDigest: compiled?.digest ?? null },
  };
}
