/** The keywords of a benchmark, and the libraries and policies that make every engine look for the same. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A set of keywords and what a hit of one means.
 *
 * @typedef {object} WordSet
 * @property {"plain" | "folded"} id
 * @property {number} words distinct ones
 * @property {string} sha256 of the word file
 * @property {string} file one word a line
 * @property {string} library corpusgate's library with the same words: each needs review, none has a boundary
 */

/** Characters without case, width or variants in any engine's folding: a word of these means the same to all. */
const plainWord = /^[\u3400-\u4DBF\u4E00-\u9FFF]+$/u;

/** What corpusgate folds, as far as keywords can hold it. */
function fold(word) {
  return word
    .replace(/[\uFF01-\uFF5E]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replaceAll("\u3000", " ")
    .toLowerCase();
}

/**
 * Reads the words and writes both sets.
 *
 * @param {string} from a word list, or a folder of them: one word a line, `#` starts a comment line
 * @param {string} out folder to write into
 * @returns {{ plain: WordSet, folded: WordSet, policy: string }} `policy` runs the keyword stage alone, so that a
 *   record with a hit is counted and not left for the classifier
 */
export function makeWordSets(from, out) {
  mkdirSync(out, { recursive: true });
  const files = from.endsWith(".txt")
    ? [from]
    : readdirSync(from)
        .toSorted()
        .map((name) => join(from, name));
  const words = new Set();
  for (const file of files) {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      const word = line.trim();
      if (word !== "" && !word.startsWith("#")) words.add(fold(word));
    }
  }
  const all = [...words].toSorted();
  const policy = join(out, "keyword-only.yaml");
  writeFileSync(policy, "version: 1\nstages: { keyword: required, fast: off }\n");
  return {
    plain: writeSet(
      "plain",
      all.filter((word) => plainWord.test(word)),
      out,
    ),
    folded: writeSet("folded", all, out),
    policy,
  };
}

/** @returns {WordSet} */
function writeSet(id, words, out) {
  const text = `${words.join("\n")}\n`;
  const file = join(out, `${id}.txt`);
  writeFileSync(file, text);
  const library = join(out, `${id}.yaml`);
  const lines = [
    "version: 1",
    `name: benchmark, ${id}`,
    "lists:",
    `  - { file: ${id}.txt, risks: [A1f], severity: review }`,
    "options: { wordBoundary: false }",
  ];
  writeFileSync(library, `${lines.join("\n")}\n`);
  const sha256 = createHash("sha256").update(text).digest("hex");
  return { id, words: words.length, sha256, file, library };
}
