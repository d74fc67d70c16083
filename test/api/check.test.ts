/** What `library check` finds, each with its line; and the figures of a library. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkLibrary, statsOfLibrary } from "../../src/api/check.ts";
import { folderWith } from "./_library.ts";

/** Findings as `file:line code entry: message`, of a library with these lines below its two first. */
function findings(lines: readonly string[], files: Readonly<Record<string, string>> = {}): string[] {
  const folder = folderWith({ "l.yaml": ["version: 1", "name: l", ...lines, ""].join("\n"), ...files });
  const { findings: found } = checkLibrary(join(folder, "l.yaml"));
  return found.map(({ severity, code, file, line, entry, message }) => {
    expect(severity).toBe(
      ["invalid", "repeated-id", "empty", "combo", "hit", "miss"].includes(code) ? "error" : "lint",
    );
    return `${file.slice(folder.length + 1)}:${line} ${code} ${entry}: ${message.replaceAll(`${folder}/`, "")}`;
  });
}

const entry = (id: string, rest: string) => `  - { id: ${id}, risks: [A1h], severity: block, ${rest} }`;
const entriesOf = (...entries: string[]) => ["entries:", ...entries];

describe("checkLibrary", () => {
  it("finds nothing in a sound library", () => {
    const rest = 'text: 走私, allow: [走私罪], hit: ["有人走 私"], miss: ["走。私", "走私罪"]';
    expect(findings(entriesOf(entry("a", rest), entry("b", "text: 'c++'"), entry("c", "text: R&D")))).toEqual([]);
    expect(findings([])).toEqual([]);
  });

  it.each<[string, string[], string[]]>([
    [
      "an id that is used twice",
      [entry("a", "text: 走私"), entry("a", "text: 枪支")],
      ["l.yaml:5 repeated-id a: the id is used before, at l.yaml:4"],
    ],
    [
      "one keyword in two forms",
      [
        entry("a", "text: 葉子"),
        entry("b", "text: ' 叶\u200b子'"),
        entry("c", "text: ｍａｌware"),
        entry("d", "text: Malware"),
      ],
      [
        "l.yaml:5 duplicate b: has the same keyword as a (l.yaml:4)",
        "l.yaml:7 duplicate d: has the same keyword as c (l.yaml:6)",
      ],
    ],
    [
      "one combination in two orders",
      [entry("a", "text: 走私&香烟, combo: true"), entry("b", "text: 香煙 & 走私, combo: true")],
      ["l.yaml:5 duplicate b: has the same keyword as a (l.yaml:4)"],
    ],
    [
      "keywords that say little",
      [entry("a", "text: 走"), entry("b", "text: us"), entry("c", "text: ok!"), entry("d", "text: abc")],
      [
        "l.yaml:4 single-character a: one character: it is found in every word that has it",
        "l.yaml:5 short-word b: a word of 2 letters is many things",
      ],
    ],
    [
      "an allow word that is the keyword, and one that does not hold it",
      [entry("a", "text: 走私, allow: [走 私, 香烟, 走私罪]")],
      ['l.yaml:4 idle-allow a: is not found in its allow word "香烟", which excuses nothing'],
    ],
    [
      "an allow word that always covers its keyword",
      [entry("a", "text: 走私, allow: [走私]")],
      ['l.yaml:4 excused a: is never reported: its own allow word "走私" covers every hit of it'],
    ],
    [
      "expressions that are none",
      [entry("a", "text: 走私&, combo: true"), entry("b", 'text: "走私&\u200b", combo: true')],
      ['l.yaml:4 combo a: a part of "走私&" is empty', "l.yaml:5 combo b: has no text"],
    ],
    [
      "parts that cannot be, or need not",
      [
        entry("a", "text: 走私香烟~走私, combo: true"),
        entry("b", "text: 走私&走私香烟, combo: true"),
        entry("c", "text: 香烟&香煙, combo: true"),
      ],
      [
        'l.yaml:4 unreachable-part a: is never found: "走私香烟" must be there, and shows "走私", which must not',
        'l.yaml:5 redundant-part b: "走私" is found wherever "走私香烟" is',
        'l.yaml:6 redundant-part c: "香煙" is found wherever "香烟" is',
        'l.yaml:6 redundant-part c: "香烟" is found wherever "香煙" is',
      ],
    ],
    [
      "an expression that is taken for a keyword",
      [entry("a", "text: 走私&香烟")],
      ["l.yaml:4 not-combo a: is matched as it is written; with combo: true it is a combination"],
    ],
    [
      "sentences that prove the contrary, with the reason and what would help",
      [entry("a", 'text: 走私, hit: ["他走。私", "走私"], miss: ["有人走 私"]')],
      [
        'l.yaml:4 hit a: is not found in "他走。私": 1 of 2 characters at 1..2, then the clause mark "。" stands between, at 2; it would be with gap: wide',
        'l.yaml:4 miss a: is found in "有人走 私" at 2..5, as "走 私" (spaced)',
      ],
    ],
  ])("finds %s", (_, entries, expected) => {
    expect(findings(entriesOf(...entries))).toEqual(expected);
  });

  it("goes on behind fields that are wrong, and names their entries", () => {
    const lines = entriesOf(entry("a", "text: 走私, colour: red"), entry("b", "text: ''"), entry("c", "text: 走"));
    const found = findings([...lines, "options: { fuzzy: 9 }"]);
    expect(found).toEqual([
      'l.yaml:4 invalid a: entries[0]: Unrecognized key: "colour"',
      'l.yaml:5 invalid b: entries[1].text: "": is empty',
      "l.yaml:6 single-character c: one character: it is found in every word that has it",
      "l.yaml:7 invalid null: options.fuzzy: 9: is not a whole number from 0 to 3",
    ]);
  });

  it("looks into word lists, line by line", () => {
    const lists = [
      "lists:",
      "  - { file: words.txt, risks: [A1f], severity: info }",
      "  - { file: none.txt, risks: [A1f], severity: info }",
    ];
    const words = `走私\n\n# fine\n\u200b\n走 私\n走私\n`;
    expect(findings([...entriesOf(entry("a", "text: 走私")), ...lists], { "words.txt": words })).toEqual([
      "l.yaml:7 invalid null: word list file none.txt does not exist",
      "words.txt:1 duplicate words:1: has the same keyword as a (l.yaml:4)",
      "words.txt:4 invalid null: holds nothing visible",
      "words.txt:6 duplicate words:6: has the same keyword as a (l.yaml:4)",
    ]);
  });

  it("finds allow words of the options that do nothing or too much", () => {
    const options = ["options:", "  allow:", "    - 走私", "    - 码头"];
    expect(findings([...entriesOf(entry("a", "text: 走私")), ...options])).toEqual([
      'l.yaml:4 excused a: is never reported: the allow word "走私" of the options covers every hit of it',
      'l.yaml:8 idle-allow null: no entry is found in the allow word "码头": it excuses nothing',
    ]);
  });

  it("says where YAML breaks off, and refuses what is no file", () => {
    const [broken, ...more] = findings(["entries: [ {"]);
    expect(broken).toMatch(/^l\.yaml:4 invalid null: not valid YAML: /);
    expect(more).toEqual([]);
    expect(() => checkLibrary("none.yaml")).toThrow("library file none.yaml does not exist");
  });
});

