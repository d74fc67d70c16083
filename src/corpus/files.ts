/** The files of a corpus: what globs and folders stand for, and a register made from paths. */
import { type Stats, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { escapePath, globSync, isDynamicPattern } from "tinyglobby";
import { ScanError } from "../errors.ts";
import { type Corpus, corpusSchema, type Encoding, type Format, type Source } from "./register.ts";

/** A file of a source, found or not. */
export interface CorpusFile {
  /** Source that the register gives the file to; null when a column of the file names it. */
  readonly source: string | null;
  /** Path in plan and report: relative to the base folder, with `/`. */
  readonly path: string;
  readonly absolutePath: string;
  /** Null when the register names a path or glob that nothing is found for. */
  readonly stats: Stats | null;
}

/** Extensions that a folder on the command line is searched for. */
const dataExtensions = ["arrow", "arrows", "feather", "parquet", "jsonl", "ndjson", "json"];
const compressions = ["", ".gz", ".zst"];
const extension = new RegExp(`\\.(${dataExtensions.join("|")})(\\.(gz|zst))?$`, "i");

/** Finds the files of a source, sorted by path. A path or glob that finds nothing is one missing file. */
export function filesOfSource(source: Source, base: string): CorpusFile[] {
  const found = new Map<string, CorpusFile>();
  for (const pattern of source.files) {
    for (const file of filesOfPattern(pattern, base)) found.set(file.path, { source: source.id, ...file });
  }
  return [...found.values()].toSorted((a, b) => compareText(a.path, b.path));
}

function filesOfPattern(pattern: string, base: string): Omit<CorpusFile, "source">[] {
  const absolute = resolve(base, pattern);
  const stats = statSync(absolute, { throwIfNoEntry: false });
  if (stats?.isFile()) return [{ path: portable(relative(base, absolute)), absolutePath: absolute, stats }];
  const globs = stats?.isDirectory()
    ? dataExtensions.flatMap((ext) => compressions.map((c) => `${escapePath(pattern)}/**/*.${ext}${c}`))
    : isDynamicPattern(pattern)
      ? [pattern]
      : [];
  const paths = globs.length === 0 ? [] : globSync(globs, { cwd: base, absolute: true, onlyFiles: true, dot: false });
  const files = paths.map((path) => {
    const absolutePath = resolve(path);
    return {
      path: portable(relative(base, absolutePath)),
      absolutePath,
      stats: statSync(absolutePath, { throwIfNoEntry: false }) ?? null,
    };
  });
  return files.length > 0 ? files : [{ path: portable(pattern), absolutePath: absolute, stats: null }];
}

/** How files named on the command line are read. */
export interface PathOptions {
  readonly format?: Format | undefined;
  readonly encoding?: Encoding | undefined;
  readonly textColumn?: string | undefined;
  readonly idColumn?: string | undefined;
}

/**
 * The register that paths stand for: each file is a source named after the file without its extensions (after its
 * path, where two files share a name). Paths may be files, folders and globs.
 *
 * @returns the register and the folder that its paths are relative to: the deepest one that holds all files
 * @throws ScanError `usage` when a path names nothing
 */
export function registerOfPaths(paths: readonly string[], options: PathOptions): { corpus: Corpus; base: string } {
  const files = new Set<string>();
  for (const path of paths) {
    const found = filesOfPattern(path, process.cwd()).filter((file) => file.stats !== null);
    if (found.length === 0) throw new ScanError("usage", `${path}: no such file, and no data file in such a folder`);
    for (const file of found) files.add(file.absolutePath);
  }
  const sorted = [...files].toSorted(compareText);
  const base = commonFolder(sorted);
  const names = sorted.map((file) => basename(file).replace(extension, ""));
  const sources = sorted.map((file, index) => {
    const name = names[index] as string;
    const unique = names.indexOf(name) === names.lastIndexOf(name);
    const path = portable(relative(base, file));
    return {
      id:
        (unique ? name : path).replace(/[^\p{L}\p{N}._/ -]/gu, "-").replace(/^[^\p{L}\p{N}]+/u, "") ||
        `file-${index + 1}`,
      // A path may hold characters that a glob would read as its own.
      files: [path],
      format: options.format,
      encoding: options.encoding ?? "utf-8",
      columns: { text: options.textColumn, id: options.idColumn },
    };
  });
  const parsed = corpusSchema.safeParse({ version: 1, sources });
  if (!parsed.success) throw new ScanError("usage", parsed.error.issues.map((issue) => issue.message).join("; "));
  return { corpus: parsed.data, base };
}

function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0] ?? process.cwd());
  for (const file of files) {
    while (isOutside(relative(folder, file))) folder = dirname(folder);
  }
  return folder;
}

function isOutside(path: string): boolean {
  return path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path);
}

function portable(path: string): string {
  return sep === "/" ? path : path.split(sep).join("/");
}

/** Order by UTF-16 code units: the same on every machine and locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Where `corpus.yaml` lies, which its paths are relative to. */
export function baseOf(corpusPath: string): string {
  return dirname(resolve(corpusPath));
}

/** Resolves a path that a configuration file names. */
export function besideFile(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}
