/** A keyword library in the hands of an embedder: read from files, or made of entries. */
import type { z } from "zod";
import { type LoadedLibrary, loadLibrary } from "../config/library-file.ts";
import { ScanError } from "../errors.ts";
import { faultOf } from "../library/fault.ts";
import { type Entry, entrySchema, type Lint, type MatchOptions, matchOptionsSchema } from "../library/library.ts";
import { Matcher } from "./matcher.ts";

/** An entry as a caller may write it: a keyword alone, or with what it means. */
export type EntryInput =
  | string
  | {
      id?: string;
      text: string;
      risks?: string[];
      severity?: Entry["severity"];
      allow?: string[];
      /** The text is an expression `A&B~C`. */
      combo?: boolean;
    };

/** Options of a matcher; what is left out has its default: see `MatchOptions`. `null` for a name means none. */
export type MatchOptionsInput = z.input<typeof matchOptionsSchema>;

/** A keyword library. Immutable. */
export class Library {
  readonly name: string;
  readonly version: string;
  readonly entries: readonly Entry[];
  /** SHA-256 over entries and options in canonical JSON; it names the library in plans and reports. */
  readonly digest: string;
  readonly #loaded: LoadedLibrary;

  private constructor(library: LoadedLibrary) {
    this.name = library.name;
    this.version = library.version;
    this.entries = library.entries;
    this.digest = library.digest;
    this.#loaded = library;
  }

  /**
   * Reads `library.yaml` and the word lists that it names, or a file of `corpusgate library build`.
   *
   * @throws ScanError `config` naming file, line, field, value and limit
   *
   * @example
   * const library = await Library.load("library.yaml");
   * library.compile().match("有人走私香烟")
   */
  static async load(path: string): Promise<Library> {
    return new Library(loadLibrary(path));
  }

  /**
   * Compiles a matcher straight from entries.
   *
   * @param spec.entries - keywords; one without an id is named by its text
   * @throws ScanError `config` naming the entry, its size and the limit
   *
   * @example
   * const matcher = await Library.compile({ entries: ["走私", "malware"], options: { overlap: "all" } });
   */
  static async compile(spec: { entries: readonly EntryInput[]; options?: MatchOptionsInput }): Promise<Matcher> {
    return new Matcher(spec.entries.map(toEntry), parseOptions(spec.options ?? {}));
  }

  /**
   * Compiles this library, or opens it if it was compiled before. Equal libraries are compiled once per process and shared
   * by all its threads.
   *
   * @param options - go before those of the library file
   */
  compile(options: MatchOptionsInput = {}): Matcher {
    const { options: own, compiled } = this.#loaded;
    return new Matcher(this.entries, parseOptions({ ...own, ...options }), compiled);
  }

  /** Entries that repeat another one's keyword in normal form: each is kept, and each hits. */
  lint(): readonly Lint[] {
    return this.#loaded.lints;
  }

  /** @internal What a scanner judges by. */
  get loaded(): LoadedLibrary {
    return this.#loaded;
  }
}

function toEntry(input: EntryInput, index: number): Entry {
  const given = typeof input === "string" ? { text: input } : input;
  // Entries that are only matched need no risk and no id that could stand in a report.
  const { id = given.text, text, risks = ["A1h"], severity = "review", allow, combo } = given;
  const optional = { ...(allow === undefined ? {} : { allow }), ...(combo === undefined ? {} : { combo }) };
  const entry = { id: "x", text, risks, severity, ...optional };
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) throw new ScanError("config", `entry ${index}: ${faultOf(parsed.error, entry)}`);
  return { ...parsed.data, id };
}

function parseOptions(options: MatchOptionsInput): MatchOptions {
  const parsed = matchOptionsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  throw new ScanError("config", faultOf(parsed.error, options, "options"));
}
