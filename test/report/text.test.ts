/** Formatting: percentages that never flatter, and texts that cannot hide anything. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  atLeastText,
  atMostText,
  boundText,
  bytesText,
  countOf,
  countText,
  gateReasonText,
  reasonCounts,
  reasonTexts,
  visibleText,
} from "../../src/report/text.ts";
import { reasons } from "../../src/tally/tally.ts";
import { source } from "./fixtures.ts";

describe("numbers", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [1000, "1,000"],
    [1234567, "1,234,567"],
    [Number.MAX_SAFE_INTEGER, "9,007,199,254,740,991"],
  ])("countText(%d) is %s", (count, text) => {
    expect(countText(count)).toBe(text);
  });

  it("names one and many", () => {
    expect([countOf(0, "record"), countOf(1, "record"), countOf(2000, "record")]).toEqual([
      "0 records",
      "1 record",
      "2,000 records",
    ]);
  });

  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1024 ** 2 - 1, "1.0 MiB"],
    [5 * 1024 ** 4, "5.0 TiB"],
  ])("bytesText(%d) is %s", (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it("rounds up at most, cuts at least, and shows no share of nothing", () => {
    expect(atMostText(50_001, 1_000_000)).toBe("5.01 %");
    expect(atMostText(1, 20)).toBe("5.00 %");
    expect(atLeastText(979_999, 1_000_000)).toBe("97.99 %");
    expect(atLeastText(98, 100)).toBe("98.00 %");
    expect([atMostText(0, 0), atLeastText(0, 0)]).toEqual(["–", "–"]);
  });

  it.each([
    [0, "0.00 %"],
    [0.05, "5.00 %"],
    [0.07, "7.00 %"], // 0.07 * 10000 is 700.0000000000001
    [0.0500000001, "5.01 %"],
    [0.04999999, "5.00 %"],
    [1, "100.00 %"],
  ])("boundText(%d) is %s: over 5.00 %% exactly when the bound is", (bound, text) => {
    expect(boundText(bound)).toBe(text);
  });
});

describe("visibleText", () => {
  it.each([
    ["wiki-zh", "wiki-zh"],
    ["国内新闻", "国内新闻"],
    ["a b", "a b"],
    ["", "⟨empty⟩"],
    [" ", "⟨U+0020⟩"],
    ["a  b ", "a ⟨U+0020⟩b⟨U+0020⟩"],
    ["a\nb\u001b[31m", "a⟨U+000A⟩b⟨U+001B⟩[31m"],
    ["\u202ecod.exe", "⟨U+202E⟩cod.exe"],
    ["源一\u200b", "源一⟨U+200B⟩"],
    ["a\u00a0b\u3000", "a⟨U+00A0⟩b⟨U+3000⟩"],
    ["\u{e0041}\u3164\u2800", "⟨U+E0041⟩⟨U+3164⟩⟨U+2800⟩"],
    ["\ud800x\uffff", "⟨U+D800⟩x⟨U+FFFF⟩"],
    ["e\u0301", "e⟨U+0301⟩"],
    ["\u00e9", "\u00e9"],
    ["⟨U+202E⟩", "⟨U+27E8⟩U+202E⟩"],
  ])("shows %j as %j", (text, visible) => {
    expect(visibleText(text)).toBe(visible);
  });

  it("shows different texts differently", () => {
    const { sourceIds } = JSON.parse(readFileSync("test/data/report/hostile-strings.json", "utf8")) as {
      sourceIds: string[];
    };
    const texts = [
      ...sourceIds,
      "<empty>",
      "⟨empty⟩",
      "\u00e9",
      "e\u0301",
      "e",
      "\u0301",
      "\u212b",
      "\u00c5",
      "A\u030a",
      "  ",
      "    ",
    ];
    expect(new Set(texts.map(visibleText)).size).toBe(new Set(texts).size);
    const normal = texts.map((text) => visibleText(text).normalize("NFC"));
    expect(new Set(normal).size).toBe(new Set(texts).size);
  });
});

describe("reasons", () => {
  it("of not assessed all have words", () => {
    expect(Object.keys(reasonTexts)).toEqual([...reasons]);
  });

  it("are listed by count, then in the order of the list; one that is not known by its name", () => {
    const notAssessed = { timeout: 5, "too-long": 9, "invalid-utf8": 5, constructor: 1, unreadable: 0 };
    const counts = source({ id: "a", assessed: 1, flagged: 0, notAssessed: notAssessed as never });
    expect(reasonCounts(counts).map(({ text, count }) => [text.label, count])).toEqual([
      ["too long", 9],
      ["invalid UTF-8", 5],
      ["timed out", 5],
      ["constructor", 1],
    ]);
  });

  it("of a gate that are not known stay as they are", () => {
    expect(gateReasonText("constructor")).toBe("constructor");
    expect(gateReasonText("stage-missing")).toBe("a stage that the policy needs did not run");
  });
});
