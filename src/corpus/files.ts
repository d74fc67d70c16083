/** The files of a corpus: what globs and folders stand for, and a register made from paths. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { globSync, isDynamicPattern } from "tinyglobby";
import { ScanError } from "../errors.ts";
import { dataExtension as extension, folderOfUrl, isUrl, type Objects, textExtension } from "./objects.ts";
import { type Corpus, corpusSchema, type Encoding, type Format, type Source, type Validation } from "./register.ts";
import { type SavedDataset, savedDatasets, savedDatasetsAmong } from "./saved-dataset.ts";

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

/** A file with the saved dataset that lists it, and its place there. */
interface FoundFile extends Omit<CorpusFile, "source"> {
  readonly dataset: { readonly of: SavedDataset; readonly index: number } | null;
}

/**
 * Finds the files of a source, sorted by path; those of a saved dataset in its order, at the place of its folder. A path
 * or glob that finds nothing, and a shard of a dataset that is not there, is one missing file.
 *
 * @param objects - what is known of the objects that URLs name
 * @throws ScanError `config` when a saved dataset does not say what its files are
 */
export function filesOfSource(source: Source, base: string, objects?: Objects): CorpusFile[] {
  const found = new Map<string, FoundFile>();
  for (const pattern of source.files) {
    for (const file of filesOfPattern(pattern, base, objects)) found.set(file.path, file);
  }
  const place = ({ path, dataset }: FoundFile) => (dataset === null ? path : dirname(path));
  return [...found.values()]
    .toSorted((a, b) => compareText(place(a), place(b)) || (a.dataset?.index ?? 0) - (b.dataset?.index ?? 0))
    .map(({ path, absolutePath, stats }) => ({ source: source.id, path, absolutePath, stats }));
}

function filesOfPattern(pattern: string, base: string, objects: Objects | undefined): FoundFile[] {
  if (isUrl(pattern)) {
    const found = objects?.filesOf(pattern) ?? [];
    if (found.length === 0) return [{ path: pattern, absolutePath: pattern, stats: null, dataset: null }];
    return found.map(({ url, size }) => ({ path: url, absolutePath: url, stats: { size }, dataset: null }));
  }
  const absolute = resolve(base, pattern);
  const stats = statSync(absolute, { throwIfNoEntry: false });
  const fileAt = (path: string, dataset: FoundFile["dataset"] = null): FoundFile => {
    const absolutePath = resolve(path);
    return {
      path: portable(relative(base, absolutePath)),
      absolutePath,
      stats: statSync(absolutePath, { throwIfNoEntry: false }) ?? null,
      dataset,
    };
  };
  if (stats?.isFile()) return [fileAt(absolute)];
  const search = (glob: string, cwd: string) => globSync(glob, { cwd, absolute: true, onlyFiles: true, dot: false });
  const shards = (dataset: SavedDataset) => dataset.files.map((path, index) => fileAt(path, { of: dataset, index }));
  let files: FoundFile[] = [];
  if (stats?.isDirectory()) {
    const datasets = savedDatasets(absolute);
    if (datasets.length > 0) return datasets.flatMap(shards);
    const paths = withoutRuns(search("**/*", absolute));
    const { inside, folders } = savedDatasetsAmong(paths);
    const others = paths.filter((path) => extension.test(path) && !folders.includes(resolve(dirname(path))));
    files = [...others.map((path) => fileAt(path)), ...inside.flatMap(shards)];
  } else if (isDynamicPattern(pattern)) files = search(pattern, base).map((path) => fileAt(path));
  if (files.length > 0) return files;
  // A report holds no absolute path, not even of a file that is not there.
  const path = isAbsolute(pattern) ? relative(base, pattern) : pattern;
  return [{ path: portable(path), absolutePath: absolute, stats: null, dataset: null }];
}

/** A file that a path on the command line stands for. */
export interface NamedFile {
  readonly absolutePath: string;
  /** Why it is none to look at; null for one whose name a folder is searched for. */
  readonly why: string | null;
}

/**
 * All files that paths stand for, each once, sorted: a file, a folder with those below it, or a glob. Those of run
 * folders and hidden ones are left out.
 *
 * @throws ScanError `usage` when a path names nothing
 */
export function filesNamed(paths: readonly string[]): NamedFile[] {
  const files = new Set<string>();
  for (const path of paths) {
    const absolute = resolve(path);
    const isFolder = statSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true;
    const found = isFolder
      ? withoutRuns(globSync("**/*", { cwd: absolute, absolute: true, onlyFiles: true, dot: false }))
      : filesOfPattern(path, process.cwd(), undefined).flatMap(({ absolutePath, stats }) =>
          stats === null ? [] : [absolutePath],
        );
    if (found.length === 0) throw new ScanError("usage", `${path}: no such file, and no file in such a folder`);
    for (const file of found) files.add(resolve(file));
  }
  const { inside, folders } = savedDatasetsAmong([...files]);
  const shards = new Set(inside.flatMap((dataset) => dataset.files));
  return [...files].toSorted(compareText).map((absolutePath) => {
    const isLeftover = folders.includes(dirname(absolutePath)) && !shards.has(absolutePath);
    const why = isLeftover
      ? "the dataset that was saved in this folder does not list it"
      : extension.test(absolutePath)
        ? null
        : "its name is not that of a format that is read";
    return { absolutePath, why };
  });
}

/** The extension of a data file, as `.jsonl.gz`; of another file nothing. */
export function extensionOf(path: string): string {
  return extension.exec(path)?.[0] ?? "";
}

