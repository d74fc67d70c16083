/** The benchmark corpus: made once per size and input, kept in bench/work, found again by its description. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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

/** Ways of storing a corpus, as make_corpus.py names them. */
export const storages = ["jsonl", "half-0", "half-1", "gz", "parquet", "arrow"];

const script = fileURLToPath(new URL("make_corpus.py", import.meta.url));

/** Runs and fills the virtual environment that makes the corpus and holds the Python peer. */
export const setUpPython =
  "python3 -m venv bench/work/venv && bench/work/venv/bin/pip install -r bench/peers/requirements.txt";

/**
 * Makes the corpus, or finds it made.
 *
 * @param {{ work: string, python: string, texts: readonly string[], size: number, formats: readonly string[] }} options
 *   `size` in bytes of text
 * @returns {Corpus}
 */
export function makeCorpus({ work, python, texts, size, formats }) {
  if (!existsSync(python))
    throw new Error(`the corpus is made with pyarrow, which is not installed; run\n  ${setUpPython}`);
  const hash = createHash("sha256")
    .update(JSON.stringify([size, formats]))
    .update(readFileSync(script));
  for (const file of texts.flatMap(filesOf)) hash.update(readFileSync(file));
  const key = hash.digest("hex").slice(0, 12);
  const folder = join(work, "corpus", `${Math.round(size / 1e6)}MB-${key}`);
  const description = join(folder, "corpus.json");
  if (!existsSync(description)) {
    mkdirSync(folder, { recursive: true });
    console.log(`making ${size / 1e6} MB of text as ${formats.join(", ")} …`);
    const args = [script, "--size", String(size), "--out", folder, "--formats", formats.join(","), ...texts];
    // Written last: a corpus without its description is made again.
    writeFileSync(description, execFileSync(python, args, { encoding: "utf8" }));
  }
  return { ...JSON.parse(readFileSync(description, "utf8")), folder };
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

/** Path of a corpus in one way of storing it. */
export function pathOf(corpus, storage) {
  const file = corpus.files[storage];
  if (file === undefined) throw new Error(`the corpus was not made as ${storage}`);
  return join(corpus.folder, file.name);
}
