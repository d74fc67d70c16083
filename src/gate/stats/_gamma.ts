/** Quantiles of the gamma distribution, which chi-squared and the Poisson bounds are made of. */

import type { Tails } from "./_beta.ts";
import { newtonOnLog } from "./_beta.ts";
import { normalQuantile } from "./_normal.ts";
import { integrateTail, logDefect, logGamma, stirlingError } from "./_saddle.ts";

/** From this shape the tail is integrated; below, series and continued fraction are short. */
const INTEGRATE_FROM = 200;

/** `P(a, x)` and `Q(a, x)`; `term = x^a e^-x / Γ(a)`. The smaller tail keeps its relative precision. */
export function gammaTails(a: number, x: number): Tails {
  if (x <= 0) return { lower: 0, upper: 1, term: 0 };
  const t = x - a;
  const from = a * logDefect(t / a, x / a);
  const term = Math.exp(0.5 * Math.log(a / (2 * Math.PI)) - stirlingError(a) - from);
  if (term === 0) return t > 0 ? { lower: 1, upper: 0, term } : { lower: 0, upper: 1, term };
  if (a >= INTEGRATE_FROM) {
    const away = t > 0 ? 1 : -1;
    const spread = Math.sqrt(a);
    const tail =
      term *
      integrateTail(
        (u) => {
          const point = x + away * u;
          return point <= 0 ? 0 : Math.exp(from - a * logDefect((t + away * u) / a, point / a)) / point;
        },
        (u) => Math.min(spread, (x + away * u) / (Math.abs(t) + u)),
      );
    return t > 0 ? { lower: 1 - tail, upper: tail, term } : { lower: tail, upper: 1 - tail, term };
  }
  if (x < a + 1) {
    // DLMF 8.7.1, all terms positive
    let sum = 1 / a;
    let part = sum;
    for (let n = 1; part > sum * 1e-17; n += 1) {
      part *= x / (a + n);
      sum += part;
    }
    return { lower: term * sum, upper: 1 - term * sum, term };
  }
  // DLMF 8.9.2 by Lentz's method
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n < 100_000; n += 1) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b || 1e-300);
    c = b + numerator / c || 1e-300;
    value *= c * d;
    if (Math.abs(c * d - 1) < 2e-16) break;
  }
  return { lower: 1 - term * value, upper: term * value, term };
}

/** The point below which the share `lower` of a Gamma(a, 1) lies; `upper` = `1 - lower`. */
export function gammaQuantile(lower: number, upper: number, a: number): number {
  if (lower <= 0) return 0;
  if (upper <= 0) return Number.POSITIVE_INFINITY;
  if (a === 1) return lower < 0.5 ? -Math.log1p(-lower) : -Math.log(upper);
  const byLower = lower <= upper;
  const target = Math.log(Math.min(lower, upper));
  return newtonOnLog(guess(lower, upper, a), Number.MIN_VALUE, Number.MAX_VALUE, (x) => {
    const tails = gammaTails(a, x);
    const tail = byLower ? tails.lower : tails.upper;
    const miss = Math.log(tail) - target;
    return { miss: byLower ? miss : -miss, slope: tails.term / tail };
  });
}

/** First guess: Wilson & Hilferty 1931, or the leading power near 0. */
function guess(lower: number, upper: number, a: number): number {
  const z = lower < upper ? normalQuantile(lower) : -normalQuantile(upper);
  const root = 1 - 1 / (9 * a) + z / (3 * Math.sqrt(a));
  if (a >= 0.5 && root > 0.1) return a * root ** 3;
  return Math.exp((Math.log(lower) + logGamma(a) + Math.log(a)) / a);
}
