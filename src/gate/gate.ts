/** The literal gates: integer comparisons on counts, and the bounds that stand beside them. Reads no files. */
import { checkInteger } from "./stats/check.ts";
import { exactLower, exactUpper, finiteLower, finiteUpper } from "./stats/intervals.ts";

/** A number of records. From 2^53 on, only a bigint counts exactly. */
export type Count = number | bigint;

/** A share as two integers, so that it can be compared without rounding. */
export interface Fraction {
  readonly num: number;
  readonly den: number;
}

export type Result = "pass" | "fail" | "not-decided";

/** One-sided bounds on the share flagged among all records of a source, each at its own 95 %. */
export interface Interval {
  /** `census`: every record was assessed; `hypergeometric`: more than 5 % of them were; else `clopper-pearson`. */
  readonly method: "census" | "hypergeometric" | "clopper-pearson";
  readonly conf: 0.95;
  /** 0..1. */
  readonly lower: number;
  /** 0..1. */
  readonly upper: number;
  /** `shown`: the upper bound is within the limit; `exceeded`: the lower bound is over it. */
  readonly verdict: "shown" | "exceeded" | "not-shown";
}

/** Counts of one source; every record counted once. */
export interface SourceCounts {
  /** Records with a verdict, n. */
  readonly assessed: Count;
  /** Assessed records with any risk of A.1-A.4. */
  readonly flagged: Count;
  /** All records of the source that are not empty, N; absent where that is not known. */
  readonly records?: Count | undefined;
}

export interface GateResult {
  readonly result: Result;
  /** flagged / assessed, 0..1; null when nothing was assessed. */
  readonly share: number | null;
  /** Advice beside the result; null when nothing was assessed. */
  readonly interval: Interval | null;
}

const CONF = 0.95;

/** From more than this share of the population on, that it is finite narrows the bounds enough to matter. */
const FINITE_FROM = { num: 1n, den: 20n };

/**
 * Decides whether a source may be used (GB/T 45654, 5.1 a).
 *
 * The bounds take the assessed records for a random draw from the source. Records that could not be read are no such
 * draw, so for a source with many of them the bounds are too narrow; the gate itself does not use them.
 *
 * @param counts - counts of the source
 * @param limit - largest allowed share, compared exactly (`flagged * den <= assessed * num`)
 * @returns the result, the share, and its one-sided 95 % bounds; `not-decided` when nothing was assessed: no records
 *   is not a pass
 * @throws RangeError when a count is no count, flagged exceeds assessed, assessed exceeds records, or the limit is not
 *   in 0..1
 *
 * @example
 * gateSource({ assessed: 4000, flagged: 200 }, { num: 1, den: 20 }).result // "pass": exactly 5 % is not over 5 %
 */
export function gateSource(counts: SourceCounts, limit: Fraction): GateResult {
  checkInteger("limit.den", limit.den, 1);
  checkInteger("limit.num", limit.num, 0, limit.den, "limit.den");
  const assessed = toCount("assessed", counts.assessed);
  const flagged = toCount("flagged", counts.flagged);
  checkAtMost("flagged", flagged, "assessed", assessed);
  const records = counts.records === undefined ? null : toCount("records", counts.records);
  if (records !== null) checkAtMost("assessed", assessed, "records", records);
  if (assessed === 0n) return { result: "not-decided", share: null, interval: null };
  return {
    result: isAtMost(flagged, assessed, limit) ? "pass" : "fail",
    share: quotient(flagged, assessed),
    interval: boundShare(assessed, flagged, records, limit),
  };
}

function boundShare(assessed: bigint, flagged: bigint, records: bigint | null, limit: Fraction): Interval {
  if (records === assessed) {
    const share = quotient(flagged, assessed);
    const verdict = isAtMost(flagged, assessed, limit) ? "shown" : "exceeded";
    return { method: "census", conf: CONF, lower: share, upper: share, verdict };
  }
  const k = Number(flagged);
  const n = Number(assessed);
  // the finite bounds are exact integers; where doubles have none, the others, which are wider, stand in
  const countable = records !== null && records <= BigInt(Number.MAX_SAFE_INTEGER);
  if (countable && assessed * FINITE_FROM.den > records * FINITE_FROM.num) {
    const finite = { k, n, N: Number(records), conf: CONF };
    const lower = BigInt(finiteLower(finite));
    const upper = BigInt(finiteUpper(finite));
    const verdict = isAtMost(upper, records, limit)
      ? "shown"
      : isAtMost(lower, records, limit)
        ? "not-shown"
        : "exceeded";
    return {
      method: "hypergeometric",
      conf: CONF,
      lower: quotient(lower, records),
      upper: quotient(upper, records),
      verdict,
    };
  }
  const lower = exactLower(k, n, 1 - CONF);
  const upper = exactUpper(k, n, 1 - CONF);
  const most = limit.num / limit.den;
  const verdict = upper <= most ? "shown" : lower > most ? "exceeded" : "not-shown";
  return { method: "clopper-pearson", conf: CONF, lower, upper, verdict };
}

