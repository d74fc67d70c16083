/** Sketches: as exact as they say, and the same whatever they were added up from. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { DistinctSketch, IdSketch } from "../../src/tally/sketches.ts";

const hash = (text: string) => createHash("sha256").update(text).digest().readBigUInt64LE();

/** A sketch's text of records, as the format is described: register = the low 12 bits, rank = leading zeros of the rest + 1. */
function distinctOf(texts: readonly string[]): string {
  const registers = Buffer.alloc(4096);
  for (const text of texts) {
    const bits = hash(text);
    const index = Number(bits & 0xfffn);
    let rank = 1;
    for (let at = 63n; at >= 12n && ((bits >> at) & 1n) === 0n; at--) rank++;
    registers[index] = Math.max(registers[index] as number, rank);
  }
  return `d:${registers.toString("base64")}`;
}

function idsOf(ids: readonly string[]): string {
  const counts = new Map<bigint, number>();
  for (const id of ids) counts.set(hash(id), (counts.get(hash(id)) ?? 0) + 1);
  const kept = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(0, 4096);
  const bytes = Buffer.alloc(12 * kept.length);
  kept.forEach(([id, count], at) => {
    bytes.writeBigUInt64LE(id, 12 * at);
    bytes.writeUInt32LE(count, 12 * at + 8);
  });
  return bytes.toString("base64");
}

const names = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `record ${n + from}`);

describe("DistinctSketch", () => {
  it.each([0, 1, 100, 5_000, 40_000])("estimates %i within five standard errors", (count) => {
    const estimate = DistinctSketch.parse(distinctOf(names(count))).estimate();
    expect(Math.abs(estimate - count)).toBeLessThanOrEqual(Math.ceil(5 * 0.0163 * count));
  });

  it("adds up to the sketch of the whole, in any order, and repeats change nothing", () => {
    const [a, b] = [names(3000), names(4000, 2000)];
    const whole = DistinctSketch.parse(distinctOf([...a, ...b])).estimate();
    for (const parts of [
      [a, b],
      [b, a],
      [a, b, a],
      [[], b, a],
    ]) {
      const sum = new DistinctSketch();
      for (const part of parts) sum.add(DistinctSketch.parse(distinctOf(part)));
      expect(sum.estimate()).toBe(whole);
    }
  });

  it("reads the short form as the long one", () => {
    const short = Buffer.from([5, 0, 3, 0xff, 0x0f, 1]);
    const registers = Buffer.alloc(4096);
    [registers[5], registers[4095]] = [3, 1];
    const parse = (text: string) => DistinctSketch.parse(text).estimate();
    expect(parse(`s:${short.toString("base64")}`)).toBe(parse(`d:${registers.toString("base64")}`));
    expect(parse("s:")).toBe(0);
  });

  it.each([
    "",
    "d:",
    "d:AAAA",
    "s:AAA",
    "x:AAAA",
    `s:${Buffer.from([0, 16, 1]).toString("base64")}`,
  ])("refuses %j", (text) => {
    expect(() => DistinctSketch.parse(text)).toThrow(RangeError);
  });
});

describe("IdSketch", () => {
  it("counts repeats exactly up to 4,095 ids", () => {
    const ids = [...names(4000), ...names(50), ...names(7)];
    expect(IdSketch.parse(idsOf(ids)).repeated()).toEqual({ count: 57, exact: true });
    expect(new IdSketch().repeated()).toEqual({ count: 0, exact: true });
  });

  it("estimates them above, and finds none where there are none", () => {
    const twice = IdSketch.parse(idsOf([...names(30_000), ...names(30_000)])).repeated();
    expect(twice.exact).toBe(false);
    expect(Math.abs(twice.count - 30_000)).toBeLessThan(0.1 * 30_000);
    expect(IdSketch.parse(idsOf(names(30_000))).repeated()).toEqual({ count: 0, exact: false });
  });

  it("adds up to the sketch of the whole, in any order", () => {
    const parts = [names(3000), names(3000, 1500), names(3000, 100)];
    const whole = IdSketch.parse(idsOf(parts.flat())).repeated();
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      const sum = new IdSketch();
      for (const at of order) sum.add(IdSketch.parse(idsOf(parts[at] as string[])));
      expect(sum.repeated()).toEqual(whole);
    }
  });

  it("refuses a text that is not one", () => {
    expect(() => IdSketch.parse("AAAA")).toThrow("12 bytes an id; this has 3");
    const [one, two] = [Buffer.from("010000000000000001000000", "hex"), Buffer.from("020000000000000001000000", "hex")];
    expect(IdSketch.parse(Buffer.concat([one, two]).toString("base64")).repeated()).toEqual({ count: 0, exact: true });
    for (const pair of [
      [two, one],
      [one, one],
    ]) {
      expect(() => IdSketch.parse(Buffer.concat(pair).toString("base64"))).toThrow("is not over the one before");
    }
  });
});
