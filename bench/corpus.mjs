/** The benchmark corpus: made once per size and input, kept in bench/work, found again by its description. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * A corpus in one or more ways of storing it.
 *
 * @typedef {object} Corpus
 * @property {number} records
 * @property {number} textBytes UTF-8
 * @property {number} distinctTexts
 * @property {string} digest SHA-256 over all ids and texts in order
 * @property {{ name: string, sha256: string }[]} from the files whose texts are repeated
 * @property {Record<string, { name: string, bytes: number, sha256: string }>} files
 * @property {string} folder
 */

/** Ways of storing a corpus, as tables name them, and the files of each, as make_corpus.py names them. */
const filesOfStorage = {
  jsonl: ["jsonl"],
  "jsonl, two files": ["half-0", "half-1"],
  gz: ["gz"],
  "gz, two files": ["gz-half-0", "gz-half-1"],
  zst: ["zst"],
  parquet: ["parquet"],
  arrow: ["arrow"],
};

/** Formats, in the order of tables. */
export const formats = ["jsonl", "gz", "zst", "parquet", "arrow"];

/** The format of a way of storing: `gz` of `gz, two files`. */
export function formatOf(storage) {
  return storage.split(",")[0];
}

const script = fileURLToPath(new URL("make_corpus.py", import.meta.url));

/** Runs and fills the virtual environment that makes the corpus and holds the Python peer. */
export const setUpPython =
  "python3 -m venv bench/work/venv && bench/work/venv/bin/pip install -r bench/peers/requirements.txt";

/**
 * Makes the corpus, or finds it made.
 *
 * @param {{ work: string, python: string, texts: readonly string[], size: number, storages?: readonly string[] }} options
 *   `size` in bytes of text; without `storages` it is stored in every way
 * @returns {Corpus}
 */
export function makeCorpus({ work, python, texts, size, storages = Object.keys(filesOfStorage) }) {
  if (!existsSync(python))
    throw new Error(`the corpus is made with pyarrow, which is not installed; run\n  ${setUpPython}`);
  const files = storages.flatMap((storage) => filesOfStorage[storage]);
  const hash = createHash("sha256")
    .update(JSON.stringify([size, files]))
    .update(readFileSync(script));
  for (const file of texts.flatMap(filesOf)) hash.update(readFileSync(file));
  const key = hash.digest("hex").slice(0, 12);
  const folder = join(work, "corpus", `${Math.round(size / 1e6)}MB-${key}`);
  const description = join(folder, "corpus.json");
  if (!existsSync(description)) {
    mkdirSync(folder, { recursive: true });
    checkSpace(folder, size * files.length * mostExpansion);
    console.log(`making ${size / 1e6} MB of text as ${storages.join("; ")} …`);
    const args = [script, "--size", String(size), "--out", folder, "--formats", files.join(","), ...texts];
    // Written last: a corpus without its description is made again.
    writeFileSync(description, execFileSync(python, args, { encoding: "utf8" }));
  }
  return { ...JSON.parse(readFileSync(description, "utf8")), folder };
}

/** What a stored corpus takes of a disk at most, as a multiple of its text: ids, and what JSON adds. */
const mostExpansion = 1.2;

function checkSpace(folder, bytes) {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < bytes) {
    const gb = (count) => `${(count / 1e9).toFixed(1)} GB`;
    throw new Error(`the corpus may take ${gb(bytes)}, and ${gb(bavail * bsize)} are free in ${folder}`);
  }
}

/** A file, or the files of a folder in the order of their names. */
function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  const inside = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile());
  return inside.map((entry) => join(path, entry.name)).toSorted();
}

/** Removes every corpus that was made. */
export function removeCorpora(work) {
  rmSync(join(work, "corpus"), { recursive: true, force: true });
}

/** Removes one corpus. */
export function removeCorpus(corpus) {
  rmSync(corpus.folder, { recursive: true });
}

/** Paths of a corpus in one way of storing it. */
export function pathsOf(corpus, storage) {
  return filesOfStorage[storage].map((name) => {
    const file = corpus.files[name];
    if (file === undefined) throw new Error(`the corpus was not made as ${storage}`);
    return join(corpus.folder, file.name);
  });
}
