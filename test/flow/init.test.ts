/** `corpusgate init`: a register that a scan takes as it is, and that says what it could not tell. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { corpusgate, fromRoot, newFolder } from "./_command.ts";
import { type FileSpec, writeFiles } from "./_files.ts";

interface Register {
  readonly sources: {
    id: string;
    files: string[];
    language?: string;
    format?: string;
    encoding?: string;
    columns?: Record<string, string>;
  }[];
}

/** Writes files into a new folder and a register of them. */
async function init(files: Record<string, FileSpec>, paths = ["data"]) {
  const cwd = newFolder();
  writeFiles(cwd, files);
  const ended = await corpusgate(["init", ...paths], { cwd });
  const path = join(cwd, "corpus.yaml");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  return { cwd, ended, text, register: parse(text) as Register };
}

/** What a scan would read by a register: sources, paths, formats and columns. */
async function planned(cwd: string) {
  const { code, stdout, stderr } = await corpusgate(["scan", "corpus.yaml", "--dry-run", "--json"], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { files } = JSON.parse(stdout) as {
    files: { source: string; path: string; format: string; problem: object | null; columns: Record<string, string> }[];
  };
  return files;
}

const zh = "有人在街上走，天气很好，大家都很高兴。";
const en = "the weather is fine and all are happy";
const lines = (count: number, fields: (n: number) => object): FileSpec => ({
  lines: Array.from({ length: count }, (_, n) => fields(n)),
});

describe("a mixed folder", () => {
  let made: Awaited<ReturnType<typeof init>>;
  const source = (id: string) => made.register.sources.find((one) => one.id === id);

  beforeAll(async () => {
    made = await init({
      "data/forum/a.jsonl": lines(20, (n) => ({ post_id: n, body: `${zh}${n}` })),
      "data/forum/b.jsonl": lines(20, (n) => ({ post_id: n, body: `${zh}${n} abc` })),
      "data/forum/readme.pdf": "what this is",
      "data/mixed/news-001.jsonl": lines(5, () => ({ text: en, id: "x" })),
      "data/mixed/news-002.jsonl": lines(5, () => ({ text: en, id: "x" })),
      "data/mixed/laws-1.jsonl": lines(5, () => ({ text: zh, id: "x" })),
      "data/mixed/laws-2.jsonl": lines(5, () => ({ text: zh, id: "x" })),
      "data/mixed/table.arrow": { arrow: { content: [en, en], title: ["a", "b"] } },
      "data/old/textbook.jsonl": { copy: "examples/corpus/textbook-zh.jsonl" },
      "data/many.jsonl.gz": { lines: [{ one: en, two: en }], gz: true },
      "data/torn.arrow": { arrow: { text: [en, en] }, keep: 0.5 },
      "data/nothing.jsonl": "",
      "data/kana.jsonl": lines(5, () => ({ text: "これは日本語の文章です。ひらがなが多い。" })),
      "data/unlike.parquet": "these are not its bytes",
      "data/manifest.json": '{\n  "a": 1\n}\n',
      "data/latin/latin.jsonl": {
        base64: Buffer.from('{"text":"caf\xe9 \xff"}\n'.repeat(4), "latin1").toString("base64"),
      },
    });
  });

  it("is written, told, and refused a second time", async () => {
    const { ended, cwd, text } = made;
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    for (const { id } of made.register.sources) expect(ended.stdout).toContain(`${id}\t`);
    expect(ended.stdout).toMatch(/corpus\.yaml: \d+ sources; fill in kind, licence and domestic\n$/);
    const again = await corpusgate(["init", "data"], { cwd });
    expect(again.code).toBe(64);
    expect(again.stderr).toContain("corpus.yaml exists, and is not overwritten");
    expect(readFileSync(join(cwd, "corpus.yaml"), "utf8")).toBe(text);
  });

  it("is planned as it was found, without a change", async () => {
    const files = await planned(made.cwd);
    const read = files.filter(({ problem }) => problem === null);
    expect(read.map(({ path }) => path).toSorted()).toEqual(
      [
        ...[
          "data/forum/a.jsonl",
          "data/forum/b.jsonl",
          "data/kana.jsonl",
          "data/latin/latin.jsonl",
          "data/many.jsonl.gz",
        ],
        ...[
          "data/mixed/laws-1.jsonl",
          "data/mixed/laws-2.jsonl",
          "data/mixed/news-001.jsonl",
          "data/mixed/news-002.jsonl",
        ],
        ...["data/mixed/table.arrow", "data/nothing.jsonl", "data/old/textbook.jsonl"],
      ].toSorted(),
    );
    expect(files.filter(({ problem }) => problem !== null)).toMatchObject([
      { path: "data/torn.arrow", problem: { code: "file-damaged" } },
      { path: "data/unlike.parquet", problem: { code: "file-damaged" } },
    ]);
    expect(new Set(files.map(({ path }) => path)).size).toBe(files.length);
    expect(files.find(({ path }) => path === "data/forum/a.jsonl")?.columns).toMatchObject({ text: "body" });
  });

  it("has one source for the files of a folder that are alike", () => {
    expect(source("forum")).toMatchObject({
      ...{ files: ["data/forum/*.jsonl"], language: "zh", format: "jsonl", columns: { text: "body" } },
    });
    expect(source("table")).toMatchObject({
      files: ["data/mixed/table.arrow"],
      language: "en",
      columns: { text: "content" },
    });
  });

  it("keeps languages apart where names tell them", () => {
    expect(source("laws")).toMatchObject({ files: ["data/mixed/laws-*.jsonl"], language: "zh" });
    expect(source("news")).toMatchObject({
      files: ["data/mixed/news-*.jsonl"],
      language: "en",
      columns: { text: "text", id: "id" },
    });
  });

  it("sees an older encoding", () => {
    expect(source("textbook")).toMatchObject({
      encoding: "gb18030",
      language: "zh",
      files: ["data/old/textbook.jsonl"],
    });
  });

  it("leaves open what cannot be told", () => {
    const { text } = made;
    expect(source("many")).toMatchObject({ format: "jsonl.gz" });
    expect(source("many")?.columns).toBeUndefined();
    expect(text).toContain("# columns: { text: … }  # which one holds the text cannot be told");
    expect(text).toContain('# other columns: "one", "two"');
    expect(made.register.sources.find(({ files }) => files.includes("data/kana.jsonl"))?.language).toBeUndefined();
    expect(text).toContain("# language: zh  # cannot be told from the first records");
    for (const field of ["kind", "domestic", "licence"]) expect(text).toMatch(new RegExp(`^ {4}# ${field}: `, "m"));
  });

  it("names what is in no source, and what is damaged", () => {
    const { text, ended } = made;
    expect(text).toMatch(
      /# In no source, because they cannot be read:\n(# {3}.*\n)*# {3}"data\/forum\/readme\.pdf": its name is not/,
    );
    expect(text).toMatch(/# {3}"data\/manifest\.json": it is not JSON lines: 3 of the first 3 records cannot be read/);
    expect(ended.stdout).toContain("not read: data/manifest.json: ");
    for (const name of ["torn.arrow", "unlike.parquet"]) expect(text).toContain(`# damaged: "${name}": `);
    expect(text).toContain('# hardly readable: "latin.jsonl": 4 of the first 4 records cannot be read');
  });

  it("holds no text of a record", () => {
    for (const part of [zh.slice(0, 6), en.slice(0, 12)]) expect(made.text + made.ended.stdout).not.toContain(part);
  });
});

describe("the example corpus", () => {
  it("is found whole, and scanned to the counts of its own register", async () => {
    const cwd = newFolder();
    const made = await corpusgate(["init", fromRoot("examples/corpus")], { cwd });
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const files = await planned(cwd);
    const manifest = JSON.parse(readFileSync(fromRoot("examples/corpus/MANIFEST.json"), "utf8")) as { records: number };
    expect(files).toHaveLength(12);
    const args = ["scan", "corpus.yaml", "--device", "cpu", "--json", "--quiet"];
    const { totals } = JSON.parse((await corpusgate(args, { cwd })).stdout) as { totals: { records: number } };
    expect(totals.records).toBe(manifest.records);
  });
});

describe("names", () => {
  it("that YAML or a glob would read otherwise stand for themselves", async () => {
    const names = [
      "a: b.jsonl",
      "[1].jsonl",
      "# c.jsonl",
      "null.jsonl",
      "*.jsonl",
      "é 'q' \"d\".jsonl",
      "{x,y}.jsonl",
      "- e.jsonl",
      "12.jsonl",
      "line\nbreak.jsonl",
    ];
    // Each with a column of its own, so that each is a source.
    const files = Object.fromEntries(names.map((name, n) => [`data/${name}`, lines(2, () => ({ [`c${n}`]: en }))]));
    const { cwd, ended, register } = await init(files);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(register.sources.flatMap(({ files }) => files).toSorted()).toEqual(
      names.map((name) => `data/${name}`).toSorted(),
    );
    expect(new Set(register.sources.map(({ id }) => id)).size).toBe(names.length);
    const read = await planned(cwd);
    expect(read.map(({ path }) => path).toSorted()).toEqual(names.map((name) => `data/${name}`).toSorted());
    expect(read.every(({ problem }) => problem === null)).toBe(true);
  });

  it("of columns are kept as they are", async () => {
    const { register, cwd } = await init({ "data/a.arrow": { arrow: { "the text: {}": [en] } } });
    expect(register.sources[0]?.columns).toEqual({ text: "the text: {}" });
    expect((await planned(cwd))[0]?.columns.text).toBe("the text: {}");
  });
});

describe("many files", () => {
  it("with other files beside them are told by what their names begin with, or one by one", async () => {
    const data = (name: string, column: string) => [`data/${name}`, lines(2, () => ({ [column]: en }))] as const;
    const { register, cwd } = await init(
      Object.fromEntries([
        ...[data("web-1.jsonl", "w"), data("web-2.jsonl", "w"), data("book-1.jsonl", "b"), data("book-2.jsonl", "b")],
        ...[data("x.jsonl", "o"), data("web.jsonl", "o")],
      ]),
    );
    expect(register.sources.map(({ files }) => files)).toEqual([
      ["data/book-*.jsonl"],
      ["data/web-*.jsonl"],
      ["data/web.jsonl", "data/x.jsonl"],
    ]);
    expect(await planned(cwd)).toHaveLength(6);
  });

  it("of any number are one glob", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, n) => [`data/p/${n}.jsonl`, lines(1, () => ({ text: zh }))]),
    );
    const { register } = await init(files);
    expect(register.sources).toMatchObject([{ id: "p", files: ["data/p/*.jsonl"], language: "zh" }]);
  });

  it("of two languages that no name tells are one source, which says so", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`data/p/${n}.jsonl`, lines(1, () => ({ text: n % 4 === 0 ? en : zh }))]),
    );
    const { register, text } = await init(files);
    expect(register.sources).toMatchObject([{ id: "p", files: ["data/p/*.jsonl"], language: "zh" }]);
    expect(text).toContain("10 of 40 files look otherwise");
  });
});

describe("what is refused", () => {
  it.each<[string, Record<string, FileSpec>, string[], string]>([
    ["a path that names nothing", { "x.jsonl": "{}" }, ["gone"], "gone: no such file, and no file in such a folder"],
    [
      "files of which none can be read",
      { "data/x.pdf": "x" },
      ["data"],
      "no file can be read\ndata/x.pdf: its name is not",
    ],
    ["no path", {}, [], "missing required argument"],
  ])("%s", async (_, files, paths, message) => {
    const { ended, text } = await init(files, paths);
    expect(ended.code).toBe(64);
    expect(ended.stderr).toContain(message);
    expect(text).toBe("");
  });

  it("a register that cannot be written", async () => {
    const cwd = newFolder();
    mkdirSync(join(cwd, "data"));
    writeFileSync(join(cwd, "data", "x.jsonl"), '{"text":"x"}\n');
    const { code, stderr } = await corpusgate(["init", "data", "--out", "no/such/corpus.yaml"], { cwd });
    expect(code).toBe(70);
    expect(stderr).toContain("no/such/corpus.yaml cannot be written: ENOENT");
  });
});