/** Counts of the technical sample over the whole corpus. */
export interface TechnicalCounts {
  /** All records that are not empty, N: the unreadable ones weigh here. */
  readonly population: Count;
  /** Records with a verdict of keywords and classifiers, n. */
  readonly assessed: Count;
  /** Assessed records without any risk of the profile. */
  readonly qualified: Count;
}

/** Which comparison of 9.2 b does not hold. */
export type TechnicalReason = "nothing-assessed" | "sample-too-small" | "too-few-qualified";

export interface TechnicalResult {
  readonly result: Result;
  /** Empty exactly when the result is `pass`. */
  readonly reasons: readonly TechnicalReason[];
}

/** 9.2 b: at least 10 % of the records, of which at least 98 % qualified. */
export const TECHNICAL_LIMITS = {
  assessed: { num: 1, den: 10 },
  qualified: { num: 98, den: 100 },
} as const satisfies Record<string, Fraction>;

/**
 * Decides the technical check of the corpus (GB/T 45654, 9.2 b): `assessed * 10 >= population` and
 * `qualified * 100 >= 98 * assessed`.
 *
 * @param counts - counts over the whole corpus
 * @returns the result and what failed; `not-decided` when nothing was assessed
 * @throws RangeError when a count is no count, qualified exceeds assessed, or assessed exceeds population
 *
 * @example
 * gateTechnicalSample({ population: 40_000, assessed: 3_999, qualified: 3_999 }) // fail, ["sample-too-small"]
 */
export function gateTechnicalSample(counts: TechnicalCounts): TechnicalResult {
  const population = toCount("population", counts.population);
  const assessed = toCount("assessed", counts.assessed);
  const qualified = toCount("qualified", counts.qualified);
  checkAtMost("qualified", qualified, "assessed", assessed);
  checkAtMost("assessed", assessed, "population", population);
  if (assessed === 0n) return { result: "not-decided", reasons: ["nothing-assessed"] };
  const reasons: TechnicalReason[] = [];
  if (!isAtLeast(assessed, population, TECHNICAL_LIMITS.assessed)) reasons.push("sample-too-small");
  if (!isAtLeast(qualified, assessed, TECHNICAL_LIMITS.qualified)) reasons.push("too-few-qualified");
  return { result: reasons.length === 0 ? "pass" : "fail", reasons };
}

/**
 * A share as a percentage with two decimals that never looks better than it is (Results 5 of the standard's
 * semantics): cut for "at least" gates, rounded up for "at most" gates. Exact for any size of count.
 *
 * @param num - records counted, 0..den
 * @param den - records looked at, from 1
 * @param gate - the kind of gate the share is held against
 * @throws RangeError when a count is no count, num exceeds den, or den is 0
 *
 * @example
 * shareText(979_999, 1_000_000, "at-least") // "97.99 %"
 * shareText(50_001, 1_000_000, "at-most") // "5.01 %"
 */
export function shareText(num: Count, den: Count, gate: "at-most" | "at-least"): string {
  const part = toCount("num", num);
  const whole = toCount("den", den);
  checkAtMost("num", part, "den", whole);
  if (whole === 0n) throw new RangeError("den is 0; it must be at least 1: there is no share of nothing");
  const scaled = part * 10_000n;
  const hundredths = gate === "at-most" ? (scaled + whole - 1n) / whole : scaled / whole;
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")} %`;
}

function toCount(name: string, value: Count): bigint {
  if (typeof value !== "bigint") {
    if (Number.isInteger(value) && value > Number.MAX_SAFE_INTEGER) {
      throw new RangeError(
        `${name} is ${value}; above ${Number.MAX_SAFE_INTEGER} a number no longer counts exactly, use a bigint`,
      );
    }
    checkInteger(name, value, 0);
    return BigInt(value);
  }
  if (value < 0n) throw new RangeError(`${name} is ${value}; it must be an integer from 0`);
  return value;
}

function checkAtMost(name: string, value: bigint, limitName: string, limit: bigint): void {
  if (value > limit) throw new RangeError(`${name} is ${value}; it must be at most ${limitName} = ${limit}`);
}

function isAtMost(part: bigint, whole: bigint, limit: Fraction): boolean {
  return part * BigInt(limit.den) <= whole * BigInt(limit.num);
}

function isAtLeast(part: bigint, whole: bigint, limit: Fraction): boolean {
  return part * BigInt(limit.den) >= whole * BigInt(limit.num);
}

/** part / whole, correctly rounded also where the counts themselves are too large for a double. */
function quotient(part: bigint, whole: bigint): number {
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  if (whole <= most) return Number(part) / Number(whole);
  // keep 63 bits: more than a double shows
  return Number((part << 63n) / whole) / 2 ** 63;
}
