/** `corpusgate match`: the cases of test/data/flow/match-cases.jsonl through the command, and lines that are bad. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { corpusgate, newFolder, startCorpusgate } from "./_command.ts";
import { writeFiles } from "./_files.ts";

interface Case {
  id: string | number;
  text: string;
  keywords: string[];
  offsets?: string;
  options?: object;
  /** Keyword, start, end, matched, level. */
  expect: [string, number, number, string, string][];
}

interface Answer {
  id: unknown;
  hits?: { entry: string; keyword: string; start: number; end: number; matched: string; level: string }[];
  error?: string;
}

const cases = readFileSync(new URL("../data/flow/match-cases.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case);

const answers = (stdout: string) =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);

const folder = newFolder();
writeFiles(folder, {
  "library.yaml": {
    yaml: {
      version: 1,
      name: "test",
      entries: [
        { id: "smuggle-1", text: "走私", risks: ["A1h"], severity: "block" },
        { id: "gun-1", text: "枪支", risks: ["A1h"], severity: "review", allow: ["枪支管理法"] },
      ],
      lists: [{ file: "words.txt", risks: ["A1f"], severity: "info" }],
      options: { overlap: "all" },
    },
  },
  "words.txt": "# words\n\n走私香烟\n",
});

describe("cases", () => {
  it.each(["codepoint", "utf16", "byte"])("find what they expect, in units of %s", async (unit) => {
    const chosen = cases.filter(({ offsets }) => (offsets ?? "codepoint") === unit);
    expect(chosen.length).toBeGreaterThan(0);
    const path = join(folder, `${unit}.jsonl`);
    writeFileSync(path, chosen.map((one) => `${JSON.stringify(one)}\n`).join(""));
    const { code, stdout, stderr } = await corpusgate(["match", "--cases", path, "--offsets", unit]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const got = answers(stdout).map(({ id, hits }) => ({
      id,
      expect: hits?.map((hit) => [hit.keyword, hit.start, hit.end, hit.matched, hit.level]),
    }));
    expect(got).toEqual(chosen.map(({ id, expect }) => ({ id, expect })));
    for (const { hits } of answers(stdout)) for (const hit of hits ?? []) expect(hit.entry).toBe(hit.keyword);
  });

  it("name positions that cut the matched text out of the text", async () => {
    const cut: Record<string, (text: string, start: number, end: number) => string> = {
      codepoint: (text, start, end) => [...text].slice(start, end).join(""),
      utf16: (text, start, end) => text.slice(start, end),
      byte: (text, start, end) => Buffer.from(text).subarray(start, end).toString(),
    };
    const input = cases.map((one) => JSON.stringify(one)).join("\n");
    for (const [unit, slice] of Object.entries(cut)) {
      const { stdout } = await corpusgate(["match", "--offsets", unit], { input });
      answers(stdout).forEach(({ hits }, at) => {
        const { text, expect: expected } = cases[at] as Case;
        expect(hits).toHaveLength(expected.length);
        for (const hit of hits ?? []) expect(slice(text, hit.start, hit.end)).toBe(hit.matched);
      });
    }
  });
});

describe("evasion cases", () => {
  const files = readdirSync(new URL("../data/evasion/", import.meta.url)).filter((name) => name.endsWith(".jsonl"));

  it("give what they expect and nothing else, whole and in pieces", async () => {
    expect(files.length).toBeGreaterThan(0);
    const lines = files.flatMap((name) =>
      readFileSync(new URL(`../data/evasion/${name}`, import.meta.url), "utf8")
        .trim()
        .split("\n"),
    );
    const path = join(folder, "evasion.jsonl");
    writeFileSync(path, `${lines.join("\n")}\n`);
    const { code, stdout, stderr } = await corpusgate(["match", "--cases", path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const shown = ({
      keyword,
      start,
      end,
      matched,
    }: {
      keyword: string;
      start: number;
      end: number;
      matched: string;
    }) => `${keyword} ${start}..${end} ${matched}`;
    const got = answers(stdout).map(({ id, hits }) => ({ id, hits: hits?.map(shown) }));
    const expected = lines.map((line) => {
      const { id, expect = [] } = JSON.parse(line) as { id: string; expect?: Parameters<typeof shown>[0][] };
      return { id, hits: expect.map(shown) };
    });
    expect(got.filter((one, at) => JSON.stringify(one) !== JSON.stringify(expected[at]))).toEqual([]);
    expect(got).toHaveLength(expected.length);
  });
});

describe("a library", () => {
  it("names the entry of each hit, by its id or by list and line", async () => {
    const input = '{"id":1,"text":"走私香烟"}\n{"id":2,"text":"枪支管理法与枪支"}\n';
    const { code, stdout } = await corpusgate(["match", "--library", "library.yaml"], { cwd: folder, input });
    expect(code).toBe(0);
    const hit = (entry: string, keyword: string, start: number) => ({
      entry,
      keyword,
      start,
      end: start + keyword.length,
      matched: keyword,
      level: "plain",
    });
    expect(answers(stdout)).toEqual([
      { id: 1, hits: [hit("smuggle-1", "走私", 0), hit("words:3", "走私香烟", 0)] },
      { id: 2, hits: [hit("gun-1", "枪支", 6)] },
    ]);
  });

  it("gives way to a line's own options, and to its own keywords", async () => {
    const lines = [
      { id: 1, text: "走私香烟", options: { overlap: "leftmost-longest" } },
      { id: 2, text: "走私香烟", keywords: ["香烟"] },
      { id: 3, text: "走私香烟", options: {} },
    ];
    const input = lines.map((line) => JSON.stringify(line)).join("\n");
    const { stdout } = await corpusgate(["match", "--library", "library.yaml"], { cwd: folder, input });
    expect(answers(stdout).map(({ hits }) => hits?.map(({ entry }) => entry))).toEqual([
      ["words:3"],
      ["香烟"],
      ["smuggle-1", "words:3"],
    ]);
  });

  it.each([
    [["--library", "none.yaml"], "none.yaml does not exist"],
    [["--cases", "none.jsonl"], "--cases none.jsonl: ENOENT"],
    [["--offsets", "char"], "Allowed choices are codepoint, utf16, byte"],
    [["--bogus"], "unknown option '--bogus'"],
    [["extra.jsonl"], "too many arguments"],
  ])("%j ends with 64", async (args, says) => {
    const { code, stdout, stderr } = await corpusgate(["match", ...args], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(says);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});

describe("bad lines", () => {
  const bad: [string, unknown, string][] = [
    ["not JSON", null, "JSON"],
    ["null", null, ""],
    ["[]", null, ""],
    ['"text"', null, ""],
    ['{"id":"a"}', "a", "text: "],
    ['{"id":"a","text":5,"keywords":["x"]}', "a", "text: "],
    ['{"id":"a","text":"x"}', "a", "names no keywords, and no --library is given"],
    ['{"id":"a","text":"x","keywords":"x"}', "a", "keywords: "],
    ['{"id":"a","text":"x","keywords":[""]}', "a", "is empty"],
    ['{"id":"a","text":"x","keywords":["\u200b"]}', "a", "is empty"],
    ['{"id":"a","text":"x","keywords":["x"],"options":{"colour":1}}', "a", "colour"],
    ['{"id":"a","text":"x","keywords":["x"],"options":{"overlap":"some"}}', "a", "options.overlap: "],
    ['{"id":"a","text":"x","keywords":["x"],"options":{"chunks":[-1]}}', "a", "options.chunks.0: "],
    [
      '{"id":"a","text":"x","keywords":["x"],"options":{"fuzzy":4}}',
      "a",
      "options.fuzzy: 4: is not a whole number from 0 to 3",
    ],
    ['{"id":"a","text":"x","keywords":["x"],"options":{"markup":"xml"}}', "a", "is not one of none, html, markdown"],
    ['{"id":"a","text":"x","keywords":["x&"],"options":{"combo":true}}', "a", 'a part of "x&" is empty'],
    [`{"id":"a","text":"x","keywords":["${"k".repeat(1025)}"]}`, "a", "1024"],
  ];

  it("give {id, error} in their place and exit 2; the others are answered", async () => {
    const good = '{"id":"good","text":"走私","keywords":["走私"]}';
    const input = bad.map(([line]) => `${line}\n${good}`).join("\n");
    const { code, stdout, stderr } = await corpusgate(["match"], { input });
    expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
    const got = answers(stdout);
    expect(got).toHaveLength(2 * bad.length);
    bad.forEach(([line, id, says], at) => {
      const answer = got[2 * at] as Answer;
      expect(answer, line).toEqual({ id, error: expect.any(String) });
      expect(answer.error, line).toContain(says);
      expect(answer.error?.split("\n"), line).toHaveLength(1);
      expect(got[2 * at + 1]).toMatchObject({ id: "good", hits: [{ start: 0, end: 2 }] });
    });
  });

  it("of nothing are no lines", async () => {
    expect(await corpusgate(["match"], { input: "\n  \n" })).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
  });

  it("do not stop a command whose reader is gone", async () => {
    const input = Array.from({ length: 2000 }, (_, n) => JSON.stringify({ id: n, text: "走私", keywords: ["走私"] }));
    const running = startCorpusgate(["match"], { input: input.join("\n") });
    running.process.stdout?.once("data", () => running.process.stdout?.destroy());
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});
