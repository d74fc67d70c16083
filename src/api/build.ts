/** Compiles a keyword library to a file that is opened in its place. */
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { loadAddon } from "../addon/addon.ts";
import { loadLibrary, sourceOf, withOptions } from "../config/library-file.ts";
import { ScanError } from "../errors.ts";
import type { MatchOptions } from "../library/library.ts";
import { Matcher } from "./matcher.ts";

/** What was compiled, and to what. */
export interface LibraryBuild {
  readonly file: string;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Digest that every byte of the file counts for. */
  readonly fileDigest: string;
  readonly name: string;
  readonly version: string;
  /** Digest of the library itself: what reports name, and the same for its source and for the file. */
  readonly digest: string;
  readonly entries: number;
  readonly routes: Matcher["stats"]["routes"];
  readonly patterns: number;
  /** How long compiling took, and opening the file, in milliseconds. */
  readonly compileMs: number;
  readonly openMs: number;
}

/**
 * Compiles a library to a file, and opens that to see that it can be used.
 *
 * @param path - `library.yaml`, or a file that was compiled before
 * @param out - the file to write; one that is there is replaced if it is a compiled library
 * @param options - go before those of the library, and make it another one
 * @throws ScanError `config` as `Library.load` and `compile` do; `usage` when `out` cannot be such a file
 */
export function buildLibrary(path: string, out: string, options: Partial<MatchOptions> = {}): LibraryBuild {
  const library = withOptions(loadLibrary(path), options);
  const addon = loadAddon();
  if (!existsSync(dirname(out))) throw new ScanError("usage", `--out ${out}: there is no folder ${dirname(out)}`);
  const isOther = existsSync(out) && !addon.isCompiled(out);
  // A pipe or a device could not be opened as a library again; a slip must not cost a word list.
  if (isOther) {
    const what = statSync(out).isFile() ? "is there, and is no compiled library" : "is no file";
    throw new ScanError("usage", `--out ${out}: ${what}: choose another name`);
  }
  const started = performance.now();
  const matcher = new Matcher(library.entries, library.options);
  const compiled = performance.now();
  const bytes = matcher.save(out, JSON.stringify(sourceOf(library)));
  matcher.release();
  const { digest: fileDigest } = addon.readLibraryFile(out);
  const saved = performance.now();
  const opened = new Matcher(library.entries, library.options, { path: out, digest: fileDigest });
  const openMs = performance.now() - saved;
  const { routes, patterns } = opened.stats;
  opened.release();
  const { name, version, digest, entries } = library;
  return {
    ...{ file: out, bytes, fileDigest, name, version, digest, entries: entries.length },
    ...{ routes, patterns, compileMs: compiled - started, openMs },
  };
}
