/** The keywords of a benchmark, and the libraries and policies that make every engine look for the same. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The keywords.
 *
 * @typedef {object} Words
 * @property {number} words distinct ones
 * @property {string} sha256 of the word file
 * @property {string} file one word a line
 * @property {Record<"exact" | "standard", Library>} libraries with these words: each needs review
 * @property {string} policy runs the keyword stage alone, so that a record with a hit is counted and not left for the
 *   classifier
 */

/**
 * A library of corpusgate.
 *
 * @typedef {object} Library
 * @property {string} library `library.yaml`
 * @property {string} compiled the same in the terms of the addon, for the Rust program
 */

/** Words of one run: as many as keyword libraries of providers hold at least. */
export const maxWords = 10_000;

/** How a word is looked for. `exact`: its very bytes, anywhere, which is what peers do. `standard`: however it is written. */
const matchOptions = { exact: { profile: "exact", wordBoundary: false }, standard: { profile: "standard" } };

/** Characters that JSON writes otherwise than they are. */
const escaped = /["\\\p{Cc}]/u;
/** What may follow a backslash in JSON: a word that begins so could be found behind one, where the text holds none. */
const insideEscape = /^[0-9a-fnrtu/]/u;
/** What stands around texts in JSON lines: a word that is a part of it is in every line. */
const aroundTexts = ["{", "id", ":", ",", "text", "}"];

/**
 * Reads the words and writes word file, libraries and policy.
 *
 * @param {string} from a word list, or a folder of them: one word a line, `#` starts a comment line
 * @param {string} out folder to write into
 * @returns {Words}
 */
export function makeWords(from, out) {
  mkdirSync(out, { recursive: true });
  const files = from.endsWith(".txt")
    ? [from]
    : readdirSync(from)
        .toSorted()
        .map((name) => join(from, name));
  const found = new Set();
  for (const file of files) {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      const word = line.trim();
      if (word !== "" && !word.startsWith("#") && isSameInJson(word)) found.add(word);
    }
  }
  if (found.size === 0) throw new Error(`${from}: no word that can be looked for in JSON lines and in texts alike`);
  const words = chosen([...found]);
  const text = `${words.join("\n")}\n`;
  const write = (name, content) => {
    writeFileSync(join(out, name), content);
    return join(out, name);
  };
  const file = write("words.txt", text);
  const libraries = Object.fromEntries(
    Object.entries(matchOptions).map(([id, options]) => {
      const lists = "  - { file: words.txt, risks: [A1f], severity: review }";
      const yaml = ["version: 1", `name: benchmark, ${id}`, "lists:", lists, `options: ${JSON.stringify(options)}`];
      const entries = words.map((word) => ({ text: word, mask: 1, severity: 1 }));
      const native = { ids: words, entries, options: { ...options, overlap: "all" } };
      const compiled = write(`${id}.json`, JSON.stringify(native));
      return [id, { library: write(`${id}.yaml`, `${yaml.join("\n")}\n`), compiled }];
    }),
  );
  const policy = write("keyword-only.yaml", "version: 1\nstages: { keyword: required, fast: off }\n");
  return { words: words.length, sha256: digestOf(text), file, libraries, policy };
}

/** Whether engines that search lines of JSON find a word in the same records as those that search their texts. */
function isSameInJson(word) {
  return !escaped.test(word) && !insideEscape.test(word) && !aroundTexts.some((part) => part.includes(word));
}

/** So many words at most, in the order of their digests: any list is cut to a fair share of each kind of its words. */
function chosen(words) {
  const byDigest = words
    .map((word) => ({ word, digest: digestOf(word) }))
    .toSorted((a, b) => order(a.digest, b.digest));
  return byDigest
    .slice(0, maxWords)
    .map(({ word }) => word)
    .toSorted();
}

function order(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

function digestOf(text) {
  return createHash("sha256").update(text).digest("hex");
}
