/** `corpusgate explain` and `corpusgate library`: what they print, and how they end. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { corpusgate, fromRoot, newFolder } from "./_command.ts";
import { writeFiles } from "./_files.ts";

const folder = newFolder();
writeFiles(folder, {
  "library.yaml": [
    "version: 1",
    "name: test",
    "entries:",
    "  - { id: smuggle-1, text: 走私, risks: [A1h], severity: block, hit: [他走 私], miss: [走。私] }",
    "  - { id: both-1, text: 走私&香烟~打击, risks: [A1h], severity: review, combo: true }",
    "  - { id: word-1, text: malware, risks: [A1h], severity: info }",
    "",
  ].join("\n"),
  "bad.yaml": [
    "version: 1",
    "name: bad",
    "entries:",
    "  - { id: a, text: 走私, risks: [A1h], severity: block, hit: [走人] }",
    "  - { id: a, text: 走, risks: [A1h], severity: loud }",
    "",
  ].join("\n"),
});
const run = (args: string[], input = "") => corpusgate(args, { cwd: folder, input });

describe("explain", () => {
  it("tells the steps, the hits and the misses in words", async () => {
    const lines = [
      { id: 1, text: "走\u200b私 ＭＡＬｗａｒｅ, 打击香烟" },
      { id: "two", text: "他走。私了" },
      { id: 3, text: "antimalware", keywords: ["malware"], options: { overlap: "all" } },
    ];
    const input = lines.map((line) => JSON.stringify(line)).join("\n");
    const { code, stdout, stderr } = await run(["explain", "--library", "library.yaml"], input);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(readFileSync(new URL("../data/flow/explain.txt", import.meta.url), "utf8"));
  });

  it("writes one object a line with --json", async () => {
    const input = '{"id":7,"text":"走人"}\n{"id":8}\n';
    const args = ["explain", "--library", "library.yaml", "--json", "--entry", "smuggle-1"];
    const { code, stdout } = await run(args, input);
    expect(code).toBe(2);
    const [first, second] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(first).toEqual({
      id: 7,
      steps: [],
      normal: "走人",
      readings: [],
      entries: [
        {
          entry: "smuggle-1",
          keyword: "走私",
          hits: [],
          misses: [{ found: 1, of: 2, start: 0, end: 1, why: { code: "other", at: 1, there: "人", wanted: "私" } }],
          would: [],
          words: ['1 of 2 characters at 0..1, then "人" stands at 1 where "私" is wanted'],
        },
      ],
    });
    expect(second).toMatchObject({ id: 8, error: expect.stringMatching(/^text: /) as string });
  });

  it.each([
    [["--library", "none.yaml"], "none.yaml does not exist"],
    [["--library", "library.yaml", "--entry", "none"], "--entry none: the library has no such entry"],
    [["--cases", "none.jsonl"], "--cases none.jsonl: ENOENT"],
  ])("%j ends with 64", async (args, says) => {
    const { code, stdout, stderr } = await run(["explain", ...args]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(says);
  });

  it("agrees with match on every evasion case: a hit has its characters, a miss its reason", async () => {
    const data = new URL("../data/evasion/", import.meta.url);
    const files = readdirSync(data).filter((name) => name.endsWith(".jsonl"));
    const input = files.map((name) => readFileSync(new URL(name, data), "utf8").trim()).join("\n");
    const [matched, explained] = await Promise.all([run(["match"], input), run(["explain", "--json"], input)]);
    expect({ code: explained.code, stderr: explained.stderr }).toEqual({ code: 0, stderr: "" });
    interface Spanned {
      readonly start: number;
      readonly end: number;
      readonly level: string;
    }
    interface Entry {
      readonly entry: string;
      readonly hits: (Spanned & { characters: { start: number; end: number; to: string }[]; parts: Spanned[] })[];
      readonly misses: object[];
      readonly words: string[];
    }
    const objects = <T>(stdout: string) =>
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as T);
    const reported = objects<{ id: string; hits: (Spanned & { entry: string })[] }>(matched.stdout);
    const told = objects<{ id: string; entries: Entry[] }>(explained.stdout);
    expect(told).toHaveLength(reported.length);
    const span = ({ start, end, level }: Spanned) => `${start}..${end} ${level}`;
    const wrong: unknown[] = [];
    told.forEach(({ id, entries }, at) => {
      for (const { entry, hits, misses, words } of entries) {
        const own = (reported[at]?.hits ?? []).filter((hit) => hit.entry === entry);
        const isSame = JSON.stringify(hits.map(span)) === JSON.stringify(own.map(span));
        const isTold = hits.length > 0 ? misses.length === 0 : misses.length > 0 && words.every((word) => word !== "");
        const areCovered = hits.every(({ start, end, characters, parts }) => {
          const pieces = parts.length > 0 ? parts : characters;
          const [first, last] = [
            Math.min(...pieces.map((one) => one.start)),
            Math.max(...pieces.map((one) => one.end)),
          ];
          return pieces.length > 0 && first === start && last === end;
        });
        if (!(isSame && isTold && areCovered)) wrong.push({ id, entry, hits, own, misses });
      }
    });
    expect(wrong).toEqual([]);
  });
});

describe("library check", () => {
  it("ends with 0 when nothing is wrong", async () => {
    expect(await run(["library", "check", "library.yaml"])).toEqual({
      ...{ code: 0, signal: null, stderr: "" },
      stdout: "library.yaml: 3 entries, 0 errors, 0 lints\n",
    });
  });

  it("tells errors with their place, and ends with 64", async () => {
    const { code, stdout, stderr } = await run(["library", "check", "bad.yaml"]);
    expect({ code, stderr }).toEqual({ code: 64, stderr: "" });
    expect(stdout.trim().split("\n")).toEqual([
      'bad.yaml:4: error: hit: a: is not found in "走人": 1 of 2 characters at 0..1, then "人" stands at 1 where "私" is wanted',
      'bad.yaml:5: error: invalid: a: entries[1].severity: "loud": Invalid option: expected one of "info"|"review"|"block"',
      "bad.yaml: 1 entry, 2 errors, 0 lints",
    ]);
    const json = await run(["library", "check", "--json", "bad.yaml"]);
    expect(json.code).toBe(64);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ...{ file: "bad.yaml", entries: 1, errors: 2, lints: 0 },
      findings: [
        { severity: "error", code: "hit", file: "bad.yaml", line: 4, entry: "a" },
        { severity: "error", code: "invalid", file: "bad.yaml", line: 5, entry: "a" },
      ],
    });
  });

  it("finds no error in the library of the examples", async () => {
    const { code, stdout } = await run(["library", "check", fromRoot("examples/library/library.yaml")]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/library\.yaml: [1-9]\d* entries, 0 errors, \d+ lints?\n$/);
  });
});

describe("library stats", () => {
  it("tells the figures", async () => {
    const { code, stdout } = await run(["library", "stats", "library.yaml"]);
    expect(code).toBe(0);
    expect(stdout).toContain("entries      3, of which 3 distinct in normal form\n");
    expect(stdout).toContain("severities   info 1, review 1, block 1\n");
    const json = await run(["library", "stats", "--json", "library.yaml"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ entries: 3, distinct: 3, combinations: 1, patterns: 4 });
  });

  it.each([
    [["library", "stats", "none.yaml"], "none.yaml does not exist"],
    [["library", "check", "none.yaml"], "none.yaml does not exist"],
    [["library", "stats", "bad.yaml"], "bad.yaml:5:"],
    [["library", "check"], "missing required argument 'file'"],
    [["library", "bogus"], "unknown command 'bogus'"],
  ])("%j ends with 64", async (args, says) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(says);
  });
});
