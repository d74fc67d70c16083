/** Library files: what is read, what is counted, what names the library. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { examineLibrary, loadLibrary } from "../../src/config/library-file.ts";

const folder = mkdtempSync(join(tmpdir(), "corpusgate-library-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, "l.yaml");
const head = "version: 1\nname: l\n";
const load = (text: string) => {
  writeFileSync(path, `${head}${text}`);
  return loadLibrary(path);
};
const entry = (rest: string) => `entries:\n  - { id: a, risks: [A1h], severity: block, ${rest} }\n`;

describe("loadLibrary", () => {
  it("reads combinations, allow words and options", () => {
    const { entries, options } = load(
      `${entry("text: 走私&香烟, combo: true, allow: [x]")}options: { markup: null, within: 5 }\n`,
    );
    expect(entries).toEqual([
      { id: "a", text: "走私&香烟", risks: ["A1h"], severity: "block", allow: ["x"], combo: true },
    ]);
    expect(options).toMatchObject({ markup: "none", within: 5, profile: "standard", gap: "narrow" });
  });

  it("names a library by what it matches, not by the sentences that prove it", () => {
    const plain = load(entry("text: 走私")).digest;
    expect(load(entry("text: 走私, hit: [走私], miss: [走]")).digest).toBe(plain);
    expect(load(`# a comment\n${entry("text: '走私'")}options: { gap: narrow }\n`).digest).toBe(plain);
    expect(load(entry("text: 走私, combo: true")).digest).not.toBe(plain);
    expect(load(`${entry("text: 走私")}options: { gap: wide }\n`).digest).not.toBe(plain);
  });

  it("counts keywords that differ in normal form, and tells those that do not", () => {
    const words = join(folder, "w.txt");
    writeFileSync(words, "走私\n葉子\n叶子\nMalware\nｍａｌｗａｒｅ\n走-私\n");
    const { distinct, lints } = load("lists: [{ file: w.txt, risks: [A1h], severity: info }]\n");
    expect(distinct).toBe(4);
    expect(lints).toEqual([
      { place: "w:3", message: "has the same text as w:2" },
      { place: "w:5", message: "has the same text as w:4" },
    ]);
  });

  it.each([
    ["options: { fuzzy: 9 }", /l\.yaml:3:19: options\.fuzzy: 9: is not a whole number from 0 to 3$/],
    ["options: { markup: xml }", /l\.yaml:3:20: options\.markup: "xml": is not one of none, html, markdown$/],
    [entry("text: ''"), /l\.yaml:4:\d+: entries\.?\[0\]\.text: "": is empty$/],
    [
      `${entry("text: a")}  - { id: a, text: b, risks: [A1h], severity: block }`,
      /entry id "a" is used twice \(1 such ids\)$/,
    ],
  ])("refuses %j in words", (text, message) => {
    expect(() => load(text)).toThrow(message);
  });
});

describe("examineLibrary", () => {
  it("keeps what can be read and says where everything stands", () => {
    writeFileSync(join(folder, "w.txt"), "走私\n\u200b\n");
    writeFileSync(
      path,
      `${head}entries:\n  - id: a\n    text: 走私\n    risks: [A1h]\n    severity: block\n    miss: [走]\n  - 5\nlists:\n  - { file: w.txt, risks: [A1h], severity: info }\n  - { file: w.txt }\noptions:\n  allow: [x]\n`,
    );
    const { entries, options, allowLines, faults } = examineLibrary(path);
    expect(entries.map(({ entry, file, line, miss }) => [entry.id, file, line, miss])).toEqual([
      ["a", path, 4, ["走"]],
      ["w:1", join(folder, "w.txt"), 1, []],
    ]);
    expect([options.allow, allowLines]).toEqual([["x"], [14]]);
    expect(faults.map(({ file, line, entry }) => [file, line, entry])).toEqual([
      [path, 9, null],
      [path, 12, null],
      [path, 12, null],
      [join(folder, "w.txt"), 2, null],
    ]);
  });

  it.each(["[]", "5", "''", "entries: 5\nlists: {a: 1}\noptions: 7"])("survives %j", (text) => {
    writeFileSync(path, text);
    const { entries, faults } = examineLibrary(path);
    expect(entries).toEqual([]);
    expect(faults.length).toBeGreaterThan(0);
  });
});
