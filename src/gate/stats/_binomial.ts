/** Binomial and hypergeometric masses and tails, without argument checks: the named statistics check. */
import { betaTails, logBetaTerm } from "./_beta.ts";
import { integrateTail, logDefect, stirlingError } from "./_saddle.ts";

/** Share at or below a count, and share above it. */
export interface CountTails {
  readonly atMost: number;
  readonly above: number;
}

/** `P(X = k)` of Binomial(n, p). */
export function binomialMass(k: number, n: number, p: number): number {
  if (k < 0 || k > n) return 0;
  if (p === 0 || p === 1) return k === n * p ? 1 : 0;
  if (k === 0) return Math.exp(n * Math.log1p(-p));
  if (k === n) return p ** n;
  return Math.exp(logBetaTerm(k, n - k, p, 1 - p)) * (n / k / (n - k));
}

/** `P(X <= c)` and `P(X > c)` of Binomial(n, p), by the incomplete beta function (DLMF 8.17.5). */
export function binomialTails(c: number, n: number, p: number): CountTails {
  if (c < 0) return { atMost: 0, above: 1 };
  if (c >= n) return { atMost: 1, above: 0 };
  // Cases where a threshold such as 1 - conf can be met exactly are computed without a detour through logarithms.
  if (c === 0 && 1 - (1 - p) === p) return { atMost: (1 - p) ** n, above: -Math.expm1(n * Math.log1p(-p)) };
  if (p === 0.5 && n === 2 * c + 1) return { atMost: 0.5, above: 0.5 };
  const { lower, upper } = betaTails(c + 1, n - c, p, 1 - p);
  return { atMost: upper, above: lower };
}

/** Above this standard deviation (in records) a hypergeometric tail is integrated rather than summed. */
const INTEGRATE_FROM = 10_000;

/**
 * `P(X <= c)` and `P(X > c)`, X = flagged records among `n` drawn from `N` that hold `D` flagged ones.
 *
 * Each mass is a quotient of three binomial masses at `p = n/N` (Loader 2000). Narrow distributions are summed from `c`
 * outwards; wide ones are integrated from `c + 1/2` with the midpoint correction `-f'/24`, whose error falls with the
 * fourth power of the standard deviation.
 */
export function hypergeometricTails(c: number, N: number, D: number, n: number): CountTails {
  if (c < Math.max(0, n - (N - D))) return { atMost: 0, above: 1 };
  if (c >= Math.min(n, D)) return { atMost: 1, above: 0 };
  const offset = meanMinus(c, N, D, n);
  if (offset < 0) {
    // the upper tail is the smaller one: count the drawn records that are not flagged instead
    const mirror = lowerTail(n - c - 1, N, N - D, n);
    return { atMost: 1 - mirror, above: mirror };
  }
  const tail = lowerTail(c, N, D, n);
  return { atMost: tail, above: 1 - tail };
}

function lowerTail(c: number, N: number, D: number, n: number): number {
  const spread = Math.sqrt((((D / N) * n) / N) * (N - D) * ((N - n) / (N - 1)));
  return spread < INTEGRATE_FROM ? sumDown(c, N, D, n) : integrateDown(c, N, D, n, spread);
}

/** `D n / N - c` with one rounding; the products pass 2^53. */
function meanMinus(c: number, N: number, D: number, n: number): number {
  const scaled = BigInt(D) * BigInt(n) - BigInt(c) * BigInt(N);
  const whole = scaled / BigInt(N);
  return Number(whole) + Number(scaled - whole * BigInt(N)) / N;
}

function sumDown(c: number, N: number, D: number, n: number): number {
  const last = Math.max(0, n - (N - D));
  const first = Math.exp(logMass(c, meanMinus(c, N, D, n), N, D, n));
  let sum = 1;
  let part = 1;
  for (let k = c; k > last && part > sum * 1e-17; k -= 1) {
    part *= (k / (D - k + 1)) * ((N - D - n + k) / (n - k + 1));
    sum += part;
  }
  return first * sum;
}

/** log of the mass at `k`, real `k` too; `t` = mean - k. */
function logMass(k: number, t: number, N: number, D: number, n: number): number {
  return logBinomial(k, D - k, t) + logBinomial(n - k, N - D - (n - k), -t) - logBinomial(n, N - n, 0);
}

/** log of the binomial mass of `k` successes and `rest` failures where the mean is `k + t`. */
function logBinomial(k: number, rest: number, t: number): number {
  const n = k + rest;
  if (k === 0) return rest === 0 ? 0 : rest * Math.log1p(-t / n);
  if (rest === 0) return k * Math.log1p(t / n);
  return (
    0.5 * Math.log(n / k / rest / (2 * Math.PI)) +
    (stirlingError(n) - stirlingError(k) - stirlingError(rest)) -
    k * logDefect(t / k, (k + t) / k) -
    rest * logDefect(-t / rest, (rest - t) / rest)
  );
}

function integrateDown(c: number, N: number, D: number, n: number, spread: number): number {
  const from = c + 0.5;
  const offset = meanMinus(c, N, D, n) - 0.5;
  const lowest = Math.max(0, n - (N - D));
  const start = logMass(from, offset, N, D, n);
  const mass = Math.exp(start);
  if (mass === 0) return 0;
  // f'/f: the log of the quotient of neighbouring masses, about a half step on each side
  const slope = (k: number): number => Math.log(((D - k + 0.5) / (k + 0.5)) * ((n - k + 0.5) / (N - D - n + k + 0.5)));
  const integral = integrateTail(
    (u) => (from - u <= lowest ? 0 : Math.exp(logMass(from - u, offset + u, N, D, n) - start)),
    (u) => Math.min(spread, 1 / Math.abs(slope(from - u)), Math.max((from - u - lowest) / 2, 0.5)),
  );
  return mass * (integral - slope(from) / 24);
}

/** Sample up to which a tie is settled in integers; larger ones have no levels such as 0.05 among their tails. */
const EXACT_UP_TO = 1000;

/**
 * Whether `P(X <= c) > level` for the hypergeometric X. Small samples meet levels such as 0.1 exactly, and there rounding
 * must not decide: what doubles cannot tell apart is compared in integers.
 */
export function hypergeometricExceeds(c: number, N: number, D: number, n: number, level: number): boolean {
  const { atMost } = hypergeometricTails(c, N, D, n);
  if (n > EXACT_UP_TO || Math.abs(atMost - level) > 1e-11 * level) return atMost > level;
  let scale = 1n;
  let scaled = level; // ends as the integer level * scale: every double is a fraction of a power of 2
  for (; !Number.isInteger(scaled); scaled *= 2) scale *= 2n;
  let ways = 0n;
  for (let k = Math.max(0, n - (N - D)); k <= Math.min(c, n, D); k += 1) ways += choose(D, k) * choose(N - D, n - k);
  return ways * scale > BigInt(scaled) * choose(N, n);
}

/** Binomial coefficient. */
function choose(n: number, k: number): bigint {
  let ways = 1n;
  for (let i = 1; i <= k; i += 1) ways = (ways * BigInt(n - k + i)) / BigInt(i);
  return ways;
}

/** Smallest integer from `low` to `high` for which the test holds; it must hold at `high` and from the first one on. */
export function firstInteger(low: number, high: number, holds: (value: number) => boolean): number {
  let from = low;
  let to = high;
  while (from < to) {
    const middle = from + Math.floor((to - from) / 2);
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return to;
}
