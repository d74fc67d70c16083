/**
 * Regularized incomplete beta function, both tails, and its inverse. The binomial distribution is the same function.
 */

import { normalQuantile } from "./_normal.ts";
import { integrateTail, logDefect, logGamma, productMinus, stirlingError } from "./_saddle.ts";

/** Both tails at a point, and `term = x^a (1-x)^b / B(a, b)`, from which the density follows. */
export interface Tails {
  readonly lower: number;
  readonly upper: number;
  readonly term: number;
}

/** From this size of both shapes the tail is integrated; below, the continued fraction is short. */
const INTEGRATE_FROM = 200;

/**
 * Deviance `a log(a / (s x)) + b log(b / (s y))` of the shapes from the point, with `s = a + b`.
 *
 * @param t - `s x - a`, the distance of the point from the mean
 * @param scaledX - `s x`, and `scaledY` = `s y`
 */
function deviance(a: number, b: number, t: number, scaledX: number, scaledY: number): number {
  return a * logDefect(t / a, scaledX / a) + b * logDefect(-t / b, scaledY / b);
}

/** `s x - a`; taken from the smaller of x and y, because that one is exact. */
function distance(a: number, b: number, x: number, y: number): number {
  const s = a + b;
  const part = s - a;
  const lost = s - part - a + (part - b); // what rounding added to s (Knuth's two-sum)
  return x <= y ? productMinus(s, x, a) - lost * x : -(productMinus(s, y, b) - lost * y);
}

/** log of `x^a y^b / B(a, b)`, with the peak of the deviance taken out. */
function logPeak(a: number, b: number): number {
  const s = a + b;
  return (
    0.5 * (Math.log(Math.min(a, b) / (2 * Math.PI)) + Math.log(Math.max(a, b) / s)) +
    (stirlingError(s) - stirlingError(a) - stirlingError(b))
  );
}

/** log of `x^a y^b / B(a, b)`, `x + y = 1`, both above 0. */
export function logBetaTerm(a: number, b: number, x: number, y: number): number {
  const s = a + b;
  return logPeak(a, b) - deviance(a, b, distance(a, b, x, y), s * x, s * y);
}

/**
 * `I_x(a, b)` and its complement. The smaller tail keeps its relative precision.
 *
 * @param x - point, 0..1
 * @param y - `1 - x`, handed in because near 0 it is known better than the difference would give it
 */
export function betaTails(a: number, b: number, x: number, y: number): Tails {
  if (x <= 0) return { lower: 0, upper: 1, term: 0 };
  if (y <= 0) return { lower: 1, upper: 0, term: 0 };
  const t = distance(a, b, x, y);
  if (t > 0) {
    const mirror = smallTail(b, a, y, x, -t);
    return { lower: 1 - mirror.tail, upper: mirror.tail, term: mirror.term };
  }
  const direct = smallTail(a, b, x, y, t);
  return { lower: direct.tail, upper: 1 - direct.tail, term: direct.term };
}

/** The lower tail, for a point at or below the mean (`t <= 0`). */
function smallTail(a: number, b: number, x: number, y: number, t: number): { tail: number; term: number } {
  const s = a + b;
  const scaledX = s * x;
  const scaledY = s * y;
  const from = deviance(a, b, t, scaledX, scaledY);
  const term = Math.exp(logPeak(a, b) - from);
  if (term === 0) return { tail: 0, term };
  if (Math.min(a, b) < INTEGRATE_FROM) return { tail: term / fraction(a, b, x, t), term };
  const spread = Math.sqrt(a) * Math.sqrt(b / s);
  const integral = integrateTail(
    (u) => {
      const left = scaledX - u;
      const right = scaledY + u;
      if (left <= 0) return 0;
      return (Math.exp(from - deviance(a, b, t - u, left, right)) / left) * (s / right);
    },
    (u) => Math.min(spread, ((scaledX - u) / (u - t)) * ((scaledY + u) / s)),
  );
  return { tail: term * integral, term };
}

/**
 * Continued fraction of Didonato & Morris 1992, eq. 9, by Lentz's method: `I_x(a, b) = term / fraction`.
 * For `x` up to the mean its terms are positive until `m > b`, so nothing cancels.
 */
