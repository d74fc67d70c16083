/** Reads a keyword library: `library.yaml` and the word lists that it names, or a file that it was compiled to. */
import { basename, dirname, join, resolve } from "node:path";
import { loadAddon } from "../addon/addon.ts";
import { type LibraryFile as CompiledFile, normalFormsOf } from "../addon/library.ts";
import { messageOf, ScanError } from "../errors.ts";
import { faultOf } from "../library/fault.ts";
import {
  columnsOf,
  distinctCount,
  type Entry,
  entriesOf,
  entriesOfList,
  type FileEntry,
  fileEntrySchema,
  type LibraryFile,
  type LibrarySource,
  type Lint,
  libraryFileSchema,
  librarySourceSchema,
  lineInList,
  type MatchOptions,
  matchOptionsSchema,
  repeatedIds,
  repeatedTexts,
  withoutProof,
} from "../library/library.ts";
import { digestOf } from "./digest.ts";
import { examineYaml, readText, readYaml } from "./yaml.ts";

/** A keyword library, read and checked. */
export interface LoadedLibrary {
  readonly name: string;
  readonly version: string;
  readonly entries: readonly Entry[];
  readonly options: LibraryFile["options"];
  /** SHA-256 over the entries and options in canonical JSON: the library's identity in plan and report. */
  readonly digest: string;
  /** Number of distinct keywords, as the standard counts them (8.1). */
  readonly distinct: number;
  /** What deserves a look but stops nothing. */
  readonly lints: readonly Lint[];
  /** The file that it was read from, if it was compiled before. */
  readonly compiled: CompiledFile | null;
}

/** Faults of a list that one error shows. */
const shownFaults = 10;

/**
 * Reads `library.yaml` and its lists, or a file of `library build`, which its first bytes tell. Entries of a list are named
 * `list:line` after the file without its extension.
 *
 * @throws ScanError `config` when a file is missing or invalid, or an id repeats
 */
export function loadLibrary(path: string): LoadedLibrary {
  if (loadAddon().isCompiled(path)) return loadCompiled(path);
  const file = readYaml(path, "library", libraryFileSchema);
  const entries: Entry[] = file.entries.map(withoutProof);
  for (const list of file.lists) {
    const listPath = resolve(dirname(path), list.file);
    const { entries: listed, faults } = entriesOfList(readText(listPath, "word list"), listName(list.file), list);
    if (faults.length > 0) {
      const shown = faults.slice(0, shownFaults).map(({ line, message }) => `${listPath}: line ${line}: ${message}`);
      const more = faults.length - shown.length;
      throw new ScanError("config", [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("\n"));
    }
    for (const entry of listed) entries.push(entry);
  }
  const ids = repeatedIds(entries);
  if (ids.length > 0) {
    throw new ScanError("config", `${path}: entry id "${ids[0]}" is used twice (${ids.length} such ids)`);
  }
  return identified(file, entries, file.options);
}

/** A library that is known by what it holds. */
function identified(
  { name, version }: { readonly name: string; readonly version: string },
  entries: readonly Entry[],
  options: MatchOptions,
): LoadedLibrary {
  const { firsts } = normalFormsOf(entries, options);
  return {
    ...{ name, version, entries, options, compiled: null },
    digest: digestOf({ entries, options }),
    distinct: distinctCount(firsts),
    lints: repeatedTexts(entries, firsts),
  };
}

/** The library with other options, which make it another one. */
export function withOptions(library: LoadedLibrary, options: Partial<MatchOptions>): LoadedLibrary {
  if (Object.keys(options).length === 0) return library;
  return identified(library, library.entries, { ...library.options, ...options });
}

/** What a library was made of, for the file that it is compiled to. */
export function sourceOf({ name, version, digest, distinct, lints, options, entries }: LoadedLibrary): LibrarySource {
  return { name, version, digest, distinct, lints: [...lints], options, ...columnsOf(entries) };
}

function loadCompiled(path: string): LoadedLibrary {
  const { digest: digestOfFile, source } = loadAddon().readLibraryFile(path);
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw new ScanError("config", `${path}: section source: not JSON: ${messageOf(error)}`, { cause: error });
  }
  const parsed = librarySourceSchema.safeParse(value);
  if (!parsed.success) throw new ScanError("config", `${path}: section source: ${faultOf(parsed.error, value)}`);
  const entries = entriesOf(parsed.data);
  if (typeof entries === "string") throw new ScanError("config", `${path}: section source: ${entries}`);
  const { name, version, digest, distinct, lints, options } = parsed.data;
  return { name, version, digest, distinct, lints, options, entries, compiled: { path, digest: digestOfFile } };
}

