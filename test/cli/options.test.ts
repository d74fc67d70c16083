/** Values of options: what is taken, and what is refused in words. */
import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import { parseBytes, parseCount, parseHex, parseList } from "../../src/cli/options.ts";
import { printable } from "../../src/cli/output.ts";

describe("sizes", () => {
  it.each([
    ["1", 1],
    ["65536", 65536],
    ["64KiB", 65536],
    ["64k", 65536],
    ["64 KB", 65536],
    ["1.5MiB", 1572864],
    ["128MiB", 2 ** 27],
    ["4GiB", 2 ** 32],
    ["2T", 2 ** 41],
    [" 8M ", 2 ** 23],
  ])("%j is %d bytes", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each([
    "",
    "0",
    "0.5",
    "-1",
    "1e3",
    "1,5M",
    "12 parsecs",
    "MiB",
    "9999999T",
    "0x10",
    "Infinity",
  ])("%j is none", (text) => {
    expect(() => parseBytes(text)).toThrow(InvalidArgumentError);
  });
});

describe("counts", () => {
  it("are whole numbers from 1", () => {
    expect(["1", "007", "4000"].map(parseCount)).toEqual([1, 7, 4000]);
    for (const text of ["0", "-1", "1.5", "1e3", "", " ", "ten", "9007199254740993"]) {
      expect(() => parseCount(text), text).toThrow(InvalidArgumentError);
    }
  });
});

describe("nonces", () => {
  it("are hexadecimal digits, in one case", () => {
    expect(parseHex("00FFab")).toBe("00ffab");
    expect(parseHex("0".repeat(256))).toHaveLength(256);
    for (const text of ["", "0", "abc", "0x00", "gg", "00 ff", "0".repeat(258)]) {
      expect(() => parseHex(text), text).toThrow(InvalidArgumentError);
    }
  });
});

describe("lists", () => {
  it("hold allowed names alone", () => {
    const parse = parseList(["keyword", "fast"] as const);
    expect(parse("keyword, fast")).toEqual(["keyword", "fast"]);
    expect(() => parse("keyword,")).toThrow('"" is not one of keyword, fast');
    expect(() => parse("Fast")).toThrow('"Fast" is not one of keyword, fast');
  });
});

describe("printable", () => {
  it("shows what would drive a terminal or hide text, and leaves all else", () => {
    expect(printable("语料 a\tb\n😀 é")).toBe("语料 a\tb\n😀 é");
    expect(printable("a\u001b[2J\r\u0000\u202e\u200b\u2028\u{e0041}")).toBe(
      "a⟨U+001B⟩[2J⟨U+000D⟩⟨U+0000⟩⟨U+202E⟩⟨U+200B⟩⟨U+2028⟩⟨U+E0041⟩",
    );
  });
});
