/**
 * Intervals and bounds for one share: `k` flagged of `n`. All results are shares 0..1, except counts where it says so.
 */
import { betaQuantile } from "./_beta.ts";
import { firstInteger, hypergeometricExceeds } from "./_binomial.ts";
import { gammaQuantile } from "./_gamma.ts";
import { normalQuantile } from "./_normal.ts";
import { checkCount, checkInteger, checkLevel } from "./check.ts";

/** `k` of `n` records, and the confidence level. */
export interface ShareArgs {
  /** Records with the property, 0..n. */
  readonly k: number;
  /** Records seen, from 1. */
  readonly n: number;
  /** Confidence level, above 0 and below 1. */
  readonly conf: number;
}

function check({ k, n, conf }: ShareArgs): void {
  checkCount(k, n);
  checkLevel("conf", conf);
}

/** Half the error level, as the references compute it, and the normal quantile above it. */
function twoSided(conf: number): { tail: number; z: number } {
  const tail = (1 - conf) / 2;
  return { tail, z: -normalQuantile(tail) };
}

/**
 * Two-sided exact interval (Clopper & Pearson, Biometrika 26 (1934) 404-413):
 * beta quantiles `B(α/2; k, n - k + 1)` and `B(1 - α/2; k + 1, n - k)`, α = 1 - conf.
 *
 * @returns `[lower, upper]`
 * @throws RangeError when an argument is out of range
 */
export function clopperPearson(args: ShareArgs): [number, number] {
  check(args);
  const { k, n, conf } = args;
  const { tail } = twoSided(conf);
  return [exactLower(k, n, tail), exactUpper(k, n, tail)];
}

/**
 * One-sided exact upper bound: the beta quantile `B(conf; k + 1, n - k)`, 1 where k = n (Clopper & Pearson 1934).
 *
 * @throws RangeError when an argument is out of range
 */
export function cpUpper(args: ShareArgs): number {
  check(args);
  return exactUpper(args.k, args.n, 1 - args.conf);
}

/**
 * One-sided exact lower bound: the beta quantile `B(1 - conf; k, n - k + 1)`, 0 where k = 0 (Clopper & Pearson 1934).
 *
 * @throws RangeError when an argument is out of range
 */
export function cpLower(args: ShareArgs): number {
  check(args);
  return exactLower(args.k, args.n, 1 - args.conf);
}

/** {@link cpLower} at the error level `tail`, unchecked: also for counts above 2^53, which doubles round. */
export function exactLower(k: number, n: number, tail: number): number {
  return k === 0 ? 0 : betaQuantile(tail, 1 - tail, k, n - k + 1);
}

/** {@link cpUpper} at the error level `tail`, unchecked: also for counts above 2^53, which doubles round. */
export function exactUpper(k: number, n: number, tail: number): number {
  return k === n ? 1 : betaQuantile(1 - tail, tail, k + 1, n - k);
}

/**
 * Wilson's score interval (J. Amer. Stat. Assoc. 22 (1927) 209-212): the `p` with `|k/n - p| = z sqrt(p (1 - p) / n)`.
 *
 * @returns `[lower, upper]`
 * @throws RangeError when an argument is out of range
 */
export function wilson(args: ShareArgs): [number, number] {
  check(args);
  const { k, n, conf } = args;
  const { z } = twoSided(conf);
  const zz = z * z;
  const root = z * Math.sqrt(4 * k * ((n - k) / n) + zz);
  const upper = (2 * k + zz + root) / (2 * (n + zz));
  // The bounds multiply to (k/n)^2 / (1 + z²/n); the difference would cancel for few hits in many records.
  const lower = ((k / n) * k) / ((n + zz) * upper);
  return [lower, k === n ? 1 : upper];
}

/**
 * Wilson's interval with continuity correction (Newcombe, Statistics in Medicine 17 (1998) 857-872, method 4).
 *
 * @returns `[lower, upper]`; 0 where k = 0, 1 where k = n
 * @throws RangeError when an argument is out of range
 */
