/** What URLs stand for, asked of a store that is a list of keys; and how often it is asked. */
import { describe, expect, it } from "vitest";
import type { Addon, Inspection, Listing, ReadOptions } from "../../src/addon/addon.ts";
import { filesOfSource, registerOfPaths } from "../../src/corpus/files.ts";
import { isUrl, ObjectLookup } from "../../src/corpus/objects.ts";
import { sourceSchema } from "../../src/corpus/register.ts";
import { ScanError } from "../../src/errors.ts";

const options: ReadOptions = {
  format: null,
  encoding: "utf-8",
  validate: "full",
  textColumn: null,
  idColumn: null,
  sourceColumn: null,
};
const failing = { code: "environment", message: "away" };

/** A store that holds these keys, and notes what it is asked. */
function store(keys: readonly string[], fails = false) {
  const asked: string[] = [];
  const listObjects = async (prefix: string, flat: boolean): Promise<Listing> => {
    asked.push(`list ${prefix}${flat ? " flat" : ""}`);
    const root = "s3://bucket/";
    const found = keys
      .filter((key) => `${root}${key}`.startsWith(prefix))
      .filter((key) => !flat || !`${root}${key}`.slice(prefix.length).includes("/"));
    const objects = found.map((key) => ({ key, size: key.length, etag: null, modifiedNs: "0" }));
    return fails ? { error: failing, objects: [] } : { error: null, objects };
  };
  const inspectObject = async (url: string): Promise<Inspection> => {
    asked.push(`inspect ${url}`);
    const key = url.replace(/^s3:\/\/bucket\//, "");
    const error = fails ? failing : keys.includes(key) ? null : { code: "missing", message: "no such object" };
    return { error, size: key.length } as Inspection;
  };
  return { asked, addon: { listObjects, inspectObject } as unknown as Addon };
}

const keys = ["a.jsonl", "x/b.jsonl", "x/c.pdf", "x/y/d.parquet", "x[1].jsonl"];

async function resolved(patterns: readonly string[], inspects = true) {
  const { asked, addon } = store(keys);
  const lookup = new ObjectLookup(addon, {}, undefined);
  await lookup.resolve(patterns.map((pattern) => ({ pattern, options: inspects ? options : null })));
  return { asked, lookup };
}

describe("isUrl", () => {
  it.each(["s3://b/k", "S3://b/k", "gs://b", "https://h/p"])("%s is one", (path) => expect(isUrl(path)).toBe(true));
  it.each(["a.jsonl", "/a", "C://a", "s3:/b", "./s3://b", "a b://c", ""])("%s is none", (path) =>
    expect(isUrl(path)).toBe(false));
});

describe("ObjectLookup", () => {
  it.each([
    ["s3://bucket/a.jsonl", ["a.jsonl"], ["inspect s3://bucket/a.jsonl"]],
    ["s3://bucket/x/", ["x/b.jsonl", "x/y/d.parquet"], ["list s3://bucket/x/"]],
    ["s3://bucket/x", ["x/b.jsonl", "x/y/d.parquet"], ["inspect s3://bucket/x", "list s3://bucket/x/"]],
    ["s3://bucket/x/*", ["x/b.jsonl", "x/c.pdf"], ["list s3://bucket/x/* flat", "list s3://bucket/x/ flat"]],
    ["s3://bucket/x/**", ["x/b.jsonl", "x/c.pdf"], ["list s3://bucket/x/** flat", "list s3://bucket/x/ flat"]],
    [
      "s3://bucket/**/*.{jsonl,parquet}",
      ["a.jsonl", "x/b.jsonl", "x/y/d.parquet", "x[1].jsonl"],
      ["list s3://bucket/**/*.{jsonl,parquet} flat", "list s3://bucket/"],
    ],
    ["s3://bucket/x[1].jsonl", ["x[1].jsonl"], ["list s3://bucket/x[1].jsonl flat"]],
    ["s3://bucket/none", [], ["inspect s3://bucket/none", "list s3://bucket/none/"]],
  ])("finds %s", async (pattern, expected, requests) => {
    const { asked, lookup } = await resolved([pattern]);
    expect(lookup.filesOf(pattern).map(({ url }) => url.replace("s3://bucket/", ""))).toEqual(expected);
    expect(asked.slice(0, requests.length)).toEqual(requests);
    // Then a look at each of the others, once.
    const looks = expected.map((key) => `inspect s3://bucket/${key}`);
    expect(new Set(asked.slice(requests.length))).toEqual(new Set(looks.filter((look) => !requests.includes(look))));
    for (const { url } of lookup.filesOf(pattern)) expect(lookup.inspection(url, options)?.error).toBeNull();
  });

  it("does not look into what is not text", async () => {
    const { asked, lookup } = await resolved(["s3://bucket/a.jsonl"], false);
    expect(lookup.filesOf("s3://bucket/a.jsonl")).toEqual([{ url: "s3://bucket/a.jsonl", size: 7 }]);
    expect(asked).toEqual(["list s3://bucket/a.jsonl flat"]);
  });

  it("keeps looks under other options apart", async () => {
    const { lookup } = await resolved(["s3://bucket/a.jsonl"]);
    expect(lookup.inspection("s3://bucket/a.jsonl", { ...options, encoding: "gb18030" })).toBeUndefined();
  });

  it("throws what is no file's own, and asks no more", async () => {
    const { asked, addon } = store(keys, true);
    const lookup = new ObjectLookup(addon, {}, undefined);
    const wanted = Array.from({ length: 50 }, (_, n) => ({ pattern: `s3://bucket/${n}`, options }));
    await expect(lookup.resolve(wanted)).rejects.toMatchObject({ code: "environment", message: "away" });
    expect(asked.length).toBeLessThan(10);
  });

  it("ends when it is told to", async () => {
    const { asked, addon } = store(keys);
    const controller = new AbortController();
    const lookup = new ObjectLookup(addon, {}, controller.signal);
    controller.abort(new ScanError("interrupted", "interrupted"));
    const failed = lookup.resolve([{ pattern: "s3://bucket/a.jsonl", options }]);
    await expect(failed).rejects.toMatchObject({ code: "interrupted" });
    expect(asked).toEqual([]);
  });
});

describe("objects in a register", () => {
  it("are files of their source, by URL; what names nothing is one that is missing", async () => {
    const files = ["s3://bucket/x/*.jsonl", "s3://bucket/none"];
    const { lookup } = await resolved(files);
    const found = filesOfSource(sourceSchema.parse({ id: "s", files }), "/base", lookup);
    expect(found).toEqual([
      { source: "s", path: "s3://bucket/none", absolutePath: "s3://bucket/none", stats: null },
      { source: "s", path: "s3://bucket/x/b.jsonl", absolutePath: "s3://bucket/x/b.jsonl", stats: { size: 9 } },
    ]);
  });

  it("are sources of their own on the command line", async () => {
    const paths = ["s3://bucket/**/*.jsonl", "s3://bucket/a.jsonl"];
    const { lookup } = await resolved(paths);
    const { corpus } = registerOfPaths(paths, {}, lookup);
    expect(corpus.sources.map(({ id, files }) => [id, ...files])).toEqual([
      ["a", "s3://bucket/a.jsonl"],
      ["b", "s3://bucket/x/b.jsonl"],
      ["x-1-", "s3://bucket/x[1].jsonl"],
    ]);
    expect(() => registerOfPaths(["s3://bucket/none"], {}, lookup)).toThrow("s3://bucket/none: no such object");
  });
});
