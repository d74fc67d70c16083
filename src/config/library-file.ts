/** Reads a keyword library: `library.yaml` and the word lists that it names. */
import { basename, dirname, resolve } from "node:path";
import { ScanError } from "../errors.ts";
import {
  type Entry,
  entriesOfList,
  type LibraryFile,
  type Lint,
  libraryFileSchema,
  repeatedEntries,
} from "../library/library.ts";
import { digestOf } from "./digest.ts";
import { readText, readYaml } from "./yaml.ts";

/** A keyword library, read and checked. */
export interface LoadedLibrary {
  readonly name: string;
  readonly version: string;
  readonly entries: readonly Entry[];
  readonly options: LibraryFile["options"];
  /** SHA-256 over the entries and options in canonical JSON: the library's identity in plan and report. */
  readonly digest: string;
  /** What deserves a look but stops nothing. */
  readonly lints: readonly Lint[];
}

/** Faults of a list that one error shows. */
const shownFaults = 10;

/**
 * Reads `library.yaml` and its lists. Entries of a list are named `list:line` after the file without its extension.
 *
 * @throws ScanError `config` when a file is missing or invalid, or an id repeats
 */
export function loadLibrary(path: string): LoadedLibrary {
  const file = readYaml(path, "library", libraryFileSchema);
  const entries: Entry[] = [...file.entries];
  for (const list of file.lists) {
    const listPath = resolve(dirname(path), list.file);
    const name = basename(list.file).replace(/\.[^.]*$/, "");
    const { entries: listed, faults } = entriesOfList(readText(listPath, "word list"), name, list);
    if (faults.length > 0) {
      const shown = faults.slice(0, shownFaults).map(({ place, message }) => `${listPath}: ${place}: ${message}`);
      const more = faults.length - shown.length;
      throw new ScanError("config", [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("\n"));
    }
    entries.push(...listed);
  }
  const { ids, texts } = repeatedEntries(entries);
  if (ids.length > 0) {
    throw new ScanError("config", `${path}: entry id "${ids[0]}" is used twice (${ids.length} such ids)`);
  }
  const digest = digestOf({ entries, options: file.options });
  return { name: file.name, version: file.version, entries, options: file.options, digest, lints: texts };
}