/** An entry and where it stands. */
export interface PlacedEntry {
  readonly entry: Entry;
  readonly file: string;
  readonly line: number;
  /** Sentences in which it must, and must not, be found. */
  readonly hit: readonly string[];
  readonly miss: readonly string[];
}

/** What is wrong with a library at one place of its files. */
export interface LibraryFault {
  readonly file: string;
  readonly line: number;
  /** Id of the entry, where one is concerned and has one. */
  readonly entry: string | null;
  readonly message: string;
}

/** A library as far as it can be read. */
export interface ExaminedLibrary {
  /** The entries that are entries, in their order. */
  readonly entries: readonly PlacedEntry[];
  /** The file's, or the defaults where they are wrong. */
  readonly options: MatchOptions;
  /** Lines of the options' allow words. */
  readonly allowLines: readonly number[];
  readonly faults: readonly LibraryFault[];
}

/**
 * Reads a library as `loadLibrary` does, but goes on behind what is wrong. Files are named as the library names them,
 * relative to it.
 *
 * @throws ScanError `config` when the library file itself is missing, not text, or compiled
 */
export function examineLibrary(path: string): ExaminedLibrary {
  if (loadAddon().isCompiled(path)) {
    throw new ScanError("config", `${path} is a compiled library, without lines to point at: check its source`);
  }
  const { data, value, faults: found, lineOf } = examineYaml(readText(path, "library"), libraryFileSchema);
  const fields = (value ?? {}) as Record<string, unknown>;
  const raw = asList(fields.entries);
  const idOf = (at: unknown) => {
    const id = typeof at === "number" ? (raw[at] as { id?: unknown } | null)?.id : undefined;
    return typeof id === "string" ? id : null;
  };
  const faults: LibraryFault[] = found.map(({ line, path: [root, at], message }) => ({
    ...{ file: path, line, message },
    entry: root === "entries" ? idOf(at) : null,
  }));
  const entries: PlacedEntry[] = raw.flatMap((one, at) => {
    const parsed = fileEntrySchema.safeParse(one);
    if (!parsed.success) return [];
    const entry: FileEntry = parsed.data;
    const line = lineOf(["entries", at]);
    return [{ ...{ entry: withoutProof(entry), file: path, line }, hit: entry.hit ?? [], miss: entry.miss ?? [] }];
  });
  asList(fields.lists).forEach((one, at) => {
    const parsed = libraryFileSchema.shape.lists.safeParse([one]);
    const list = parsed.success ? parsed.data[0] : undefined;
    if (list === undefined) return;
    const file = join(dirname(path), list.file);
    let text: string;
    try {
      text = readText(file, "word list");
    } catch (error) {
      faults.push({ file: path, line: lineOf(["lists", at]), entry: null, message: messageOf(error) });
      return;
    }
    const { entries: listed, faults: wrong } = entriesOfList(text, listName(list.file), list);
    for (const entry of listed) entries.push({ entry, file, line: lineInList(entry), hit: [], miss: [] });
    for (const fault of wrong) faults.push({ file, ...fault, entry: null });
  });
  const options =
    data?.options ?? matchOptionsSchema.safeParse(fields.options ?? {}).data ?? matchOptionsSchema.parse({});
  const allowLines = options.allow.map((_, at) => lineOf(["options", "allow", at]));
  return { entries, options, allowLines, faults };
}

function listName(file: string): string {
  return basename(file).replace(/\.[^.]*$/, "");
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
