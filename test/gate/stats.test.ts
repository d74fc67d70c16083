/** The statistics against values of scipy, statsmodels, ppi-python and mpmath (test/data/stats), and their own laws. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as stats from "../../src/gate/stats/index.ts";
import { finiteLower } from "../../src/gate/stats/intervals.ts";

interface Case {
  readonly id?: string;
  readonly fn: string;
  readonly args: unknown;
  readonly expected: unknown;
  readonly says: string;
}

function load(name: string): Case[] {
  const url = new URL(`../data/stats/${name}`, import.meta.url);
  return (JSON.parse(readFileSync(url, "utf8")) as { cases: Case[] }).cases;
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function call(fn: string, args: unknown): unknown {
  const functions = stats as unknown as Record<string, (args: unknown) => unknown>;
  const run = functions[camelCase(fn)];
  if (run === undefined) throw new Error(`corpusgate/stats has no ${camelCase(fn)}`);
  return run(args);
}

/** Paths at which two values differ: numbers by more than 1e-9 relative and 1e-12 absolute, anything else at all. */
function differences(got: unknown, want: unknown, path = "result"): string[] {
  if (Array.isArray(want)) {
    if (!Array.isArray(got) || got.length !== want.length) return [`${path}: ${JSON.stringify(got)}`];
    return want.flatMap((value, i) => differences(got[i], value, `${path}[${i}]`));
  }
  if (typeof want === "number" && typeof got === "number" && !isCount(want)) {
    const error = Math.abs(got - want);
    return error <= 1e-12 || error <= 1e-9 * Math.abs(want) ? [] : [`${path}: ${got}, not ${want}`];
  }
  return got === want ? [] : [`${path}: ${String(got)}, not ${String(want)}`];
}

/** -1, and integers from 2, can only be counts; 0 and 1 are shares as well. */
function isCount(value: number): boolean {
  return Number.isInteger(value) && value !== 0 && value !== 1;
}

const reference = load("reference.json");
const extra = load("extra.json");

describe("reference values", () => {
  it("are all there", () => {
    expect(reference).toHaveLength(106);
    expect(extra.length).toBeGreaterThanOrEqual(150);
  });

  it("cover every exported function, and no other is exported", () => {
    const named = new Set(reference.map(({ fn }) => camelCase(fn)));
    expect(Object.keys(stats).sort()).toEqual([...named].sort());
    expect(new Set(extra.map(({ fn }) => camelCase(fn)))).toEqual(named);
  });

  it.each(reference.map((c) => [c.id, c] as const))("reference %s", (_, { fn, args, expected }) => {
    expect(differences(call(fn, args), expected)).toEqual([]);
  });

  it.each(extra.map((c) => [c.id, c] as const))("extra %s", (_, { fn, args, expected }) => {
    expect(differences(call(fn, args), expected)).toEqual([]);
  });
});