export function wilsonCc(args: ShareArgs): [number, number] {
  check(args);
  const { k, n, conf } = args;
  const z = normalQuantile(0.5 + 0.5 * conf);
  const zz = z * z;
  const q = (n - k) / n;
  const size = 2 * (n + zz);
  const lower = (2 * k + zz - 1 - z * Math.sqrt(zz - 2 - 1 / n + 4 * k * (q + 1 / n))) / size;
  const upper = (2 * k + zz + 1 + z * Math.sqrt(zz + 2 - 1 / n + 4 * k * (q - 1 / n))) / size;
  return [k === 0 ? 0 : lower, k === n ? 1 : upper];
}

/**
 * Jeffreys' interval: quantiles of `Beta(k + 1/2, n - k + 1/2)` (Brown, Cai & DasGupta, Statistical Science 16 (2001)
 * 101-133), without their exception at k = 0 and k = n.
 *
 * @returns `[lower, upper]`
 * @throws RangeError when an argument is out of range
 */
export function jeffreys(args: ShareArgs): [number, number] {
  check(args);
  const { k, n, conf } = args;
  const { tail } = twoSided(conf);
  const a = k + 0.5;
  const b = n - k + 0.5;
  return [betaQuantile(tail, 1 - tail, a, b), betaQuantile(1 - tail, tail, a, b)];
}

/**
 * Agresti & Coull's interval (American Statistician 52 (1998) 119-126): Wald's interval on `k + z²/2` of `n + z²`,
 * cut to 0..1.
 *
 * @returns `[lower, upper]`
 * @throws RangeError when an argument is out of range
 */
export function agrestiCoull(args: ShareArgs): [number, number] {
  check(args);
  const { k, n, conf } = args;
  const { z } = twoSided(conf);
  const size = n + z * z;
  const centre = (k + (z * z) / 2) / size;
  const half = z * Math.sqrt((centre * (1 - centre)) / size);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** `k` of `n` drawn without replacement from `N`. */
export interface FiniteArgs extends ShareArgs {
  /** Population, from n. */
  readonly N: number;
}

function checkFinite(args: FiniteArgs): void {
  check(args);
  checkInteger("N", args.N, args.n);
}

/**
 * One-sided upper bound on the number flagged in a finite population: the largest `D` with
 * `P(X <= k; N, D, n) > 1 - conf`, X hypergeometric (Wright, Exact Confidence Bounds when Sampling from Small Finite
 * Universes, 1991).
 *
 * @returns a count of records, k..N - (n - k)
 * @throws RangeError when an argument is out of range
 */
export function finiteUpper(args: FiniteArgs): number {
  checkFinite(args);
  const { k, n, N, conf } = args;
  const most = N - (n - k);
  // the first D that is refuted, or one above the most possible
  return firstInteger(k, most + 1, (D) => D > most || !hypergeometricExceeds(k, N, D, n, 1 - conf)) - 1;
}

/**
 * One-sided lower bound on the number flagged in a finite population: the smallest `D` with
 * `P(X >= k; N, D, n) > 1 - conf`; the mirror image of {@link finiteUpper}.
 *
 * @returns a count of records, k..N - (n - k)
 * @throws RangeError when an argument is out of range
 */
export function finiteLower(args: FiniteArgs): number {
  const { k, n, N, conf } = args;
  checkFinite(args);
  return N - finiteUpper({ k: n - k, n, N, conf });
}

/**
 * One-sided exact upper bound on a Poisson mean after `k` events: `χ²(conf; 2 (k + 1)) / 2`
 * (Garwood, Biometrika 28 (1936) 437-442).
 *
 * @returns expected number of events
 * @throws RangeError when an argument is out of range
 */
export function poissonUpper(args: { k: number; conf: number }): number {
  const { k, conf } = args;
  checkInteger("k", k, 0);
  checkLevel("conf", conf);
  return gammaQuantile(conf, 1 - conf, k + 1);
}