/** A source id made of a name: what an id cannot hold becomes `-`. Empty where nothing of the name is left. */
export function idOf(name: string): string {
  return name
    .replace(/[^\p{L}\p{N}._/ -]/gu, "-")
    .replace(/^[^\p{L}\p{N}]+/u, "")
    .slice(0, 128);
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
  readonly validate?: Validation | undefined;
  readonly textColumn?: string | undefined;
  readonly idColumn?: string | undefined;
}

/**
function filesOfPattern(pattern: string, base: string, objects: Objects | undefined): FoundFile[] {
  if (isUrl(pattern)) {
    const found = objects?.filesOf(pattern) ?? [];
    if (found.length === 0) return [{ path: pattern, absolutePath: pattern, stats: null, dataset: null }];
    return found.map(({ url, size }) => ({ path: url, absolutePath: url, stats: { size }, dataset: null }));
  }
 *
 * @param objects - what is known of the objects that URLs name
 * @returns the register and the folder that its paths are relative to: the deepest one that holds all files
 * @throws ScanError `usage` when a path names nothing; `config` when a saved dataset does not say what its files are
 */
export function registerOfPaths(
  paths: readonly string[],
  options: PathOptions,
  objects?: Objects,
): { corpus: Corpus; base: string } {
  /** The folder that a text was found in; null for a file that is a source. */
  const files = new Map<string, string | null>();
  // A shard that is named by itself, too, belongs to its dataset.
  const datasets = new Map<string, SavedDataset>();
  for (const path of paths) {
    const isThere = (file: FoundFile) => file.stats !== null || file.dataset !== null;
    const found = filesOfPattern(path, process.cwd(), objects).filter(isThere);
    if (found.length === 0) {
      const what = isUrl(path) ? "object" : "file";
      throw new ScanError("usage", `${path}: no such ${what}, and no data file in such a folder`);
    }
    const folder = searchedFolder(path);
    for (const { absolutePath, dataset } of found) {
      if (dataset !== null) datasets.set(dataset.of.folder, dataset.of);
      // What is named itself is a source, also if a folder holds it; of two folders the first has it.
      else if (folder === null || !textExtension.test(absolutePath)) files.set(absolutePath, null);
      else if (!files.has(absolutePath)) files.set(absolutePath, folder);
    }
  }
  const shards = [...datasets.values()].flatMap((dataset) => dataset.files);
  for (const shard of shards) files.delete(shard);
  const base = commonFolder([...files.keys(), ...shards].filter((file) => !isUrl(file)));
  const owners = ownersOf(files, datasets);
  const uses = new Map<string, number>();
  for (const { name } of owners) uses.set(name, (uses.get(name) ?? 0) + 1);
  const sources = owners.map(({ path: owner, name, files }, index) => {
    const path = isUrl(owner)
      ? owner.replace(/^s3:\/\//, "")
      : portable(relative(base, owner)) || `${basename(owner)}/`;
    return {
      id:
        (uses.get(name) === 1 ? name : path).replace(/[^\p{L}\p{N}._/ -]/gu, "-").replace(/^[^\p{L}\p{N}]+/u, "") ||
        `file-${index + 1}`,
      // A path may hold characters that a glob would read as its own; the base may be the folder of a dataset itself.
      files: files.map((file) => (isUrl(file) ? file : portable(relative(base, file)) || ".")),
      format: options.format,
      encoding: options.encoding ?? "utf-8",
      validate: options.validate ?? "full",
      columns: { text: options.textColumn, id: options.idColumn },
    };
  });
  const parsed = corpusSchema.safeParse({ version: 1, sources });
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => {
      const index = path[1] as number;
      return `${owners[index]?.path}: the source id "${sources[index]?.id}" ${message}; a corpus.yaml can name it`;
    });
    throw new ScanError("usage", faults.join("\n"));
  }
  return { corpus: parsed.data, base };
}

/** The folder that a path searches: itself, or what stands before the first wildcard; null for a file. */
function searchedFolder(path: string): string | null {
  if (isUrl(path)) return folderOfUrl(path);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined) return stats.isDirectory() ? resolve(path) : null;
  const parts = path.split("/");
  const wild = parts.findIndex((part) => isDynamicPattern(part));
  // The last part names files, also where only braces make it a pattern.
  return resolve(parts.slice(0, wild < 0 ? -1 : wild).join("/") || (path.startsWith("/") ? "/" : "."));
}

/** What a source is named after: a file, a folder of texts or a saved dataset; in the order of their first files. */
function ownersOf(files: ReadonlyMap<string, string | null>, datasets: ReadonlyMap<string, SavedDataset>) {
  const texts = new Map<string, string[]>();
  const owners: { path: string; name: string; files: readonly string[] }[] = [];
  for (const file of [...files.keys()].toSorted(compareText)) {
    const folder = files.get(file) ?? null;
    const others = folder === null ? undefined : texts.get(folder);
    if (others !== undefined) {
      others.push(file);
      continue;
    }
    const own = [file];
    if (folder === null) owners.push({ path: file, name: basename(file).replace(extension, ""), files: own });
    else {
      texts.set(folder, own);
      owners.push({ path: folder, name: basename(folder), files: own });
    }
  }
  for (const { folder, name } of datasets.values()) owners.push({ path: folder, name, files: [folder] });
  return owners.toSorted((a, b) => compareText(a.files[0] ?? a.path, b.files[0] ?? b.path));
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