describe("statsOfLibrary", () => {
  it("counts", () => {
    const folder = folderWith({
      "l.yaml": [
        "version: 3",
        "name: l",
        ...entriesOf(
          entry("a", "text: 走私香烟"),
          entry("b", "text: 走私香煙"),
          "  - { id: c, text: 走私&香烟, risks: [A1h, A2a], severity: review, combo: true, allow: [走私犯] }",
        ),
        "lists:",
        "  - { file: w.txt, risks: [A1f], severity: info }",
        "",
      ].join("\n"),
      "w.txt": "ransom\n",
    });
    const { file, digest, heapBytes, compileMs, openMs, fileDigest, routes, ...counted } = statsOfLibrary(
      join(folder, "l.yaml"),
    );
    expect(counted).toEqual({
      ...{ name: "l", version: "3", entries: 4, distinct: 3, combinations: 1 },
      bySeverity: { info: 1, review: 1, block: 2 },
      byRisk: { A1f: 1, A1h: 3, A2a: 1 },
      lengths: { least: 4, median: 5, most: 6 },
      // 走私香烟, 走私, 香烟, 走私犯, ransom.
      patterns: 5,
    });
    expect(file).toBe(join(folder, "l.yaml"));
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(heapBytes).toBeGreaterThan(0);
    expect(compileMs).toBeGreaterThanOrEqual(0);
    expect([openMs, fileDigest]).toEqual([null, null]);
    expect(routes.map(({ name, patterns }) => [name, patterns])).toEqual([
      ["ideographs", 4],
      ["words", 1],
    ]);
  });
});
