/** `corpusgate library build`, and the file that it writes in the place of a library: match, stats, scan. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { LibraryStats } from "../../src/api/check.ts";
import { Library } from "../../src/api/library.ts";
import { corpusgate, type Ended, newFolder, reportTextOf } from "./_command.ts";
import { writeFiles } from "./_files.ts";

const folder = newFolder();
const texts = [
  { id: 1, text: "有人走\u200b私香烟，mаlware n0te, m-a-l-w-a-r-e" },
  { id: 2, text: "打击走私。走私 & 香烟" },
  { id: 3, text: "走私香烟", options: { overlap: "all", within: 0 } },
  { id: 4, text: "<b>走</b>私", options: { markup: "html" } },
  { id: 5, text: "zousi, m*lware", options: { profile: "aggressive" } },
  { id: 6, text: "其它", keywords: ["其它"] },
];
writeFiles(folder, {
  "library.yaml": [
    "version: 2026-W47",
    "name: weekly",
    "entries:",
    "  - { id: smuggle-1, text: ' 走私 ', risks: [A1h, A3e], severity: block, allow: [打击走私] }",
    "  - { id: both-1, text: 走私&香烟~毒品, risks: [A1h], severity: review, combo: true }",
    "  - { id: word-1, text: malware, risks: [A1h], severity: info }",
    "lists:",
    "  - { file: words.txt, risks: [A3e], severity: review }",
    "options: { gap: narrow }",
    "",
  ].join("\n"),
  "words.txt": "# a list\n香烟\n走私\nransom note\n",
  "texts.jsonl": { lines: texts },
  "corpus.jsonl": { lines: texts.map(({ id, text }) => ({ id: String(id), text })) },
});
const run = (...args: string[]) => corpusgate(args, { cwd: folder });
const compiled = join(folder, "library.cglib");

let built: Ended;
let bytes: Buffer;

beforeAll(async () => {
  built = await run("library", "build", "library.yaml", "--out", "library.cglib");
  bytes = readFileSync(compiled);
});

describe("library build", () => {
  it("writes the file and tells what is in it", async () => {
    expect({ code: built.code, stderr: built.stderr }).toEqual({ code: 0, stderr: "" });
    const rows = built.stdout.trim().split("\n");
    expect(rows.map((row) => row.slice(0, 13).trim())).toEqual([
      "name",
      "digest",
      "entries",
      "routes",
      "patterns",
      "compiled in",
      "file",
      "file digest",
      "opens in",
    ]);
    expect(rows[0]).toBe("name         weekly, version 2026-W47");
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    const again = await run("library", "build", "library.yaml", "--out", "library.cglib", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ file: "library.cglib", bytes: bytes.length, entries: 6 });
    // The same library is the same file, byte for byte.
    expect(readFileSync(compiled).equals(bytes)).toBe(true);
  });

  it("gives a file with the figures of its source", async () => {
    const of = async (file: string) =>
      JSON.parse((await run("library", "stats", file, "--json")).stdout) as LibraryStats;
    const { file: _, compileMs, openMs: none, fileDigest: noDigest, ...source } = await of("library.yaml");
    const { file: __, compileMs: no, openMs, fileDigest, ...stats } = await of("library.cglib");
    expect(stats).toEqual(source);
    expect([typeof compileMs, none, noDigest]).toEqual(["number", null, null]);
    expect([no, typeof openMs]).toEqual([null, "number"]);
    expect(fileDigest).toMatch(/^[0-9a-f]{64}$/);
    expect((await run("library", "stats", "library.cglib")).stdout).toContain(
      `\nfile digest  ${fileDigest}\nopened in `,
    );
  });

  it("keeps entries, lints, version and digest as an embedder sees them", async () => {
    const [source, opened] = [await Library.load(join(folder, "library.yaml")), await Library.load(compiled)];
    for (const field of ["name", "version", "digest", "entries"] as const) expect(opened[field]).toEqual(source[field]);
    expect(opened.lint()).toEqual(source.lint());
    expect(opened.lint()).toHaveLength(1);
    const [text] = texts as [(typeof texts)[0]];
    const [matcher, expected] = [opened.compile(), source.compile()];
    expect(matcher.match(text.text)).toEqual(expected.match(text.text));
    expect(matcher.explain(text.text)).toEqual(expected.explain(text.text));
    expect(matcher.stats).toEqual(expected.stats);
  });

  it("matches as its source does, also where a line asks for other options", async () => {
    const of = (file: string) => run("match", "--library", file, "--cases", "texts.jsonl");
    const [source, opened] = [await of("library.yaml"), await of("library.cglib")];
    expect(opened).toEqual(source);
    expect(opened.code).toBe(0);
    const hits = opened.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { hits: unknown[] }).hits.length);
    expect(hits.every((count) => count > 0)).toBe(true);
    const explained = (file: string) => run("explain", "--library", file, "--cases", "texts.jsonl");
    expect(await explained("library.cglib")).toEqual(await explained("library.yaml"));
  });

  it("gives the report of its source, byte for byte", async () => {
    const scan = async (file: string) => {
      const out = join(folder, `run-${file}`);
      const args = ["corpus.jsonl", "--library", file, "--out", out, "--stages", "keyword", "--workers", "2"];
      const { code, stderr } = await run("scan", ...args);
      return { code, stderr, report: reportTextOf(out) };
    };
    const [source, opened] = [await scan("library.yaml"), await scan("library.cglib")];
    expect(opened).toEqual(source);
    const { digest } = await Library.load(compiled);
    expect(JSON.parse(opened.report ?? "{}")).toMatchObject({
      library: { name: "weekly", version: "2026-W47", digest },
    });
  });

  it("compiles with options in the place of the library's, which make it another library", async () => {
    const flags = [
      "--profile",
      "aggressive",
      "--no-word-boundary",
      "--gap",
      "wide",
      "--fuzzy",
      "1",
      "--pinyin-initials",
    ];
    const args = ["library.cglib", "--out", "other.cglib", "--markup", "html", "--noise", "~", ...flags];
    const { code, stdout } = await run("library", "build", ...args, "--json");
    expect(code).toBe(0);
    const other = JSON.parse(stdout) as { digest: string; routes: { name: string }[] };
    expect(other.routes.map(({ name }) => name)).toEqual(["automaton", "guess", "fuzzy"]);
    const source = await Library.load(compiled);
    expect(other.digest).not.toBe(source.digest);
    const yaml = readFileSync(join(folder, "library.yaml"), "utf8").replace(
      "{ gap: narrow }",
      "{ profile: aggressive, wordBoundary: false, gap: wide, fuzzy: 1, pinyinInitials: true, markup: html, noise: '~' }",
    );
    writeFileSync(join(folder, "other.yaml"), yaml);
    expect((await Library.load(join(folder, "other.yaml"))).digest).toBe(other.digest);
  });
});

describe("a wrong use", () => {
  it.each([
    [["library.yaml"], "required option '--out <file>' not specified"],
    [["none.yaml", "--out", "x.cglib"], "library file none.yaml does not exist"],
    [
      ["library.yaml", "--out", "words.txt"],
      "--out words.txt: is there, and is no compiled library: choose another name",
    ],
    [["library.yaml", "--out", "."], "--out .: is no file: choose another name"],
    [["library.yaml", "--out", "no/x.cglib"], "--out no/x.cglib: there is no folder no"],
    [["library.yaml", "--out", "x.cglib", "--fuzzy", "9"], "--fuzzy: 9: is not a whole number from 0 to 3"],
    [["library.yaml", "--out", "x.cglib", "--profile", "all"], "Allowed choices are standard, exact, aggressive"],
  ])("ends with 64: %j", async (args, message) => {
    const { code, stdout, stderr } = await run("library", "build", ...args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("is to check a compiled library", async () => {
    const { code, stderr } = await run("library", "check", "library.cglib");
    expect(code).toBe(64);
    expect(stderr).toBe(
      "corpusgate: library.cglib is a compiled library, without lines to point at: check its source\n",
    );
  });
});

describe("a file that is not as it was written", () => {
  const changed = (at: number, ...values: number[]) => {
    const copy = Buffer.from(bytes);
    copy.set(values, at < 0 ? copy.length + at : at);
    return copy;
  };
  it.each<[string, () => Buffer, RegExp]>([
    ["cut", () => bytes.subarray(0, bytes.length - 1), /\d+ bytes long; its header says \d+: the file was cut/],
    ["longer", () => Buffer.concat([bytes, Buffer.of(0)]), /\d+ bytes long; its header says \d+/],
    [
      "of another version",
      () => changed(16, 9),
      /format 9 of compiled libraries; this version reads \d+: build it again/,
    ],
    ["of other tables", () => changed(40, 0, 0, 0), /section header: damaged/],
    ["damaged in the table", () => changed(160, 0xff), /section header: damaged/],
    ["damaged at its end", () => changed(-1, 0xff), /section \S+: damaged: the digest of its bytes differs/],
  ])("is refused: %s", async (name, make, message) => {
    const file = `${name.replaceAll(" ", "-")}.cglib`;
    writeFileSync(join(folder, file), make());
    for (const args of [
      ["library", "stats", file],
      ["match", "--library", file],
      ["scan", "corpus.jsonl", "--library", file, "--out", "run-damaged"],
    ]) {
      const { code, stdout, stderr } = await run(...args);
      expect({ code, stdout }, args.join(" ")).toEqual({ code: 64, stdout: "" });
      expect(stderr).toMatch(new RegExp(`^corpusgate: (/.*/)?${file}: `));
      expect(stderr).toMatch(message);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
  });
});
