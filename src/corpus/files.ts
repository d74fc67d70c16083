/** The files of a corpus: what globs and folders stand for, and a register made from paths. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { globSync, isDynamicPattern } from "tinyglobby";
import { ScanError } from "../errors.ts";
import { dataExtension as extension, isUrl, type Objects } from "./objects.ts";
import { type Corpus, corpusSchema, type Encoding, type Format, type Source } from "./register.ts";

/** A file of a source, found or not. */
export interface CorpusFile {
  /** Source that the register gives the file to; null when a column of the file names it. */
  readonly source: string | null;
  /** Path in plan and report: relative to the base folder, with `/`; of an object its URL. */
  readonly path: string;
  /** Where it is: an absolute path, or a URL. */
  readonly absolutePath: string;
  /** Null when the register names a path or glob that nothing is found for. */
  readonly stats: { readonly size: number } | null;
}

/**
 * Finds the files of a source, sorted by path. A path or glob that finds nothing is one missing file.
 *
 * @param objects - what is known of the objects that URLs name
 */
export function filesOfSource(source: Source, base: string, objects?: Objects): CorpusFile[] {
  const found = new Map<string, CorpusFile>();
  for (const pattern of source.files) {
    for (const file of filesOfPattern(pattern, base, objects)) found.set(file.path, { source: source.id, ...file });
  }
  return [...found.values()].toSorted((a, b) => compareText(a.path, b.path));
}

function filesOfPattern(pattern: string, base: string, objects: Objects | undefined): Omit<CorpusFile, "source">[] {
  if (isUrl(pattern)) {
    const found = objects?.filesOf(pattern) ?? [];
    if (found.length === 0) return [{ path: pattern, absolutePath: pattern, stats: null }];
    return found.map(({ url, size }) => ({ path: url, absolutePath: url, stats: { size } }));
  }
  const absolute = resolve(base, pattern);
  const stats = statSync(absolute, { throwIfNoEntry: false });
  if (stats?.isFile()) return [{ path: portable(relative(base, absolute)), absolutePath: absolute, stats }];
  const search = (glob: string, cwd: string) => globSync(glob, { cwd, absolute: true, onlyFiles: true, dot: false });
  const paths = stats?.isDirectory()
    ? withoutRuns(search("**/*", absolute)).filter((path) => extension.test(path))
    : isDynamicPattern(pattern)
      ? search(pattern, base)
      : [];
  const files = paths.map((path) => {
    const absolutePath = resolve(path);
    return {
      path: portable(relative(base, absolutePath)),
      absolutePath,
      stats: statSync(absolutePath, { throwIfNoEntry: false }) ?? null,
    };
  });
  if (files.length > 0) return files;
  // A report holds no absolute path, not even of a file that is not there.
  const path = isAbsolute(pattern) ? relative(base, pattern) : pattern;
  return [{ path: portable(path), absolutePath: absolute, stats: null }];
}

/** Files but those of run folders: what a scan of this folder left in it is no part of the corpus. */
function withoutRuns(paths: readonly string[]): readonly string[] {
  const runs = paths.filter((path) => basename(path) === "run.json" && isRunRecord(path)).map(dirname);
  return runs.length === 0 ? paths : paths.filter((path) => !runs.some((run) => path.startsWith(`${run}/`)));
}

function isRunRecord(path: string): boolean {
  const start = Buffer.alloc(100);
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    // Whatever it is, it is counted as a file that cannot be read.
    return false;
  }
  try {
    return start.toString("utf8", 0, readSync(file, start)).includes('"schema": "corpusgate.run/');
  } finally {
    closeSync(file);
  }
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
 * path, where two files share a name). Paths may be files, folders and globs, and URLs of them.
 *
 * @param objects - what is known of the objects that URLs name
 * @returns the register and the folder that its paths are relative to: the deepest one that holds all files
 * @throws ScanError `usage` when a path names nothing
 */
export function registerOfPaths(
  paths: readonly string[],
  options: PathOptions,
  objects?: Objects,
): { corpus: Corpus; base: string } {
  const files = new Set<string>();
  for (const path of paths) {
    const found = filesOfPattern(path, process.cwd(), objects).filter((file) => file.stats !== null);
    if (found.length === 0) {
      const what = isUrl(path) ? "object" : "file";
      throw new ScanError("usage", `${path}: no such ${what}, and no data file in such a folder`);
    }
    for (const file of found) files.add(file.absolutePath);
  }
  const sorted = [...files].toSorted(compareText);
  const base = commonFolder(sorted.filter((file) => !isUrl(file)));
  const names = sorted.map((file) => basename(file).replace(extension, ""));
  const sources = sorted.map((file, index) => {
    const name = names[index] as string;
    const unique = names.indexOf(name) === names.lastIndexOf(name);
    const path = isUrl(file) ? file : portable(relative(base, file));
    return {
      id:
        (unique ? name : path.replace(/^s3:\/\//, ""))
          .replace(/[^\p{L}\p{N}._/ -]/gu, "-")
          .replace(/^[^\p{L}\p{N}]+/u, "") || `file-${index + 1}`,
      // A path may hold characters that a glob would read as its own.
      files: [path],
      format: options.format,
      encoding: options.encoding ?? "utf-8",
      columns: { text: options.textColumn, id: options.idColumn },
    };
  });
  const parsed = corpusSchema.safeParse({ version: 1, sources });
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => {
      const index = path[1] as number;
      return `${sorted[index]}: the source id "${sources[index]?.id}" ${message}; a corpus.yaml can name it`;
    });
    throw new ScanError("usage", faults.join("\n"));
  }
  return { corpus: parsed.data, base };
}

function commonFolder(files: readonly string[]): string {
  let folder = files[0] === undefined ? process.cwd() : dirname(files[0]);
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
