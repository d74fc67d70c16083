/** A first `corpus.yaml`, made by looking at the files: which are alike, what they are, and what they do not say. */
import { readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, relative, resolve, sep } from "node:path";
import { type FileSurvey, loadAddon } from "./addon/addon.ts";
import { quotedText, yamlText } from "./config/yaml.ts";
import { extensionOf, filesNamed, idOf } from "./corpus/files.ts";
import { type Encoding, unregistered } from "./corpus/register.ts";
import { messageOf, ScanError } from "./errors.ts";

/** What was written. */
export interface InitResult {
  readonly path: string;
  readonly sources: readonly { readonly id: string; readonly files: number }[];
  /** Files that are in no source, and why. */
  readonly unread: readonly { readonly path: string; readonly why: string }[];
}

/**
 * Writes a register of the files that paths stand for.
 *
 * @param out - the register; it must not exist
 * @throws ScanError `usage` when it exists or no file can be read, `environment` when it cannot be written
 */
export function initRegister(paths: readonly string[], out: string): InitResult {
  const path = resolve(out);
  const base = dirname(path);
  const unread: { path: string; why: string }[] = [];
  const looks: Look[] = [];
  for (const { absolutePath, why } of filesNamed(paths)) {
    const shown = portable(relative(base, absolutePath));
    const look = why ?? lookAt(absolutePath);
    if (typeof look === "string") unread.push({ path: shown, why: look });
    else looks.push(look);
  }
  if (looks.length === 0) {
    const why = unread.slice(0, 3).map(({ path, why }) => `${path}: ${why}`);
    throw new ScanError("usage", `no file can be read\n${why.join("\n")}`);
  }
  const sources = named(groupsOf(looks), base);
  const text = registerText(sources, unread, base);
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new ScanError("usage", `${out} exists, and is not overwritten; name another --out`, { cause: error });
    }
    throw new ScanError("environment", `${out} cannot be written: ${messageOf(error)}`, { cause: error });
  }
  return { path, sources: sources.map(({ id, looks }) => ({ id, files: looks.length })), unread };
}

/** Letters of the first records, by script. */
interface Letters {
  readonly han: number;
  readonly kana: number;
  readonly latin: number;
  readonly all: number;
}

/** What a look at a file shows. */
interface Look {
  readonly path: string;
  readonly folder: string;
  readonly format: string;
  readonly encoding: Encoding;
  readonly size: number;
  readonly text: string | null;
  readonly id: string | null;
  readonly columns: readonly string[];
  readonly letters: Letters;
  /** Why its rows cannot be read; null when they can. */
  readonly damage: string | null;
  /** How many of the first records cannot be read, if most of them. */
  readonly unread: string | null;
}

/** Looks at a file. Returns why it is in no source where it cannot be told what it is. */
function lookAt(path: string): Look | string {
  const survey = (encoding: Encoding) =>
    loadAddon().surveyFile(path, {
      ...{ format: null, encoding, validate: "full", textColumn: null, idColumn: null, sourceColumn: null },
    });
  const first = survey("utf-8");
  if (first.error !== null) return first.error.message.replace(`${path}: `, "");
  const found = { encoding: "utf-8" as Encoding, ...first };
  // Text that is not UTF-8 is Chinese of another age, or damage.
  if (mostlyUnread(first)) {
    const second = survey("gb18030");
    if (!mostlyUnread(second) && languageOf(lettersOf(second)) === "zh") {
      Object.assign(found, second, { encoding: "gb18030" });
    }
  }
  const unread = mostlyUnread(found) ? `${found.survey?.unread} of the first ${found.survey?.rows} records` : null;
  // A document that is no JSON lines has the same name.
  if (unread !== null && /^\.json(\.|$)/i.test(extensionOf(path)))
    return `it is not JSON lines: ${unread} cannot be read`;
  return {
    path,
    folder: dirname(path),
    format: found.format ?? "",
    encoding: found.encoding,
    size: found.size,
    text: found.columns.text,
    id: found.columns.id,
    columns: found.allColumns,
    letters: lettersOf(found),
    damage: found.damage?.message ?? null,
    unread,
  };
}

function mostlyUnread({ survey }: FileSurvey): boolean {
  return survey !== null && survey.unread * 2 > survey.rows;
}

function lettersOf({ survey }: FileSurvey): Letters {
  const { han, kana, latin, other } = survey ?? { han: 0, kana: 0, latin: 0, other: 0 };
  return { han, kana, latin, all: han + kana + latin + other };
}

/**
 * Chinese where three letters in ten are Han and hardly any kana or Hangul, English where eight in ten are Latin: a guess,
 * which the comment beside it says. An ideograph is a word and a letter is not, so a text of both is Chinese.
 */
function languageOf({ han, kana, latin, all }: Letters): "zh" | "en" | null {
  if (all === 0) return null;
  if (han >= all * 0.3 && kana * 10 < han) return "zh";
  return latin >= all * 0.8 ? "en" : null;
}

