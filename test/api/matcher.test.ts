/** Texts, columns and streams through a matcher: positions in every unit, halves of characters, buffers that are wrong. */
import { makeData, Utf8, Vector, vectorFromArray } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { loadAddon } from "../../src/addon/addon.ts";
import { compileLibrary } from "../../src/addon/library.ts";
import { Library } from "../../src/api/library.ts";
import { matchOptionsSchema } from "../../src/library/library.ts";

const text = "😀é 走\u200b私, RANSOM 走私";
const matcher = await Library.compile({ entries: ["走私", { id: "ransom-1", text: "ransom" }] });

describe("match", () => {
  it.each([
    ["codepoint", [3, 6], [8, 14], [15, 17]],
    ["utf16", [4, 7], [9, 15], [16, 18]],
    ["byte", [7, 16], [18, 24], [25, 31]],
  ] as const)("counts in units of %s and cuts the hit out of the text", (offsets, ...spans) => {
    const hits = matcher.match(text, { offsets });
    expect(hits.map(({ start, end }) => [start, end])).toEqual(spans);
    expect(hits.map(({ entry, matched, level }) => [entry, matched, level])).toEqual([
      ["走私", "走\u200b私", "folded"],
      ["ransom-1", "RANSOM", "folded"],
      ["走私", "走私", "plain"],
    ]);
  });

  it("counts in code points unless told otherwise, and refuses other units", () => {
    expect(matcher.match(text)).toEqual(matcher.match(text, { offsets: "codepoint" }));
    expect(() => matcher.match("x", { offsets: "char" as never })).toThrow('offsets "char" is not one of');
    expect(() => matcher.stream({ offsets: "char" as never })).toThrow('offsets "char" is not one of');
  });

  it("takes half a surrogate pair for one unknown character", () => {
    const half = "\ud83d走私\ude00";
    for (const [offsets, start] of [
      ["codepoint", 1],
      ["utf16", 1],
      ["byte", 3],
    ] as const) {
      expect(matcher.match(half, { offsets })).toMatchObject([{ start, matched: "走私" }]);
    }
  });

  it("finds nothing in nothing", () => {
    expect([matcher.match(""), matcher.match("码头")]).toEqual([[], []]);
  });
});

describe("options", () => {
  it("of a caller go before those of the library, as far as they are given", async () => {
    const library = await Library.compile({ entries: ["走私"], options: { markup: null, fuzzy: 0 } });
    expect(library.match("走<b>私</b>")).toEqual([]);
  });

  it.each([
    [{ fuzzy: 4 }, "options.fuzzy: 4: is not a whole number from 0 to 3"],
    [{ gap: "huge" }, 'options.gap: "huge": Invalid option: expected one of "narrow"|"wide"'],
    [{ colour: 1 }, 'options: Unrecognized key: "colour"'],
  ])("%j are refused in words", async (options, message) => {
    await expect(Library.compile({ entries: ["a"], options: options as never })).rejects.toThrow(message);
  });

  it.each([
    [{ text: "a&", combo: true }, 'entry 1: a part of "a&" is empty'],
    [{ text: "x".repeat(1025) }, `entry 1: text: "${"x".repeat(59)}…: is 1025 bytes; the limit of a keyword is 1024`],
    [{ text: " " }, 'entry 1: text: " ": is empty'],
  ])("refuse the entry %j by its number", async (entry, message) => {
    await expect(Library.compile({ entries: ["a", entry] })).rejects.toThrow(
      message.startsWith("entry 1: a part") ? message.slice("entry 1: ".length) : message,
    );
  });

  it("of one entry make it a combination among keywords", async () => {
    const mixed = await Library.compile({ entries: ["走私", { id: "both", text: "走私&香烟", combo: true }] });
    expect(mixed.match("香烟和走私").map(({ entry, level, matched }) => [entry, level, matched])).toEqual([
      ["both", "combo", "香烟和走私"],
      ["走私", "plain", "走私"],
    ]);
  });
});

describe("a stream", () => {
  it("joins a character that two pieces share", () => {
    const stream = matcher.stream({ offsets: "utf16" });
    const hits = [...stream.push("\ud83d"), ...stream.push("\ude00é 走"), ...stream.push("私"), ...stream.end()];
    expect(hits).toEqual(matcher.match("😀é 走私", { offsets: "utf16" }));
  });

  it("takes half a character at its end, or alone between pieces, for one unknown character", () => {
    const stream = matcher.stream({ offsets: "byte" });
    const hits = [...stream.push("\ud83d"), ...stream.push("走私\ud83d"), ...stream.end()];
    expect(hits).toEqual(matcher.match("\ud83d走私\ud83d", { offsets: "byte" }));
  });

  it("is as new when it has ended", () => {
    const stream = matcher.stream();
    const once = () => [...stream.push("有人走"), ...stream.push("私"), ...stream.end()];
    expect(once()).toEqual(matcher.match("有人走私"));
    expect(once()).toEqual(matcher.match("有人走私"));
    expect(stream.end()).toEqual([]);
  });

  it("hands hits out while the text goes on, in bounded memory", () => {
    const stream = matcher.stream();
    const piece = `${"码头 ".repeat(20_000)}走私`;
    const early: number[] = [];
    for (let at = 0; at < 20; at++) early.push(...stream.push(piece).map(({ start }) => start));
    expect(early.length).toBeGreaterThan(15);
    const all = [...early, ...stream.end().map(({ start }) => start)];
    expect(all).toEqual(Array.from({ length: 20 }, (_, at) => at * [...piece].length + 60_000));
  });
});

