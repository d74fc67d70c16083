/** Keyword libraries as values. */
import { describe, expect, it } from "vitest";
import { missInWords, type Obstacle, optionInWords } from "../../src/library/explanation.ts";
import { looksLikeExpression, parseExpression } from "../../src/library/expression.ts";
import { faultOf } from "../../src/library/fault.ts";
import {
  distinctCount,
  type Entry,
  entriesOfList,
  givenMatchOptionsSchema,
  libraryFileSchema,
  lineInList,
  matchOptionsSchema,
  noForm,
  repeatedIds,
  repeatedTexts,
  withoutProof,
} from "../../src/library/library.ts";

const list = { risks: ["A1h"], severity: "review" } as const;
const entry = (id: string, text: string): Entry => ({ id, text, risks: ["A1h"], severity: "block" });

const defaults = {
  profile: "standard",
  wordBoundary: true,
  overlap: "leftmost-longest",
  allow: [],
  combo: false,
  within: null,
  scope: "text",
  gap: "narrow",
  noise: "",
  markup: "none",
  pinyinInitials: false,
  fuzzy: 0,
  cjkBoundary: "none",
};

describe("entriesOfList", () => {
  it("makes an entry of each word, named by list and line", () => {
    const { entries, faults } = entriesOfList("# head\n\n 走私 \r\n#no\nmal ware\n", "words", list);
    expect(faults).toEqual([]);
    expect(entries).toEqual([
      { id: "words:3", text: "走私", ...list },
      { id: "words:5", text: "mal ware", ...list },
    ]);
    expect(entries.map(lineInList)).toEqual([3, 5]);
  });

  it("counts the limit in bytes, and keeps the words around a fault", () => {
    const fits = "走".repeat(341);
    const { entries, faults } = entriesOfList(`${fits}x\n${fits}xy\n\u200b\nlast`, "w", list);
    expect(entries.map(({ id }) => id)).toEqual(["w:1", "w:4"]);
    expect(faults).toEqual([
      { line: 2, message: "1025 bytes; the limit of a keyword is 1024" },
      { line: 3, message: "holds nothing visible" },
    ]);
  });

  it("makes nothing of nothing", () => {
    expect(entriesOfList("", "w", list)).toEqual({ entries: [], faults: [] });
  });
});

describe("entries that repeat", () => {
  const entries = [entry("a", "x"), entry("b", "X "), entry("a", "y"), entry("c", "y"), entry("a", "\u200b")];

  it("have an id that is used before", () => {
    expect(repeatedIds(entries)).toEqual(["a"]);
    expect(repeatedIds([])).toEqual([]);
  });

  it("have the normal form of another one, which native code tells by its index", () => {
    const firsts = [0, 0, 2, 2, noForm];
    expect(repeatedTexts(entries, firsts)).toEqual([
      { place: "b", message: "has the same text as a" },
      { place: "c", message: "has the same text as a" },
    ]);
    expect(distinctCount(firsts)).toBe(2);
    expect(distinctCount([])).toBe(0);
  });
});

