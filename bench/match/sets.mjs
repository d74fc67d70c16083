/** The sets of a run: which words are looked for in which text. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Files to take everything from; or, with `other`, half from these and half from the others.
 *
 * @typedef {{ files: string[], other?: string[] }} Halves
 */

/**
 * @typedef {object} MatchSet
 * @property {string} name
 * @property {Halves} words
 * @property {Halves} text
 * @property {string} [note] what a reader of its figures must know
 */

const examples = fileURLToPath(new URL("../../examples", import.meta.url));
const shard = /\.(jsonl|jsonl\.gz|jsonl\.zst|parquet|arrow|txt)$/;

/**
 * All sets that were asked for.
 *
 * @param {{ keywords?: string, corpora?: string, words: string[], text: string[], sets: string[] }} options
 * @returns {MatchSet[]}
 */
export function listSets({ keywords, corpora, words, text, sets }) {
  if ((keywords === undefined) !== (corpora === undefined)) {
    throw new Error("--keywords and --corpora go together: words of a language need text of it");
  }
  const all = keywords === undefined ? [ownSet(words, text)] : languageSets(keywords, corpora);
  if (keywords !== undefined && words.length + text.length > 0) {
    throw new Error("--words and --text make a set of their own, --keywords and --corpora make sets by name; choose");
  }
  const chosen = all.filter(({ name }) => sets.length === 0 || sets.some((set) => name.startsWith(set)));
  if (chosen.length === 0) {
    throw new Error(`--sets ${sets.join(",")}: no such set; there are ${all.map(({ name }) => name).join(", ")}`);
  }
  return chosen;
}

/** The user's files; what is not given comes from the examples. */
function ownSet(words, text) {
  const example = words.length + text.length === 0;
  const textFiles = text.length > 0 ? text : filesOf(join(examples, "corpus"), shard);
  const wordFiles = words.length > 0 ? words : filesOf(join(examples, "library/lists"), /\.txt$/);
  const set = { name: example ? "example" : "own", words: { files: wordFiles }, text: { files: textFiles } };
  const note = "the small corpus of examples/ over and over, and the starter library: figures of another text differ";
  return example ? { ...set, note } : set;
}

/** Sets by language, kind and size; `mix` is half of either language, words and text. */
function languageSets(keywords, corpora) {
  const texts = (language) => {
    const files = filesOf(corpora, shard).filter((path) =>
      path
        .slice(corpora.length)
        .match(/[^/]+$/)[0]
        .startsWith(`${language}-`),
    );
    if (files.length === 0) throw new Error(`--corpora ${corpora}: no file ${language}-*`);
    return files;
  };
  const lists = new Map();
  for (const path of filesOf(keywords, /\.txt(\.gz)?$/)) {
    const [, language, kind, size] = /([a-z]+)_([a-z]+)_(\d+k)\.txt(?:\.gz)?$/.exec(path) ?? [];
    if (language === "zh" || language === "en") lists.set(`${language}-${kind}-${size}`, path);
  }
  if (lists.size === 0) throw new Error(`--keywords ${keywords}: no file such as zh_rare_10k.txt`);
  const sets = [];
  for (const [name, path] of lists) {
    const [language, kind, size] = name.split("-");
    sets.push({ name, words: { files: [path] }, text: { files: texts(language) } });
    const other = lists.get(`en-${kind}-${size}`);
    if (language === "zh" && other !== undefined) {
      sets.push({
        name: `mix-${kind}-${size}`,
        words: { files: [path], other: [other] },
        text: { files: texts("zh"), other: texts("en") },
      });
    }
  }
  return sets.toSorted((a, b) => rank(a.name) - rank(b.name));
}

/** Rare before frequent, small before large, then zh, en, mix: the order of a table. */
function rank(name) {
  const [language, kind, size] = name.split("-");
  return (kind === "freq" ? 1e6 : 0) + Number(size.slice(0, -1)) * 10 + ["zh", "en", "mix"].indexOf(language);
}

function filesOf(folder, pattern) {
  const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return inside
    .map((entry) => join(folder, entry.name))
    .filter((path) => pattern.test(path))
    .toSorted();
}
