/** What paths, folders and globs stand for. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { filesOfSource, registerOfPaths } from "../../src/corpus/files.ts";
import { sourceSchema } from "../../src/corpus/register.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "corpusgate-files-")));
const home = process.cwd();
const names = [
  ...["a.jsonl", "b.parquet", "c.txt", "deep/d.jsonl.gz", "deep/er/e.ARROW", "deep/er/f.json.zst", ".hidden/g.jsonl"],
  ...["x/part.jsonl", "y/part.jsonl", "odd [1]{2}!(3).jsonl", "中文 名.jsonl"],
];

beforeAll(() => {
  for (const name of names) {
    mkdirSync(join(root, dirname(name)), { recursive: true });
    writeFileSync(join(root, name), "{}");
  }
  symlinkSync(join(root, "gone"), join(root, "dangling.jsonl"));
});
afterEach(() => process.chdir(home));
afterAll(() => rmSync(root, { recursive: true }));

const filesOf = (...files: string[]) =>
  filesOfSource(sourceSchema.parse({ id: "s", files }), root).map(({ path, stats }) => (stats ? path : `${path}?`));

describe("filesOfSource", () => {
  it.each([
    [["a.jsonl"], ["a.jsonl"]],
    [["*.jsonl"], ["a.jsonl", "odd [1]{2}!(3).jsonl", "中文 名.jsonl"]],
    [["**/part.jsonl"], ["x/part.jsonl", "y/part.jsonl"]],
    [["{x,y}/*.jsonl"], ["x/part.jsonl", "y/part.jsonl"]],
    [
      ["y/part.jsonl", "x/part.jsonl", "*/part.jsonl"],
      ["x/part.jsonl", "y/part.jsonl"],
    ],
    [["odd [1]{2}!(3).jsonl"], ["odd [1]{2}!(3).jsonl"]],
    [["c.txt"], ["c.txt"]],
    [["deep"], ["deep/d.jsonl.gz", "deep/er/e.ARROW", "deep/er/f.json.zst"]],
    [
      ["deep", "c.*"],
      ["c.txt", "deep/d.jsonl.gz", "deep/er/e.ARROW", "deep/er/f.json.zst"],
    ],
    [["none.jsonl"], ["none.jsonl?"]],
    [
      ["none-*.jsonl", "a.jsonl"],
      ["a.jsonl", "none-*.jsonl?"],
    ],
    [["dangling.jsonl"], ["dangling.jsonl?"]],
    [["x/../a.jsonl"], ["a.jsonl"]],
    [[join(root, "a.jsonl")], ["a.jsonl"]],
  ])("finds for %j", (patterns, expected) => {
    expect(filesOf(...patterns)).toEqual(expected);
  });
});