describe("refused arguments", () => {
  const refused = load("refused.json");

  it("cover every function", () => {
    expect(new Set(refused.map(({ fn }) => fn))).toEqual(new Set(reference.map(({ fn }) => fn)));
  });

  it.each(refused.map((c) => [c.fn, c.says, c] as const))("%s: %s", (_fn, _says, { fn, args, says }) => {
    let thrown: unknown;
    try {
      call(fn, args);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(RangeError);
    expect((thrown as Error).message.slice(0, says.length)).toBe(says);
  });
});

describe("laws", () => {
  const sizes = [1, 2, 57, 399, 401, 4000, 123_457, 10 ** 9];

  it("mirrored counts have mirrored exact bounds", () => {
    for (const n of sizes) {
      for (const k of [0, 1, Math.floor(n / 20), n]) {
        const [lower, upper] = stats.clopperPearson({ k, n, conf: 0.95 });
        const [mirrorLower, mirrorUpper] = stats.clopperPearson({ k: n - k, n, conf: 0.95 });
        expect(differences([1 - mirrorUpper, 1 - mirrorLower], [lower, upper])).toEqual([]);
      }
    }
  });

  it("the exact upper bound is where the binomial tail is 1 - conf", () => {
    for (const n of sizes) {
      for (const k of [0, 1, Math.floor(n / 20)].filter((count) => count < n)) {
        const p = stats.cpUpper({ k, n, conf: 0.999 });
        expect(stats.binomCdf({ c: k, n, p }) / 0.001).toBeCloseTo(1, 6);
      }
    }
  });

  it("quantile and distribution function are inverse on both sides of every change of method", () => {
    for (const a of [0.5, 1, 1.5, 199.9, 200, 5000, 1e7]) {
      for (const b of [0.5, 1, 2, 199.9, 200, 1e6]) {
        for (const q of [1e-9, 0.025, 0.5, 0.95, 0.9999]) {
          const x = stats.betaPpf({ q, a, b });
          const back = x > 0.5 ? 1 - stats.betainc({ a: b, b: a, x: 1 - x }) : stats.betainc({ a, b, x });
          // 1 - x keeps only 1e-16, which the density near 1 multiplies
          if (1 - x > 1e-6) expect(Math.abs(back - q)).toBeLessThan(1e-9 * q + 1e-9 * (1 - x));
        }
      }
    }
  });

  it("the bound falls where confidence does, and every method stays in order", () => {
    for (const n of sizes) {
      const k = Math.floor(n / 25);
      let before = 1;
      for (const conf of [0.9999, 0.99, 0.95, 0.8]) {
        const upper = stats.cpUpper({ k, n, conf });
        expect(upper).toBeLessThan(before);
        expect(upper).toBeGreaterThan(k / n);
        expect(stats.cpLower({ k, n, conf })).toBeLessThanOrEqual(k / n);
        before = upper;
      }
    }
  });

  it("a finite bound is the last count that is not refuted, from both sides", () => {
    for (const [k, n, N] of [
      [2, 100, 1000],
      [0, 58, 200],
      [58, 58, 200],
      [160, 4000, 50_000],
    ] as const) {
      const upper = stats.finiteUpper({ k, n, N, conf: 0.95 });
      const most = N - (n - k);
      expect(upper === most || stats.hypergeomCdf({ c: k, N, D: upper + 1, n }) <= 1 - 0.95).toBe(true);
      expect(stats.hypergeomCdf({ c: k, N, D: upper, n })).toBeGreaterThan(1 - 0.95);
      const lower = finiteLower({ k, n, N, conf: 0.95 });
      const atLeast = (D: number): number => 1 - stats.hypergeomCdf({ c: k - 1, N, D, n });
      expect(atLeast(lower)).toBeGreaterThan(1 - 0.95);
      expect(lower === k || atLeast(lower - 1) <= 1 - 0.95).toBe(true);
    }
  });

  it("a hypergeometric tail does not jump where summing gives way to integrating", () => {
    // standard deviation N/8 / sqrt(N) * 2 = sqrt(N)/4, so N = 1.6e9 is the border at 10,000
    const upperTails = [1.599e9, 1.6e9, 1.602e9].map((N) => {
      const half = N / 2;
      return stats.hypergeomCdf({ c: N / 4 - Math.round(Math.sqrt(N) / 4), N, D: half, n: half });
    });
    for (const tail of upperTails) expect(tail).toBeCloseTo(0.158_66, 4); // one standard deviation below the mean
  });

  it("distribution functions are 0 and 1 outside the support", () => {
    expect(stats.binomCdf({ c: -1, n: 5, p: 0.5 })).toBe(0);
    expect(stats.binomCdf({ c: 6, n: 5, p: 0.5 })).toBe(1);
    expect(stats.hypergeomCdf({ c: 0, N: 10, D: 8, n: 5 })).toBe(0);
    expect(stats.hypergeomCdf({ c: 5, N: 10, D: 8, n: 5 })).toBe(1);
    expect(stats.betaBinomCdf({ c: -3, n: 5, a: 1, b: 1 })).toBe(0);
    expect(stats.betaBinomCdf({ c: 5, n: 5, a: 1, b: 1 })).toBe(1);
  });

  it("thresholds that are met exactly count as met", () => {
    // (1/2)^3 = 1 - 0.875, and half of an odd number of fair tosses
    expect(stats.minSampleSize({ c: 0, p0: 0.5, conf: 0.875 })).toBe(3);
    expect(stats.acceptanceNumber({ n: 7, p0: 0.5, conf: 0.5 })).toBe(3);
    expect(stats.minSampleSize({ c: 0, p0: 0.95, conf: 0.95 })).toBe(1);
    // 1 of 10: 0.1 is more than 1 - 0.9 as doubles have it, 0.05 is less than 1 - 0.95
    expect(stats.finiteUpper({ k: 0, n: 1, N: 10, conf: 0.9 })).toBe(9);
    expect(stats.finiteUpper({ k: 0, n: 1, N: 20, conf: 0.95 })).toBe(18);
  });

  it("agreement on a single category is not a number", () => {
    expect(
      stats.kappa({
        table: [
          [10, 0],
          [0, 0],
        ],
      }),
    ).toEqual([Number.NaN, Number.NaN]);
    expect(
      stats.fleiss({
        table: [
          [3, 0],
          [3, 0],
        ],
      }),
    ).toBeNaN();
  });

  it("no p-values, no rejections", () => {
    expect(stats.holm({ p: [], alpha: 0.05 })).toEqual([[], []]);
    expect(stats.bh({ p: [], alpha: 0.05 })).toEqual([[], []]);
  });

  it("bottom-k does not depend on order, and parts merge", () => {
    const ids = Array.from({ length: 200 }, (_, i) => `doc-${i}`);
    const whole = stats.bottomK({ seed: "s", ids, k: 20 });
    expect(stats.bottomK({ seed: "s", ids: [...ids].reverse(), k: 20 })).toEqual(whole);
    const parts = [ids.slice(0, 77), ids.slice(77)].flatMap((part) => stats.bottomK({ seed: "s", ids: part, k: 20 }));
    expect(stats.bottomK({ seed: "s", ids: parts, k: 20 })).toEqual(whole);
    expect(stats.bottomK({ seed: "s", ids, k: 500 })).toHaveLength(200);
  });

  it("a tuned prediction-powered interval is no longer than those at fixed weights", () => {
    const counts = { tp: 80, fp: 40, fn: 20, tn: 3860, N1: 6000, N0: 194_000, alpha: 0.05 };
    const length = (lam: number | null): number => {
      const [, lower, upper] = stats.ppiBinary({ ...counts, lam });
      return upper - lower;
    };
    for (const lam of [0, 0.25, 0.5, 1]) expect(length(null)).toBeLessThanOrEqual(length(lam) * 1.001);
    // a detector that never fires says nothing, and gets no weight
    const silent = { tp: 0, fp: 0, fn: 20, tn: 380, N1: 0, N0: 1000, alpha: 0.05 };
    expect(stats.ppiBinary({ ...silent, lam: null })).toEqual(stats.ppiBinary({ ...silent, lam: 0 }));
  });
});
