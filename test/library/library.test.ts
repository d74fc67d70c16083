/** Keyword libraries as values. */
import { describe, expect, it } from "vitest";
import {
  distinctEntries,
  type Entry,
  entriesOfList,
  givenMatchOptionsSchema,
  libraryFileSchema,
  matchOptionsSchema,
  repeatedEntries,
} from "../../src/library/library.ts";

const list = { risks: ["A1h"], severity: "review" } as const;
const entry = (id: string, text: string): Entry => ({ id, text, risks: ["A1h"], severity: "block" });

describe("entriesOfList", () => {
  it("makes an entry of each word, named by list and line", () => {
    const { entries, faults } = entriesOfList("# head\n\n 走私 \r\n#no\nmal ware\n", "words", list);
    expect(faults).toEqual([]);
    expect(entries).toEqual([
      { id: "words:3", text: "走私", ...list },
      { id: "words:5", text: "mal ware", ...list },
    ]);
  });

  it("counts the limit in bytes, and keeps the words around a fault", () => {
    const fits = "走".repeat(341);
    const { entries, faults } = entriesOfList(`${fits}x\n${fits}xy\n\u200b\nlast`, "w", list);
    expect(entries.map(({ id }) => id)).toEqual(["w:1", "w:4"]);
    expect(faults).toEqual([
      { place: "line 2", message: "1025 bytes; the limit of a keyword is 1024" },
      { place: "line 3", message: "holds nothing visible" },
    ]);
  });

  it("makes nothing of nothing", () => {
    expect(entriesOfList("", "w", list)).toEqual({ entries: [], faults: [] });
  });
});

describe("repeatedEntries", () => {
  it("finds ids that are used twice, and texts that fold to one", () => {
    const entries = [entry("a", "Malware"), entry("b", "ｍａｌｗａｒｅ "), entry("a", "走私"), entry("c", "走私")];
    expect(repeatedEntries(entries)).toEqual({
      ids: ["a"],
      texts: [
        { place: "b", message: "has the same text as a" },
        { place: "c", message: "has the same text as a" },
      ],
    });
    expect(distinctEntries(entries)).toBe(2);
  });
});

describe("schemas", () => {
  it("fill in what a library does not say", () => {
    expect(libraryFileSchema.parse({ version: 2, name: "l" })).toEqual({
      version: "2",
      name: "l",
      entries: [],
      lists: [],
      options: { wordBoundary: true, overlap: "leftmost-longest", allow: [] },
    });
    expect(matchOptionsSchema.parse({ overlap: "all" })).toEqual({ wordBoundary: true, overlap: "all", allow: [] });
  });

  it("fill in nothing where a caller's options go before a library's", () => {
    expect(givenMatchOptionsSchema.parse({})).toEqual({});
    expect(givenMatchOptionsSchema.parse({ wordBoundary: false })).toEqual({ wordBoundary: false });
  });

  it.each([
    [{ id: "-a" }],
    [{ id: "a b" }],
    [{ id: "a".repeat(129) }],
    [{ text: "" }],
    [{ text: "\u3000\t" }],
    [{ text: "\u200b\u00ad\u{e0041}" }],
    [{ risks: [] }],
    [{ risks: ["A.1a"] }],
    [{ severity: "high" }],
    [{ allow: [" "] }],
    [{ colour: "red" }],
  ])("refuse an entry with %j", (wrong) => {
    const good = entry("a", "b");
    expect(libraryFileSchema.safeParse({ version: 1, name: "l", entries: [good] }).success).toBe(true);
    expect(libraryFileSchema.safeParse({ version: 1, name: "l", entries: [{ ...good, ...wrong }] }).success).toBe(
      false,
    );
  });
});
