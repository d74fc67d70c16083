/**
 * Folders as `save_to_disk` of Hugging Face `datasets` writes them: a `Dataset` with its shards in `state.json`, a
 * `DatasetDict` with a subfolder per split in `dataset_dict.json`. Other files in them are leftovers of work with the
 * dataset (`cache-*.arrow`, `indices.arrow`) or say how it looks, and are no part of the corpus.
 */
import { type Stats, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { readText } from "../config/yaml.ts";
import { messageOf, ScanError } from "../errors.ts";
import { faultOf } from "../library/fault.ts";

/** A dataset that was saved: all of a folder, or one split of it. */
export interface SavedDataset {
  readonly folder: string;
  /** The folder's name; with the split, where the dataset has splits. */
  readonly name: string;
  /** Absolute paths of the shards in the order of the dataset, there or not. */
  readonly files: readonly string[];
}

/** The files that tell such folders. */
const [stateFile, infoFile, splitsFile] = ["state.json", "dataset_info.json", "dataset_dict.json"];

/** A name in the folder itself: nothing that a dataset names may lie elsewhere. */
const nameInFolder = z
  .string()
  .refine((name) => name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name), {
    error: "must be the name of something in the folder",
  });
const stateSchema = z.object({
  _data_files: z.array(z.object({ filename: nameInFolder })).min(1, { error: "lists no data file" }),
});
const splitsSchema = z.object({ splits: z.array(nameInFolder).min(1, { error: "lists no split" }) });

const statsOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });
const isFile = (path: string) => statsOf(path)?.isFile() ?? false;

/** Whether a folder holds a dataset, or the splits of one. */
function isSavedDataset(folder: string): boolean {
  const holds = (name: string) => isFile(join(folder, name));
  return holds(splitsFile) || (holds(stateFile) && holds(infoFile));
}

/** The datasets among the files of a folder, and the folders that hold them: other files right in those are no data. */
export function savedDatasetsAmong(paths: readonly string[]): {
  readonly inside: readonly SavedDataset[];
  readonly folders: readonly string[];
} {
  const told = paths.filter((path) => [stateFile, splitsFile].includes(basename(path)));
  const folders = [...new Set(told.map((path) => resolve(dirname(path))))].filter(isSavedDataset);
  const inside = folders.flatMap(savedDatasets);
  return {
    // A split is found in its own folder as well.
    inside: inside.filter(({ folder }, index) => inside.findIndex((other) => other.folder === folder) === index),
    folders: [...new Set([...folders, ...inside.map(({ folder }) => folder)])],
  };
}

/**
 * The datasets that a folder stands for: none if it holds none, one for each split of a dataset with splits.
 *
 * @throws ScanError `config` naming the file of the dataset that is missing or broken, and the place in it
 */
export function savedDatasets(folder: string): readonly SavedDataset[] {
  if (!isSavedDataset(folder)) return [];
  if (!isFile(join(folder, splitsFile))) return [savedDataset(folder, nameOf(folder))];
  const { splits } = readJson(join(folder, splitsFile), splitsSchema);
  return splits.map((split) => savedDataset(join(folder, split), `${basename(folder)}/${split}`));
}

function savedDataset(folder: string, name: string): SavedDataset {
  const state = readJson(join(folder, stateFile), stateSchema);
  const files = state._data_files.map(({ filename }) => join(folder, filename));
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  if (twice !== undefined) {
    throw new ScanError("config", `${join(folder, stateFile)}: _data_files: ${basename(twice)} is listed twice`);
  }
  return { folder, name, files };
}

/** A split that is named by itself is called as it is when all are. */
function nameOf(folder: string): string {
  const above = dirname(resolve(folder));
  const splits = isFile(join(above, splitsFile)) ? readJson(join(above, splitsFile), splitsSchema).splits : [];
  const name = basename(resolve(folder));
  return splits.includes(name) ? `${basename(above)}/${name}` : name;
}

function readJson<T extends z.ZodType>(path: string, schema: T): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(readText(path, "dataset"));
  } catch (error) {
    if (error instanceof ScanError) throw error;
    throw new ScanError("config", `${path}: not valid JSON: ${messageOf(error)}`, { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ScanError("config", `${path}: ${faultOf(result.error, value)}`);
}