describe("registerOfPaths", () => {
  const register = (...paths: string[]) => {
    process.chdir(root);
    const { corpus, base } = registerOfPaths(paths, {});
    return { base, sources: corpus.sources.map(({ id, files }) => [id, files[0]]) };
  };

  it("makes each file a source, named after it", () => {
    expect(register("a.jsonl", "deep/d.jsonl.gz", "c.txt")).toEqual({
      base: root,
      sources: [
        ["a", "a.jsonl"],
        ["c", "c.txt"],
        ["d", "deep/d.jsonl.gz"],
      ],
    });
  });

  describe("makes the texts of a folder one source", () => {
    const texts = [
      ...["docs/a.md", "docs/b.txt", "docs/deep/c.markdown.gz", "docs/deep/docs.jsonl", "docs/crawl.warc.wet.gz"],
      ...["more/docs/d.text", "more/docs/e.TXT.zst", "more/f.rst"],
    ];
    beforeAll(() => {
      for (const name of texts) {
        mkdirSync(join(root, "t", dirname(name)), { recursive: true });
        writeFileSync(join(root, "t", name), "");
      }
    });
    const sources = (...paths: string[]) => {
      process.chdir(join(root, "t"));
      const { corpus, base } = registerOfPaths(paths, {});
      return [base.slice(root.length + 1), Object.fromEntries(corpus.sources.map(({ id, files }) => [id, files]))];
    };

    it.each<[string[], string, Record<string, string[]>]>([
      [["more"], "t/more/docs", { more: ["d.text", "e.TXT.zst"] }],
      [["more/docs/*.text"], "t/more/docs", { docs: ["d.text"] }],
      [["more/*/*.text"], "t/more/docs", { more: ["d.text"] }],
      [["*/docs/*.{text,zst}"], "t/more/docs", { t: ["d.text", "e.TXT.zst"] }],
      [["docs/{a,b}.*"], "t/docs", { docs: ["a.md", "b.txt"] }],
      // A text that is named itself is its own, before and behind its folder.
      [["docs/a.md", "docs/*.txt"], "t/docs", { a: ["a.md"], docs: ["b.txt"] }],
      [["docs/*.*", "docs/a.md"], "t/docs", { a: ["a.md"], docs: ["b.txt"], crawl: ["crawl.warc.wet.gz"] }],
      // A folder in a folder adds nothing; the first has its texts.
      [["more", "more/docs"], "t/more/docs", { more: ["d.text", "e.TXT.zst"] }],
      // Names that two sources would have: paths.
      [
        ["docs"],
        "t/docs",
        {
          "docs/": ["a.md", "b.txt", "deep/c.markdown.gz"],
          "deep/docs.jsonl": ["deep/docs.jsonl"],
          crawl: ["crawl.warc.wet.gz"],
        },
      ],
      [
        ["docs/*.md", "more/docs"],
        "t",
        { docs: ["docs/a.md"], "more/docs": ["more/docs/d.text", "more/docs/e.TXT.zst"] },
      ],
    ])("%j", (paths, base, expected) => {
      expect(sources(...paths)).toEqual([base, expected]);
    });
  });

  it("names files of one name by their paths, relative to the folder that holds all", () => {
    expect(register("x", "y").sources).toEqual([
      ["x/part.jsonl", "x/part.jsonl"],
      ["y/part.jsonl", "y/part.jsonl"],
    ]);
    expect(register("x/part.jsonl")).toEqual({ base: join(root, "x"), sources: [["part", "part.jsonl"]] });
  });

  it("takes a path that is named twice once", () => {
    expect(register("a.jsonl", "./a.jsonl", join(root, "a.jsonl"), "a.*").sources).toEqual([["a", "a.jsonl"]]);
  });

  it("makes ids of names that are none", () => {
    expect(register("odd [1]{2}!(3).jsonl", "中文 名.jsonl").sources).toEqual([
      ["odd -1--2---3-", "odd [1]{2}!(3).jsonl"],
      ["中文 名", "中文 名.jsonl"],
    ]);
  });

  it("leaves out what a scan wrote, and no other run.json", () => {
    mkdirSync(join(root, "z", "run", "tally"), { recursive: true });
    mkdirSync(join(root, "z", "data"), { recursive: true });
    writeFileSync(join(root, "z", "run", "run.json"), '{\n  "schema": "corpusgate.run/1",\n  "plan": {}\n}\n');
    for (const name of ["run/tally/t.json", "run/e.arrow", "data/run.json", "data/h.jsonl"]) {
      writeFileSync(join(root, "z", name), "{}");
    }
    expect(register("z").sources).toEqual([
      ["h", "h.jsonl"],
      ["run", "run.json"],
    ]);
  });

  it.each([
    [["unregistered.jsonl"], /unregistered\.jsonl: the source id "unregistered" is kept for records without a source/],
    [["q[1].jsonl", "q(1).jsonl"], /q\[1\]\.jsonl: the source id "q-1-" is used by an earlier source/],
    [[`${"long".repeat(40)}.jsonl`], /long\.jsonl: the source id "(long)+" is not a source id: .*; a corpus\.yaml/],
  ])("names the file of a source that cannot be called after it: %j", (files, says) => {
    const folder = mkdtempSync(join(root, "ids-"));
    for (const name of files) writeFileSync(join(folder, name), "{}");
    expect(() => register(folder)).toThrow(says);
  });

  it.each(["none", "none-*.jsonl", ".hidden/none", "dangling.jsonl"])("refuses %s, which names nothing", (path) => {
    expect(() => register("a.jsonl", path)).toThrow(`${path}: no such file`);
  });
});