/** Files that are one source. */
interface Group {
  readonly looks: readonly Look[];
  /** What names the files, relative to their folder: one glob, or each file. */
  readonly patterns: readonly string[];
  /** What the names begin with, if that tells the files from others of the folder. */
  readonly stem: string;
  /** Whether all data files of the folder are in it. */
  readonly isFolder: boolean;
}

/** Most files that are named one by one to keep languages apart. */
const fewFiles = 8;

/** Files of one folder with one format and the same columns are one source. */
function groupsOf(looks: readonly Look[]): Group[] {
  const byFolder = groupBy(looks, ({ folder }) => folder);
  return [...byFolder.values()].flatMap((inFolder) => {
    const alike = groupBy(inFolder, kindOf);
    const groups = joinUnknown([...alike.values()]);
    const names = readdirSync(inFolder[0]?.folder ?? ".");
    return groups
      .flatMap((looks) => splitByLanguage(looks, names))
      .map((looks): Group => {
        const { patterns, stem } = patternsOf(looks, names);
        return { looks, patterns, stem, isFolder: looks.length === inFolder.length };
      });
  });
}

function kindOf({ format, encoding, columns, damage }: Look): string {
  // Of damaged and empty files nothing but the format is known.
  return JSON.stringify(
    damage !== null || columns.length === 0 ? [format] : [format, encoding, [...columns].toSorted()],
  );
}

/** Files of which nothing but the format is known go to the largest group of that format. */
function joinUnknown(groups: readonly Look[][]): Look[][] {
  const isKnown = ([first]: readonly Look[]) =>
    first !== undefined && first.damage === null && first.columns.length > 0;
  const known = groups.filter(isKnown).map((group) => [...group]);
  const left = groups.filter((group) => !isKnown(group));
  for (const group of left) {
    const ofFormat = known.filter(([first]) => first?.format === group[0]?.format);
    const largest = ofFormat.toSorted((a, b) => b.length - a.length)[0];
    if (largest === undefined) known.push([...group]);
    else largest.push(...group);
  }
  return known;
}

/** Chinese and English files apart, where their names tell them or they are few; else together. */
function splitByLanguage(looks: readonly Look[], names: readonly string[]): (readonly Look[])[] {
  const byLanguage = groupBy(looks, ({ letters }) => languageOf(letters));
  const known = [...byLanguage].filter(([language]) => language !== null).map(([, group]) => [...group]);
  if (known.length < 2) return [looks];
  const largest = known.toSorted((a, b) => b.length - a.length)[0];
  largest?.push(...(byLanguage.get(null) ?? []));
  const areShort = known.every((group) => patternsOf(group, names).patterns.length <= fewFiles);
  return areShort ? known : [looks];
}

/** One glob that stands for the files and for no other name of their folder, or the files themselves. */
function patternsOf(looks: readonly Look[], names: readonly string[]): { patterns: string[]; stem: string } {
  const own = looks.map(({ path }) => basename(path));
  const [first = ""] = own;
  const extension = extensionOf(first);
  const stem = stemOf(own.map((name) => name.slice(0, name.length - extensionOf(name).length)));
  if (own.length === 1) return { patterns: own, stem };
  for (const start of ["", stem]) {
    const matched = names.filter(
      (name) =>
        name.startsWith(start) && name.endsWith(extension) && !name.startsWith(".") && name.length > start.length,
    );
    const isExact =
      matched.length === own.length && own.every((name) => name.endsWith(extension) && name.startsWith(start));
    // Other signs mean something in a glob.
    if (isExact && /^[\p{L}\p{N} _.-]*$/u.test(start + extension)) return { patterns: [`${start}*${extension}`], stem };
  }
  return { patterns: own, stem };
}

/** What names begin with in common, up to their numbers. */
function stemOf(names: readonly string[]): string {
  const [first = "", ...others] = names;
  let length = first.length;
  for (const name of others) while (!name.startsWith(first.slice(0, length))) length--;
  return others.length === 0 ? first : first.slice(0, length).replace(/\d+$/, "");
}

/** A source of the register. */
interface NamedSource extends Group {
  readonly id: string;
}

function named(groups: readonly Group[], base: string): NamedSource[] {
  const used = new Set([unregistered]);
  return groups.map((group) => {
    const [first] = group.looks;
    const folder = first?.folder ?? base;
    const stem = group.stem.replace(/[-_. ]+$/, "");
    const path = portable(relative(base, folder)).replace(/^(\.\.\/)+/, "");
    const kind = [first?.format, languageOf(sumOf(group.looks))].filter((part) => part).join("-");
    const wanted = [
      ...(group.isFolder && group.looks.length > 1 ? [basename(folder)] : []),
      ...(stem === "" ? [] : [stem, `${path}/${stem}`]),
      `${basename(folder)}-${kind}`,
      `${path}/${kind}`,
    ];
    const ids = wanted.map(idOf).filter((id) => id !== "");
    let id = ids.find((one) => !used.has(one));
    for (let number = 2; id === undefined; number++) {
      const next = `${idOf(`${ids[0] ?? "source"}`).slice(0, 120)}-${number}`;
      if (!used.has(next)) id = next;
    }
    used.add(id);
    return { ...group, id };
  });
}