describe("schemas", () => {
  it("fill in what a library does not say", () => {
    expect(libraryFileSchema.parse({ version: 2, name: "l" })).toEqual({
      version: "2",
      name: "l",
      entries: [],
      lists: [],
      options: defaults,
    });
    expect(matchOptionsSchema.parse({ overlap: "all" })).toEqual({ ...defaults, overlap: "all" });
  });

  it("fill in nothing where a caller's options go before a library's", () => {
    expect(givenMatchOptionsSchema.parse({})).toEqual({});
    expect(givenMatchOptionsSchema.parse({ wordBoundary: false })).toEqual({ wordBoundary: false });
  });

  it("take every option, and null for what means none", () => {
    const all = {
      ...{ profile: "aggressive", wordBoundary: false, overlap: "all", allow: ["b"], combo: true, within: 0 },
      ...{ scope: "sentence", gap: "wide", noise: "x".repeat(32), markup: "markdown", pinyinInitials: true },
      ...{ fuzzy: 3, cjkBoundary: "lexicon" },
    };
    expect(Object.keys(all)).toEqual(Object.keys(defaults));
    expect(matchOptionsSchema.parse(all)).toEqual(all);
    expect(matchOptionsSchema.parse({ markup: null, cjkBoundary: null, within: null })).toEqual(defaults);
    // A character is a code point.
    expect(matchOptionsSchema.safeParse({ noise: "😀".repeat(32) }).success).toBe(true);
  });

  it.each([
    [
      { profile: "strict" },
      'options.profile: "strict": Invalid option: expected one of "exact"|"standard"|"aggressive"',
    ],
    [{ fuzzy: 4 }, "options.fuzzy: 4: is not a whole number from 0 to 3"],
    [{ fuzzy: 1.5 }, "options.fuzzy: 1.5: is not a whole number from 0 to 3"],
    [{ fuzzy: "1" }, 'options.fuzzy: "1": is not a whole number from 0 to 3'],
    [{ within: -1 }, "options.within: -1: is not a whole number from 0 to 4294967295"],
    [{ noise: "é".repeat(33) }, `options.noise: "${"é".repeat(33)}": has 33 characters; the limit is 32`],
    [{ markup: "xml" }, 'options.markup: "xml": is not one of none, html, markdown'],
    [{ cjkBoundary: "words" }, 'options.cjkBoundary: "words": is not one of none, lexicon'],
    [{ allow: ["a", " "] }, 'options.allow.1: " ": is empty'],
    [{ allow: ["x".repeat(1025)] }, /^options\.allow\.0: "x{59}…: is 1025 bytes; the limit of a keyword is 1024$/],
    [{ colour: 1 }, 'options: Unrecognized key: "colour"'],
  ])("refuse options with %j in words", (options, message) => {
    const parsed = matchOptionsSchema.safeParse(options);
    if (parsed.success) throw new Error("was taken");
    const fault = faultOf(parsed.error, options, "options");
    if (typeof message === "string") expect(fault).toBe(message);
    else expect(fault).toMatch(message);
  });

  it.each([
    [{ id: "-a" }],
    [{ id: "a b" }],
    [{ id: "a".repeat(129) }],
    [{ text: "" }],
    [{ text: "\u3000\t" }],
    [{ text: "\u200b\u00ad\u{e0041}" }],
    [{ text: "走".repeat(342) }],
    [{ risks: [] }],
    [{ risks: ["A.1a"] }],
    [{ severity: "high" }],
    [{ allow: [" "] }],
    [{ combo: "yes" }],
    [{ hit: "a sentence" }],
    [{ miss: [1] }],
    [{ colour: "red" }],
  ])("refuse an entry with %j", (wrong) => {
    const good = { ...entry("a", "b"), combo: true, hit: ["b"], miss: [""] };
    expect(libraryFileSchema.safeParse({ version: 1, name: "l", entries: [good] }).success).toBe(true);
    expect(libraryFileSchema.safeParse({ version: 1, name: "l", entries: [{ ...good, ...wrong }] }).success).toBe(
      false,
    );
  });

  it("keep the sentences that prove an entry out of what is matched", () => {
    expect(withoutProof({ ...entry("a", "b"), hit: ["b"], miss: ["c"] })).toEqual(entry("a", "b"));
    expect(Object.keys(withoutProof({ ...entry("a", "b"), combo: true }))).toContain("combo");
  });
});

describe("expressions", () => {
  it.each([
    ["a & b~c", ["a", "b"], ["c"]],
    ["a~b&c", ["a", "c"], ["b"]],
    ["a", ["a"], []],
    ["a&", ["a", ""], []],
    ["~a", [""], ["a"]],
  ])("%j has its parts", (text, present, absent) => {
    expect(parseExpression(text)).toEqual({ present, absent });
  });

  it.each([
    ["走私&香烟", true],
    ["走私 ~ ban", true],
    ["R&D", false],
    ["走私", false],
    ["&走", false],
  ])("%j looks like one: %s", (text, expected) => {
    expect(looksLikeExpression(text)).toBe(expected);
  });
});

describe("a miss in words", () => {
  const words = (why: Obstacle, found = 2, of = 3) => missInWords({ found, of, start: 4, end: 6, why });

  it.each<[Obstacle, string]>([
    [{ code: "nowhere", wanted: "私" }, 'its first character "私" is nowhere in the text'],
    [
      { code: "other", at: 6, there: "人", wanted: "私" },
      '2 of 3 characters at 4..6, then "人" stands at 6 where "私" is wanted',
    ],
    [
      { code: "other", at: 6, there: null, wanted: "私" },
      '2 of 3 characters at 4..6, then the text ends where "私" is wanted',
    ],
    [
      { code: "clause", at: 6, there: "。" },
      '2 of 3 characters at 4..6, then the clause mark "。" stands between, at 6',
    ],
    [{ code: "clause", at: 6, there: "\n" }, "2 of 3 characters at 4..6, then a blank line stands between, at 6"],
    [
      { code: "separators", at: 6, count: 5, limit: 4 },
      "2 of 3 characters at 4..6, then 5 separators from 6 on; the limit is 4",
    ],
    [{ code: "no-gap", at: 6 }, "2 of 3 characters at 4..6, then the white space of the keyword is missing at 6"],
    [{ code: "too-long" }, "2 of 3 characters at 4..6, then the place is stretched too long"],
    [{ code: "other-sentence" }, "its parts are there, but in no sentence together"],
  ])("%j", (why, expected) => {
    expect(words(why)).toBe(expected);
  });

  it.each<[Obstacle, string]>([
    [
      { code: "boundary", at: 3, there: "i", edge: "before" },
      'all 3 characters at 4..6, but "i" before it, at 3, belongs to the same word: word boundary',
    ],
    [
      { code: "boundary", at: 7, there: "e", edge: "spelled" },
      'all 3 characters at 4..6, but the spelling goes on with "e" at 7: word boundary',
    ],
    [{ code: "path" }, "all 3 characters at 4..6, but in a path, a host name or a number"],
    [{ code: "other-script" }, "all 3 characters at 4..6, but only look-alikes of another script"],
    [{ code: "no-letter" }, "all 3 characters at 4..6, but only digits and symbols, no real letter"],
    [
      { code: "partly-spaced" },
      "all 3 characters at 4..6, but white space parts some of the letters and not all, or too few letters",
    ],
    [{ code: "not-exact" }, "all 3 characters at 4..6, but in another form than the keyword's own"],
    [
      { code: "excused", word: "走私人", start: 4, end: 7 },
      'it stands at 4..6, covered by the allow word "走私人" at 4..7',
    ],
    [
      { code: "overlapped", entry: "b", start: 3, end: 7 },
      "it stands at 4..6, but the hit of b at 3..7 is reported in its place",
    ],
    [{ code: "cuts-word" }, "it stands at 4..6, but across the words of the text"],
  ])("%j of a keyword that is all there", (why, expected) => {
    expect(words(why, 3, 3)).toBe(expected);
  });

  it("names the part of a combination, and options as they are written", () => {
    const why: Obstacle = { code: "nowhere", wanted: "香" };
    expect(missInWords({ part: "香烟", found: 0, of: 2, start: null, end: null, why })).toBe(
      'part "香烟" is missing: its first character "香" is nowhere in the text',
    );
    expect([
      optionInWords({ option: "gap", value: "wide" }),
      optionInWords({ option: "within", value: null }),
      optionInWords({ option: "wordBoundary", value: false }),
    ]).toEqual(["gap: wide", "within: null", "wordBoundary: false"]);
  });
});