describe("a column", () => {
  const encoder = new TextEncoder();
  const columnOf = (values: Uint8Array, offsets: number[], nulls?: number) =>
    new Vector([
      makeData({
        type: new Utf8(),
        length: offsets.length - 1,
        data: values,
        valueOffsets: Int32Array.from(offsets),
        ...(nulls === undefined ? {} : { nullBitmap: Uint8Array.of(nulls), nullCount: 1 }),
      }),
    ]);
  const spans = (column: Vector<Utf8>) =>
    matcher
      .matchBatch(column)
      .toArray()
      .map(({ row, start, end }) => [row, start, end]);

  it("keeps hits within its rows", () => {
    expect(spans(vectorFromArray(["走", "私", "走私", "x走", "私"], new Utf8()))).toEqual([[2, 0, 6]]);
  });

  it("may hold anything where rows are null, and a row that is not UTF-8 is named", () => {
    const bytes = Uint8Array.from([...encoder.encode("走私"), 0xff, 0xfe, ...encoder.encode("走私")]);
    expect(spans(columnOf(bytes, [0, 6, 8, 14], 0b101))).toEqual([
      [0, 0, 6],
      [2, 0, 6],
    ]);
    expect(() => spans(columnOf(bytes, [0, 6, 8, 14]))).toThrow("row 1 is not UTF-8");
    // Rows that cut a character in two are no text, though the buffer is.
    expect(() => spans(columnOf(encoder.encode("走私"), [0, 2, 6]))).toThrow("row 0 is not UTF-8");
  });

  it("is refused when its offsets descend or leave the buffer", () => {
    const { key } = compileLibrary([], matchOptionsSchema.parse({}));
    const match = (offsets: Int32Array | BigInt64Array) =>
      loadAddon().matchColumn(key, encoder.encode("走私"), offsets, null, 0);
    expect(() => match(Int32Array.of(0, 7))).toThrow("offset 1 is 7: not from 0 to 6, where the bytes end");
    expect(() => match(Int32Array.of(3, 0))).toThrow("offset 1 is 0: not from 3 to 6");
    expect(() => match(Int32Array.of(-1, 6))).toThrow("offset 0 is -1: not from 0 to 6");
    expect(() => match(BigInt64Array.of(0n, 2n ** 40n))).toThrow("offset 1 is 1099511627776: not from 0 to 6");
    expect(match(Int32Array.of()).rows).toHaveLength(0);
    loadAddon().releaseLibrary(key);
  });
});

describe("explain", () => {
  it("names entries by their ids, levels by their names", () => {
    const { steps, normal, entries } = matcher.explain("RANSOM 走-私");
    expect(steps.map(({ kind }) => kind)).toEqual(["case"]);
    expect(normal).toBe("ransom 走-私");
    expect(entries.map(({ entry, hits }) => [entry, hits.map(({ level }) => level)])).toEqual([
      ["走私", ["spaced"]],
      ["ransom-1", ["folded"]],
    ]);
  });

  it("tells entries that are asked for, and all of a small library", async () => {
    expect(matcher.explain("走私", { entries: [] }).entries.map(({ entry }) => entry)).toEqual(["走私"]);
    expect(matcher.explain("", { entries: ["ransom-1"] }).entries.map(({ entry }) => entry)).toEqual(["ransom-1"]);
    expect(matcher.explain("").entries).toHaveLength(2);
    const large = await Library.compile({ entries: Array.from({ length: 21 }, (_, at) => `word${at}`) });
    expect(large.explain("word3").entries.map(({ entry }) => entry)).toEqual(["word3"]);
    expect(() => matcher.explain("", { entries: ["none"] })).toThrow('no entry has the id "none"');
  });

  it("names the entry whose hit goes before", async () => {
    const two = await Library.compile({
      entries: [
        { id: "short", text: "走私" },
        { id: "long", text: "走私香烟" },
      ],
    });
    const [short] = two.explain("走私香烟").entries;
    expect(short?.misses[0]?.why).toEqual({ code: "overlapped", entry: "long", start: 0, end: 4 });
  });

  it("refuses a text over the limit", () => {
    expect(() => matcher.explain("x".repeat(2 ** 20 + 1))).toThrow(
      "a text of 1048577 bytes; the limit of an explanation is",
    );
  });
});
