/** A keyword library in the hands of an embedder: read from files, or made of entries. */
import { loadLibrary } from "../config/library-file.ts";
import { ScanError } from "../errors.ts";
import { type Entry, entrySchema, type MatchOptions, matchOptionsSchema, repeatedEntries } from "../library/library.ts";
import { Matcher } from "./matcher.ts";

/** An entry as a caller may write it: a keyword alone, or with what it means. */
export type EntryInput =
  | string
  | { id?: string; text: string; risks?: string[]; severity?: Entry["severity"]; allow?: string[] };

/** Options of a matcher, each with its default: see `MatchOptions`. */
export type MatchOptionsInput = Partial<MatchOptions>;

/** A keyword library. Immutable. */
export class Library {
  readonly name: string;
  readonly version: string;
  readonly entries: readonly Entry[];
  /** SHA-256 over entries and options in canonical JSON; it names the library in plans and reports. */
  readonly digest: string;
  readonly #options: MatchOptions;

  private constructor(library: ReturnType<typeof loadLibrary>) {
    this.name = library.name;
    this.version = library.version;
    this.entries = library.entries;
    this.digest = library.digest;
    this.#options = library.options;
  }

  /**
   * Reads `library.yaml` and the word lists that it names.
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
   * Compiles this library. Equal libraries are compiled once per process and shared by all its threads.
   *
   * @param options - go before those of the library file
   */
  compile(options: MatchOptionsInput = {}): Matcher {
    return new Matcher(this.entries, parseOptions({ ...this.#options, ...options }));
  }

  /** Entries that repeat another one's text after folding: each is kept, and each hits. */
  lint(): readonly { readonly place: string; readonly message: string }[] {
    return repeatedEntries(this.entries).texts;
  }
}

function toEntry(input: EntryInput, index: number): Entry {
  const given = typeof input === "string" ? { text: input } : input;
  // Entries that are only matched need no risk and no id that could stand in a report.
  const { id = given.text, text, risks = ["A1h"], severity = "review", allow } = given;
  const parsed = entrySchema.safeParse({ id: "x", text, risks, severity, ...(allow === undefined ? {} : { allow }) });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ScanError("config", `entry ${index}: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  return { ...parsed.data, id };
}

function parseOptions(options: MatchOptionsInput): MatchOptions {
  const parsed = matchOptionsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ScanError("config", `options${issue?.path.length ? `.${issue.path.join(".")}` : ""}: ${issue?.message}`);
}