function fraction(a: number, b: number, x: number, t: number): number {
  const tiny = 1e-300;
  let value = (a * (1 - t)) / (a + 1) || tiny;
  let c = value;
  let d = 0;
  for (let m = 1; m < 100_000_000; m += 1) {
    const k = a + 2 * m;
    const step = (m * (b - m) * x) / (k - 1);
    const numerator = step * (((a + m - 1) * x) / (k - 1)) * (a + b + m - 1);
    const denominator = m + step + ((a + m) / (k + 1)) * (1 - t + m * (2 - x));
    d = 1 / (denominator + numerator * d || tiny);
    c = denominator + numerator / c || tiny;
    const change = c * d;
    value *= change;
    if (Math.abs(change - 1) < 2e-16) break;
  }
  return value;
}

/**
 * The point below which the share `lower` of a Beta(a, b) lies.
 *
 * Newton's method on the logarithm of the smaller tail against the logarithm of the smaller coordinate, kept inside a
 * bracket.
 *
 * @param lower - share below the point, and `upper` = `1 - lower`, each as precise as the caller knows it
 */
export function betaQuantile(lower: number, upper: number, a: number, b: number): number {
  if (lower <= 0) return 0;
  if (upper <= 0) return 1;
  if (a === 1) return -Math.expm1(logOf(upper, lower) / b);
  if (b === 1) return Math.exp(logOf(lower, upper) / a);
  if (betaTails(a, b, 0.5, 0.5).lower >= lower) return smallQuantile(lower, upper, a, b);
  return 1 - smallQuantile(upper, lower, b, a);
}

/** log p, given also `1 - p`. */
function logOf(p: number, complement: number): number {
  return p < 0.5 ? Math.log(p) : Math.log1p(-complement);
}

/** The quantile where it is known to be at most 1/2. */
function smallQuantile(lower: number, upper: number, a: number, b: number): number {
  const byLower = lower <= upper;
  const target = Math.log(Math.min(lower, upper));
  return newtonOnLog(guess(lower, upper, a, b), Number.MIN_VALUE, 0.5, (x) => {
    const tails = betaTails(a, b, x, 1 - x);
    const tail = byLower ? tails.lower : tails.upper;
    const slope = tails.term / ((1 - x) * tail);
    const miss = Math.log(tail) - target;
    return byLower ? { miss, slope } : { miss: -miss, slope };
  });
}

/** First guess: Carter's approximation as in AS 109 (Cran, Martin & Thomas 1977), or the leading power near 0. */
function guess(lower: number, upper: number, a: number, b: number): number {
  if (a >= 1 && b >= 1) {
    const z = lower < upper ? -normalQuantile(lower) : normalQuantile(upper);
    const r = (z * z - 3) / 6;
    const p = 1 / (2 * a - 1);
    const q = 1 / (2 * b - 1);
    const h = 2 / (p + q);
    const w = (z * Math.sqrt(Math.max(h + r, 0))) / h - (q - p) * (r + 5 / 6 - 2 / (3 * h));
    return a / (a + b * Math.exp(2 * w));
  }
  return Math.exp((Math.log(lower) + Math.log(a) + logGamma(a) + logGamma(b) - logGamma(a + b)) / a);
}

/**
 * Root of a rising function of `log x` between `min` and `max`.
 *
 * @param evaluate - how far the function is above its target, and its slope against `log x`
 */
export function newtonOnLog(
  start: number,
  min: number,
  max: number,
  evaluate: (x: number) => { miss: number; slope: number },
): number {
  let low = min;
  let high = max;
  let x = Math.min(Math.max(start, min), max);
  for (let step = 0; step < 200; step += 1) {
    const { miss, slope } = evaluate(x);
    if (miss === 0) return x;
    if (miss > 0 && x === min) return 0; // below the smallest double
    // a tail that underflowed says only on which side the root is: `miss` is then infinite
    if (miss > 0) high = x;
    else low = x;
    const change = -miss / slope;
    let next = x * Math.exp(change);
    if (next <= min && low === min) next = min;
    else if (!(next > low && next < high)) next = Math.abs(change) < 1e-14 ? x : Math.sqrt(low) * Math.sqrt(high);
    if (Math.abs(next - x) <= 2e-16 * x) return next;
    x = next;
  }
  return x;
}
