/** The literal gates, case by case (test/data/stats/gate.yaml). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Count, type Fraction, gateSource, gateTechnicalSample, shareText } from "../../src/gate/gate.ts";
import * as stats from "../../src/gate/stats/index.ts";

type Counts = Record<string, Count>;

interface Cases {
  source: Array<{
    name: string;
    counts: { assessed: Count; flagged: Count; records?: Count };
    limit: string;
    result: string;
    share: number | null;
    method: string | null;
    verdict?: string;
  }>;
  technical: Array<{
    name: string;
    counts: { population: Count; assessed: Count; qualified: Count };
    result: string;
    reasons: string[];
  }>;
  text: Array<{ num: Count; den: Count; gate: "at-most" | "at-least"; text: string }>;
  refused: Array<{ call: string; counts?: Counts; limit?: string; num?: Count; den?: Count; says: string }>;
}

/** Integers are read exactly; those that a number holds exactly are handed over as numbers. */
function load(): Cases {
  const text = readFileSync(new URL("../data/stats/gate.yaml", import.meta.url), "utf8");
  const narrow = (value: unknown): unknown => {
    if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    if (Array.isArray(value)) return value.map(narrow);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, narrow(inner)]));
  };
  return narrow(parse(text, { intAsBigInt: true })) as Cases;
}

function fraction(text: string): Fraction {
  const [num, den] = text.split("/").map(Number);
  return { num: num ?? Number.NaN, den: den ?? Number.NaN };
}

const cases = load();

describe("gateSource", () => {
  it.each(cases.source.map((c) => [c.name, c] as const))("%s", (_, {
    counts,
    limit,
    result,
    share,
    method,
    verdict,
  }) => {
    const got = gateSource(counts, fraction(limit));
    expect(got.result).toBe(result);
    expect(got.share).toBe(share);
    expect(got.interval?.method ?? null).toBe(method);
    expect(got.interval?.verdict).toBe(verdict);
    if (got.interval === null || share === null) return;
    const { lower, upper, conf } = got.interval;
    expect(conf).toBe(0.95);
    expect(lower).toBeLessThanOrEqual(share);
    if (method === "hypergeometric")
      expect(upper).toBeGreaterThanOrEqual(Number(counts.flagged) / Number(counts.records));
    else expect(upper).toBeGreaterThanOrEqual(share);
    if (method === "census") expect([lower, upper]).toEqual([share, share]);
  });

  it("bounds are the one-sided bounds of the statistics", () => {
    const sample = { k: 160, n: 4000, conf: 0.95 };
    const limit = { num: 1, den: 20 };
    expect(gateSource({ assessed: 4000, flagged: 160, records: 80_000 }, limit).interval).toEqual({
      method: "clopper-pearson",
      conf: 0.95,
      lower: stats.cpLower(sample),
      upper: stats.cpUpper(sample),
      verdict: "shown",
    });
    const finite = gateSource({ assessed: 4000, flagged: 160, records: 50_000 }, limit).interval;
    expect(finite?.upper).toBe(2262 / 50_000);
    expect(finite?.upper).toBeLessThan(stats.cpUpper(sample));
    expect(finite?.lower).toBeGreaterThan(stats.cpLower(sample));
  });

  it("agrees with exact arithmetic on either side of every limit", () => {
    for (const assessed of [1, 19, 20, 21, 999_983, Number.MAX_SAFE_INTEGER]) {
      const most = BigInt(assessed) / 20n;
      const limit = { num: 1, den: 20 };
      expect(gateSource({ assessed, flagged: most }, limit).result).toBe("pass");
      expect(gateSource({ assessed, flagged: most + 1n }, limit).result).toBe("fail");
    }
  });

  it("bounds are at hand for any size of count", () => {
    const tenfold = gateSource({ assessed: 2n ** 70n, flagged: 2n ** 65n, records: 2n ** 71n }, { num: 1, den: 20 });
    expect(tenfold.share).toBe(1 / 32);
    expect(tenfold.interval?.verdict).toBe("shown");
    const wide = gateSource(
      { assessed: 2 ** 52, flagged: 2 ** 46, records: Number.MAX_SAFE_INTEGER },
      { num: 1, den: 20 },
    );
    expect(wide.interval?.method).toBe("hypergeometric");
    expect(wide.interval?.upper).toBeCloseTo(2 ** -6, 8);
  });
});

describe("gateTechnicalSample", () => {
  it.each(cases.technical.map((c) => [c.name, c] as const))("%s", (_, { counts, result, reasons }) => {
    expect(gateTechnicalSample(counts)).toEqual({ result, reasons });
  });
});

describe("shareText", () => {
  it.each(cases.text.map((c) => [`${c.num}/${c.den} ${c.gate}`, c] as const))("%s", (_, { num, den, gate, text }) => {
    expect(shareText(num, den, gate)).toBe(text);
  });
});

describe("what is no count", () => {
  it.each(cases.refused.map((c) => [c.call, c.says, c] as const))("%s: %s", (_call, _says, c) => {
    const run = (): unknown => {
      if (c.call === "text") return shareText(c.num ?? 0, c.den ?? 0, "at-most");
      if (c.call === "source") return gateSource(c.counts as never, fraction(c.limit ?? ""));
      return gateTechnicalSample(c.counts as never);
    };
    expect(run).toThrow(RangeError);
    expect(run).toThrow(c.says);
  });
});