function sumOf(looks: readonly Look[]): Letters {
  const sum = { han: 0, kana: 0, latin: 0, all: 0 };
  for (const { letters } of looks) for (const key of ["han", "kana", "latin", "all"] as const) sum[key] += letters[key];
  return sum;
}

/** Files that one comment names. */
const namedFiles = 20;

function registerText(sources: readonly NamedSource[], unread: InitResult["unread"], base: string): string {
  const lines = [
    "# A first register, made by corpusgate init from what the files show. Fill in what they do not: the lines that begin",
    "# with # and a field. corpusgate scan --dry-run shows what would be scanned.",
    "version: 1",
    "phase: post  # pre: before collection, a sample; post: the raw data; final: what is handed to training",
    "# library: library.yaml",
    "# policy: policy.yaml",
    "sources:",
    ...sources.flatMap((source) => sourceLines(source, base)),
  ];
  if (unread.length > 0) {
    lines.push("# In no source, because they cannot be read:");
    for (const { path, why } of unread.slice(0, namedFiles)) lines.push(`#   ${quotedText(path)}: ${inComment(why)}`);
    if (unread.length > namedFiles) lines.push(`#   and ${unread.length - namedFiles} more`);
  }
  return `${lines.join("\n")}\n`;
}

function sourceLines({ id, looks, patterns }: NamedSource, base: string): string[] {
  const [first] = looks;
  if (first === undefined) return [];
  const folder = portable(relative(base, first.folder));
  const files = patterns.map((pattern) => yamlText(folder === "" ? pattern : `${folder}/${pattern}`));
  const bytes = looks.reduce((sum, { size }) => sum + size, 0);
  const count = looks.length === 1 ? "1 file" : `${looks.length} files`;
  // What is known of the columns, from a file that shows them.
  const { text, id: idColumn, columns, encoding } = looks.find(({ columns }) => columns.length > 0) ?? first;
  const chosen = [
    ...(text === null ? [] : [`text: ${yamlText(text)}`]),
    ...(idColumn === null ? [] : [`id: ${yamlText(idColumn)}`]),
  ];
  const others = columns.filter((name) => name !== text && name !== idColumn).map(quotedText);
  const faults = looks.flatMap(({ path, damage, unread }) => {
    const name = quotedText(basename(path));
    if (damage !== null) return [`    # damaged: ${name}: ${inComment(damage)}`];
    return unread === null ? [] : [`    # hardly readable: ${name}: ${unread} cannot be read`];
  });
  return [
    `  - id: ${yamlText(id)}`,
    "    # kind: open-data-set  # or website, own, bought, user",
    ...languageLines(looks),
    "    # domestic: true  # whether the source is Chinese",
    "    # licence: CC-BY-4.0",
    files.length === 1
      ? `    files: [${files[0]}]  # ${count}, ${bytes} bytes`
      : `    files:  # ${count}, ${bytes} bytes`,
    ...(files.length === 1 ? [] : files.map((file) => `      - ${file}`)),
    `    format: ${first.format}`,
    ...(encoding === "utf-8" ? [] : [`    encoding: ${encoding}  # guessed: most records are not UTF-8`]),
    ...(chosen.length === 0 ? [] : [`    columns: { ${chosen.join(", ")} }`]),
    ...(text === null ? [`    # columns: { text: … }  # which one holds the text cannot be told`] : []),
    ...(others.length === 0 ? [] : [`    # other columns: ${others.slice(0, namedFiles).join(", ")}`]),
    ...faults.slice(0, namedFiles),
    ...(faults.length > namedFiles ? [`    # and ${faults.length - namedFiles} more such files`] : []),
  ];
}

function languageLines(looks: readonly Look[]): string[] {
  const letters = sumOf(looks);
  const language = languageOf(letters);
  if (language === null) return ["    # language: zh  # cannot be told from the first records"];
  const percent = Math.round(((language === "zh" ? letters.han : letters.latin) / letters.all) * 100);
  const script = language === "zh" ? "Han" : "Latin";
  const differing = looks.filter(({ letters }) => letters.all > 0 && languageOf(letters) !== language).length;
  const more = differing === 0 ? "" : `; ${differing} of ${looks.length} files look otherwise`;
  return [`    language: ${language}  # guessed: ${percent} % of the letters are ${script}${more}`];
}

function groupBy<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}

/** A message in one line. */
function inComment(text: string): string {
  return quotedText(text).slice(1, -1).replaceAll('\\"', '"');
}

function portable(path: string): string {
  return sep === "/" ? path : path.split(sep).join("/");
}
